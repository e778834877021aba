import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { backingIndices } from '../../src/drivers/elasticsearch/backing-indices.ts'
import { Elasticsearch } from '../../src/drivers/elasticsearch/elasticsearch.ts'
import { runTrailseal, startGateway, type CommandResult } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { secureCluster } from '../support/engines-secure.ts'

/** On a cluster with security: what `trailseal setup` makes for the gateways, and what is said to those it does not let in. */

const cluster = secureCluster()
const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
const environment = {
  ELASTICSEARCH_URL: cluster.url,
  ELASTICSEARCH_INDEX_PREFIX: cluster.prefix,
  TRAILSEAL_SIGNING_KEY: signingKey.toString(),
}
const login = { ELASTICSEARCH_USERNAME: cluster.username, ELASTICSEARCH_PASSWORD: cluster.password }
const json = { 'content-type': 'application/json' }

async function run(command: string[], more: Record<string, string>): Promise<CommandResult> {
  using directory = temporaryDirectory()
  return await runTrailseal(directory.path, command, { environment: { ...environment, PORT: '0', ...more } })
}

interface Hit {
  readonly _id: string
  readonly _routing?: string
  readonly _source: object
  readonly _seq_no: number
  readonly _primary_term: number
}

let setup: CommandResult
let apiKey: string
beforeAll(async () => {
  setup = await run(['setup'], login)
  apiKey = /^ELASTICSEARCH_API_KEY=(\S+)$/m.exec(setup.stdout)?.[1] ?? ''
})

