import type { Elasticsearch } from '../drivers/elasticsearch/elasticsearch.ts'
import { TrailsealError } from '../errors.ts'

/**
 * What a gateway may do: append and read, move heads, and keep workspaces and tokens. `create_doc` can't replace or delete a
 * document (a plain `create` could replace), so no gateway, and nobody who steals its key, can take an event away.
 */
function gatewayRole(prefix: string): object {
  return {
    cluster: ['monitor'],
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

/** Whether a valid key of that name exists; null on a cluster without security. */
export async function hasApiKey(elasticsearch: Elasticsearch, prefix: string): Promise<boolean | null> {
  const answer = await elasticsearch.requestIfKnown<{ api_keys: readonly KeyInfo[] }>({
    method: 'GET',
    path: '/_security/api_key',
    query: { name: `${prefix}-gateway` },
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
export async function createApiKey(elasticsearch: Elasticsearch, prefix: string): Promise<string> {
  const answer = await elasticsearch.request<{ encoded: string }>({
    method: 'POST',
    path: '/_security/api_key',
    body: { name: `${prefix}-gateway`, role_descriptors: { [`${prefix}-gateway`]: gatewayRole(prefix) } },
  })
  if (answer === null)
    throw new TrailsealError('store_unavailable', `Elasticsearch at ${elasticsearch.host} made no API key.`)
  return answer.encoded
}
