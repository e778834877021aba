import type { Elasticsearch } from '../drivers/elasticsearch/elasticsearch.ts'
import { TrailsealError } from '../errors.ts'

/**
 * What a gateway may do: append and read, move heads, and keep workspaces and tokens. `create_doc` can't replace or delete a
 * document (a plain `create` could replace), so no gateway, and nobody who steals its key, can take an event away.
 */
function gatewayRole(prefix: string): Role {
  return {
    cluster: ['monitor', 'read_ilm'],
    indices: [
      { names: [`${prefix}-heads`, `${prefix}-workspaces`], privileges: ['read', 'index'] },
      { names: [`${prefix}-tiles`], privileges: ['read', 'create_doc'] },
      {
        names: [`${prefix}-ledger-*`, `${prefix}-events-*`],
        privileges: ['read', 'create_doc', 'auto_configure'],
      },
    ],
  }
}

/** What the retention worker may do beyond a gateway: roll over, close and delete indices of events and of the ledger. */
function retentionRole(prefix: string): Role {
  const { cluster, indices } = gatewayRole(prefix)
  const names = [`${prefix}-ledger-*`, `${prefix}-events-*`]
  return { cluster, indices: [...indices, { names, privileges: ['manage'] }] }
}

interface Role {
  readonly cluster: readonly string[]
  readonly indices: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[]
}

/** `gateway`: can't delete anything. `retention`: for workers of that role alone. */
export type KeyUse = 'gateway' | 'retention'

const ROLES = { gateway: gatewayRole, retention: retentionRole }

/** Whether a valid key for this use exists; null on a cluster without security. */
export async function hasApiKey(
  elasticsearch: Elasticsearch,
  prefix: string,
  use: KeyUse,
): Promise<boolean | null> {
  const answer = await elasticsearch.requestIfKnown<{ api_keys: readonly KeyInfo[] }>({
    method: 'GET',
    path: '/_security/api_key',
    query: { name: `${prefix}-${use}` },
  })
  if (answer === null) return null
  return answer.api_keys.some(
    ({ invalidated, expiration = Infinity }) => !invalidated && expiration > Date.now(),
  )
}

interface KeyInfo {
  readonly invalidated: boolean
  /** Milliseconds; absent: never. */
  readonly expiration?: number
}

/** Its text for ELASTICSEARCH_API_KEY: shown once, the cluster only keeps a hash. */
export async function createApiKey(
  elasticsearch: Elasticsearch,
  prefix: string,
  use: KeyUse,
): Promise<string> {
  const name = `${prefix}-${use}`
  const answer = await elasticsearch.request<{ encoded: string }>({
    method: 'POST',
    path: '/_security/api_key',
    body: { name, role_descriptors: { [name]: ROLES[use](prefix) } },
  })
  if (answer === null)
    throw new TrailsealError('store_unavailable', `Elasticsearch at ${elasticsearch.host} made no API key.`)
  return answer.encoded
}