describe('a gateway with the key that setup creates', () => {
  test('setup prints the key once; a second run keeps everything', async () => {
    expect({ code: setup.code, key: apiKey !== '' }).toEqual({ code: 0, key: true })
    const again = await run(['setup'], login)
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n0 of \d+ changed\n$/) })
    expect(again.stdout).not.toContain('ELASTICSEARCH_API_KEY')
  })

  test('records, finds, exports and verifies', async () => {
    using directory = temporaryDirectory()
    await using gateway = await startGateway(directory.path, {
      ...environment,
      ELASTICSEARCH_API_KEY: apiKey,
    })
    const workspace = {
      method: 'PUT',
      body: JSON.stringify({ name: 'Acme', plan: 'command' }),
      headers: json,
    }
    expect((await gateway.fetch('/v1/workspaces/acme', workspace)).status).toBe(201)
    const event = {
      actor: { type: 'user', id: 'u_1' },
      action: 'file.read',
      resource: { type: 'FILE', name: 'risk.pdf' },
    }
    const body = JSON.stringify(Array.from({ length: 300 }, () => event))
    const appended = await gateway.fetch('/v1/workspaces/acme/events', {
      method: 'POST',
      body,
      headers: json,
    })
    expect(appended.status).toBe(201)
    const { events } = (await appended.json()) as { events: { seq: number }[] }
    const search = `/v1/workspaces/acme/events?q=risk&min_seq=${events.at(-1)?.seq}&limit=1`
    let found = await gateway.fetch(search)
    // a machine under load takes longer than a request waits
    while (found.status === 503) found = await gateway.fetch(search)
    expect(await found.json()).toMatchObject({ total: { value: 300 } })
    const commands = { TRAILSEAL_TOKEN: 'admin-token-of-the-tests-0123456789' }
    const verified = await runTrailseal(
      directory.path,
      ['verify', '--url', gateway.url, '--workspace', 'acme'],
      { environment: commands },
    )
    expect(verified).toMatchObject({ code: 0 })
    const exported = await run(
      ['export', '--workspace', 'acme', '--format', 'ndjson', '--out', `${directory.path}/out.ndjson`],
      { ELASTICSEARCH_API_KEY: apiKey },
    )
    expect(exported).toMatchObject({ code: 0 })
    // A pattern that the key may see nothing of is no error, just empty.
    await using asGateway = new Elasticsearch({ url: cluster.url, apiKey })
    const streams = await backingIndices(asGateway, `${cluster.prefix}-events-*`)
    expect([...streams.keys()]).toContain(`${cluster.prefix}-events-command`)
  }, 120_000)

  test('the key may delete or replace nothing', async () => {
    const asKey = async (method: string, path: string, body?: object): Promise<number> => {
      const answer = await fetch(`${cluster.url}/${path}`, {
        method,
        headers: { ...json, authorization: `ApiKey ${apiKey}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return answer.status
    }
    // By their own names: what a wildcard may not touch counts as not there.
    const listed = await cluster.fetch(`/${cluster.prefix}-*?expand_wildcards=all`, { method: 'GET' })
    const indices = Object.keys((await listed.json()) as object)
    expect(indices.map((name) => name.replace(/^.*?-(\w+).*$/, '$1')).sort()).toEqual(
      expect.arrayContaining(['heads', 'ledger', 'tiles', 'workspaces']),
    )
    const everything = { query: { match_all: {} } }
    for (const index of indices) {
      expect([index, await asKey('DELETE', index)]).toEqual([index, 403])
      expect([index, await asKey('POST', `${index}/_delete_by_query`, everything)]).toEqual([index, 403])
      const found = await cluster.fetch(`/${index}/_search?size=1&seq_no_primary_term=true`, {
        method: 'GET',
      })
      const { hits } = (await found.json()) as { hits: { hits: readonly Hit[] } }
      for (const { _id: id, _routing: routing = '', _source: source, ...at } of hits.hits) {
        const fence = `if_seq_no=${at._seq_no}&if_primary_term=${at._primary_term}`
        const path = `${index}/_doc/${encodeURIComponent(id)}?routing=${routing}&${fence}`
        const replaces = /-(heads|workspaces)$/.test(index) ? [] : [await asKey('PUT', path, source)]
        const answers = [path, await asKey('DELETE', path), ...replaces]
        expect(answers).toEqual([path, 403, ...replaces.map(() => 403)])
      }
    }
  })
})

describe('one that the cluster does not let in, in one sentence', () => {
  const host = new URL(cluster.url).host
  const keyOf = async (expiration: string): Promise<string> => {
    const answer = await cluster.fetch('/_security/api_key', {
      method: 'POST',
      body: JSON.stringify({ name: `${cluster.prefix}-short`, expiration }),
    })
    return ((await answer.json()) as { encoded: string }).encoded
  }
  const unknown = Buffer.from('unknown:key').toString('base64')

  const refused: [string, Record<string, string>, RegExp][] = [
    ['no credentials', {}, /wants credentials: set ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME/],
    [
      'a wrong password',
      { ...login, ELASTICSEARCH_PASSWORD: 'not-this-one' },
      /refuses the user name or the password/,
    ],
    ['an unknown key', { ELASTICSEARCH_API_KEY: unknown }, /does not know the API key/],
    ['a key that is none', { ELASTICSEARCH_API_KEY: 'not-a-key' }, /API key/],
  ]
  test.each(refused)('%s', async (_, credentials, expected) => {
    for (const command of ['setup', 'serve']) {
      const { code, stdout, stderr } = await run([command], credentials)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^trailseal: [^\n]+ \[bad_configuration\]\n$/)
      expect(stderr).toMatch(expected)
      const { ELASTICSEARCH_PASSWORD: password = apiKey, ELASTICSEARCH_API_KEY: key = apiKey } = credentials
      for (const secret of [password, key]) expect(stderr).not.toContain(secret)
    }
  })

  test('an expired key', async () => {
    const expired = await keyOf('1ms')
    for (const command of ['setup', 'serve']) {
      const { code, stderr } = await run([command], { ELASTICSEARCH_API_KEY: expired })
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: `trailseal: The API key for Elasticsearch at ${host} has expired: make a new one with \`trailseal setup\` and set ELASTICSEARCH_API_KEY. [bad_configuration]\n`,
      })
    }
  })
})
