import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { elasticsearchUrl, testCluster, type TestCluster } from '../support/elasticsearch.ts'
import {
  startGateway,
  startWorker,
  runTrailseal,
  type CommandResult,
  type GatewayProcess,
} from '../support/gateway-process.ts'
import { ACME, codeOf, event, Tenants, type Page } from '../support/tenants.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** The product on a cluster: two gateways with nothing in common but the cluster and the signing key. */

// Many processes start here, and whole logs are verified.
jest.setTimeout(240_000)

const FILE = join(import.meta.dirname, '../vectors/cloudtrail-stratus.ndjson.gz')
const TOKEN = 'admin-token-of-the-tests-0123456789'
const CLOUD = '/v1/workspaces/cloud'

interface CloudTrailRecord {
  readonly eventID: string
  readonly eventName: string
  readonly errorCode?: string
}

const directory = temporaryDirectory()
const records: CloudTrailRecord[] = []
const gateways: GatewayProcess[] = []
let cluster: TestCluster
let environment: Record<string, string>
let tenants: Tenants
let one: GatewayProcess
let two: GatewayProcess

const dataDir = (name: string): string => join(directory.path, name)

async function run(...args: string[]): Promise<CommandResult> {
  return await runTrailseal(dataDir('commands'), args, {
    environment: { ...environment, TRAILSEAL_TOKEN: TOKEN },
  })
}

async function json<Body>(gateway: GatewayProcess, path: string): Promise<Body> {
  const response = await gateway.fetch(path)
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Body
}

async function count(gateway: GatewayProcess, parameters: Record<string, string>): Promise<number> {
  const query = new URLSearchParams({ ...parameters, limit: '1' }).toString()
  return (await json<Page>(gateway, `${CLOUD}/events?${query}`)).total.value
}

const sizeOf = async (gateway: GatewayProcess, workspace: string) =>
  (await json<{ size: number }>(gateway, `/v1/workspaces/${workspace}/integrity`)).size

const post = async (gateway: GatewayProcess, events: readonly object[]) => {
  const body = JSON.stringify(events)
  const headers = { 'content-type': 'application/json' }
  const response = await gateway.fetch(`${ACME}/events`, { method: 'POST', headers, body })
  expect(response.status).toBe(201)
  return (await response.json()) as { events: { seq: number; id: string }[] }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}

async function untilIndexed(gateway: GatewayProcess, workspace: string): Promise<void> {
  await until(async () => {
    const { index_lag: lag } = await json<{ index_lag: number }>(
      gateway,
      `/v1/workspaces/${workspace}/integrity`,
    )
    return lag === 0
  })
}

beforeAll(async () => {
  for await (const line of createInterface({ input: createReadStream(FILE).pipe(createGunzip()) }))
    records.push(JSON.parse(line) as CloudTrailRecord)
  cluster = await testCluster({ isSetUp: false })
  const key = join(directory.path, 'signing-key.pem')
  writeFileSync(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  environment = {
    ELASTICSEARCH_URL: elasticsearchUrl(),
    ELASTICSEARCH_INDEX_PREFIX: cluster.prefix,
    TRAILSEAL_SIGNING_KEY: key,
  }
})

afterAll(async () => {
  for (const gateway of gateways) await gateway.kill()
  await cluster[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

describe('set-up', () => {
  test('a gateway says in a sentence that the cluster is not set up; after `trailseal setup` it starts', async () => {
    const early = await run('serve')
    expect(early.code).toBe(2)
    expect(early.stderr).toMatch(
      /^trailseal: Elasticsearch at \S+ is not set up for Trailseal: run `trailseal setup`.*\n$/,
    )
    expect((await run('setup', '--dry-run')).stdout).toMatch(/(\d+) of \1 would change/)
    expect((await run('setup')).code).toBe(0)
    expect((await run('setup')).stdout).toMatch(/\n0 of \d+ changed\n$/)
    tenants = await Tenants.start(dataDir('one'), environment)
    one = tenants.gateway
    two = await startGateway(dataDir('two'), environment)
    gateways.push(one, two)
    for (const gateway of [one, two])
      expect(await json(gateway, '/readyz')).toEqual({
        ready: true,
        checks: ['store', 'queue', 'projection'].map((name) => ({ name, ok: true })),
      })
  })

  test.each([
    ['nobody answers', { ELASTICSEARCH_URL: 'http://127.0.0.1:9' }, "can't be reached"],
    [
      'the certificate is no authority',
      { ELASTICSEARCH_CA: '/nowhere.pem' },
      "ELASTICSEARCH_CA can't be read",
    ],
    ['gateways would have no key in common', { TRAILSEAL_SIGNING_KEY: '' }, 'needs TRAILSEAL_SIGNING_KEY'],
    ['there is nothing for it to do', { TRAILSEAL_ROLES: 'projector' }, 'run `trailseal worker`'],
  ])('serve says in a sentence that %s', async (_, settings, sentence) => {
    const { code, stderr } = await runTrailseal(dataDir('refused'), ['serve'], {
      environment: { ...environment, ...settings },
    })
    expect(code).toBe(2)
    expect(stderr).toContain(sentence)
    expect(stderr.trimEnd()).not.toContain('\n')
  })
})

describe('real events', () => {
  test('the import through one gateway lands every record, a second run through the other adds none', async () => {
    await one.fetch(CLOUD, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Cloud', plan: 'strategic' }),
    })
    const importFile = async (gateway: GatewayProcess) => {
      const source = ['--workspace', 'cloud', '--format', 'cloudtrail', '--url', gateway.url]
      return JSON.parse((await run('import', FILE, ...source, '--json')).stdout) as object
    }
    expect(await importFile(one)).toMatchObject({ read: 2900, added: 2900, known: 0, invalid: 0 })
    expect(await importFile(two)).toMatchObject({ read: 2900, added: 0, known: 2900 })
    expect(await sizeOf(two, 'cloud')).toBe(2901)
    await untilIndexed(two, 'cloud')
  })

  test('queries give the counts that the raw file gives, at either gateway', async () => {
    const deletions = records.filter(({ eventName }) => eventName === 'DeleteParameter')
    const failed = deletions.filter(({ errorCode }) => errorCode !== undefined).length
    for (const gateway of [one, two]) {
      expect(await count(gateway, { action: 'DeleteParameter' })).toBe(deletions.length)
      expect(await count(gateway, { q: 'action:DeleteParameter -outcome:failure' })).toBe(
        deletions.length - failed,
      )
      expect(await count(gateway, { q: 'ThrottlingException' })).toBe(
        records.filter((record) => JSON.stringify(record).includes('ThrottlingException')).length,
      )
    }
    const { buckets } = await json<{ buckets: { key: string; count: number }[] }>(
      two,
      `${CLOUD}/facets?field=action`,
    )
    const raw = Map.groupBy(records, ({ eventName }) => eventName)
    const shown = buckets.filter(({ key }) => key !== 'workspace.created')
    expect(shown.map(({ key, count: events }) => [key, events])).toEqual(
      shown.map(({ key }) => [key, raw.get(key)?.length]),
    )
  })

  test('an export made by one gateway is the one that the offline verifier accepts, and says how much it left out', async () => {
    const asked = await one.fetch(`${CLOUD}/exports`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ format: 'ndjson', q: 'outcome:failure' }),
    })
    const { id } = (await asked.json()) as { id: string }
    const path = `${CLOUD}/exports/${id}`
    await until(async () => (await json<{ status: string }>(one, path)).status === 'done')
    const file = join(directory.path, 'failures.ndjson')
    const parts = { download: file, manifest: `${file}.manifest.json`, proof: `${file}.proof.json` }
    for (const [part, target] of Object.entries(parts))
      writeFileSync(target, Buffer.from(await (await one.fetch(`${path}/${part}`)).arrayBuffer()))
    const verified = await run('verify', ...Object.values(parts), '--json')
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true })
    expect((await json<{ rows: number }>(one, path)).rows).toBe(
      records.filter(({ errorCode }) => errorCode !== undefined).length,
    )
  })

  test('the log and its search index verify through either gateway', async () => {
    for (const gateway of [one, two]) {
      const { stdout, code } = await run('verify', '--url', gateway.url, '--workspace', 'cloud', '--json')
      expect(JSON.parse(stdout)).toMatchObject({ ok: true })
      expect(code).toBe(0)
    }
  })
})

describe('two gateways', () => {
  test('a writer reads its own write at the other one; event, proof and history are there', async () => {
    const { events } = await post(one, [event('u_5', 'f_two', { id: 'seen' }), event('u_5', 'f_two')])
    const seq = events.at(-1)?.seq ?? 0
    const page = await json<Page>(two, `${ACME}/events?actor=u_5&min_seq=${seq}`)
    expect(page.total.value).toBe(2)
    expect(await json(two, `${ACME}/events/seen`)).toMatchObject({ id: 'seen', seq: seq - 1 })
    const history = await json<Page>(two, `${ACME}/resources/FILE/f_two/history`)
    expect(history.events.map((each) => each.seq)).toEqual([seq - 1, seq])
    const proof = await two.fetch(`${ACME}/events/seen/proof`)
    const file = join(directory.path, 'seen.tlog-proof')
    writeFileSync(file, await proof.text())
    const listed = join(directory.path, 'seen.json')
    writeFileSync(listed, await (await two.fetch(`${ACME}/events/seen`)).text())
    const vkey = await (await two.fetch(`${ACME}/log/vkey`)).text()
    const verified = await run('verify', file, '--file', listed, '--key', vkey.trim())
    expect(verified).toMatchObject({ code: 0 })
  })

  test('the live feed of one shows what the other takes, in order and without a gap', async () => {
    const stop = new AbortController()
    const response = await two.fetch(`${ACME}/stream?actor=u_6`, { signal: stop.signal })
    let text = ''
    const reading = (async () => {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>)
        text += Buffer.from(chunk).toString()
    })()
    const shown = () =>
      [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => (JSON.parse(data) as { id: string }).id)
    for (let at = 0; at < 20; at++)
      await post(at % 2 === 0 ? one : two, [event('u_6', 'f', { id: `live-${at}` })])
    await until(() => shown().length === 20)
    expect(shown()).toEqual(Array.from({ length: 20 }, (_, at) => `live-${at}`))
    stop.abort()
    await reading.catch(() => null)
  })

  test('a sign-in at one counts at the other', async () => {
    const { token } = await tenants.makeToken({ role: 'owner', workspace: 'acme', member: { id: 'u_9' } })
    const signedIn = await fetch(`${one.url}/signin?token=${token}`, { redirect: 'manual' })
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const me = await fetch(`${two.url}/v1/me`, { headers: { cookie } })
    expect(await me.json()).toMatchObject({ role: 'owner', workspaces: [{ id: 'acme' }] })
  })

  test('what one leaves behind when it is killed, the other brings into the index', async () => {
    const victim = await startGateway(dataDir('victim'), { ...environment, TRAILSEAL_ROLES: 'gateway' })
    const { events } = await post(
      victim,
      Array.from({ length: 300 }, (_, at) => event('u_7', `f_${at}`)),
    )
    await victim.kill()
    await until(async () => (await json<Page>(two, `${ACME}/events?actor=u_7&limit=1`)).total.value === 300)
    expect(new Set(events.map(({ seq }) => seq)).size).toBe(300)
  })
})

describe('tenants', () => {
  const paths = ['events', 'events/one-0', 'facets?field=actor', 'integrity', 'log/checkpoint', 'exports']

  test('members and auditors see what they may, and nobody another workspace', async () => {
    const at = (name: 'member' | 'auditor' | 'ingest') => tenants.tokens[name]
    await untilIndexed(one, 'acme')
    const scoped = await tenants.get<Page>(`${ACME}/events`, at('auditor'))
    expect(new Set(scoped.events.map(({ actor }) => actor.id))).toEqual(new Set(['u_1']))
    const own = await tenants.get<Page>('/v1/me/events?workspace=acme', at('member'))
    expect(own.events.map(({ id }) => id).sort()).toEqual(['one-0', 'one-1', 'one-2', 'one-3'])
    expect(await codeOf(await one.fetch(`${ACME}/events`, { token: at('ingest') }))).toBe('403 forbidden')
    for (const path of paths)
      for (const gateway of [one, two])
        for (const token of Object.values(tenants.foreign)) {
          expect(await codeOf(await gateway.fetch(`${ACME}/${path}`, { token }))).toBe('404 not_found')
        }
  })

  test('a token that is revoked at one gateway ends at the other within a second', async () => {
    const { id, token } = await tenants.makeToken({ role: 'owner', workspace: 'acme' })
    expect((await two.fetch('/v1/me', { token })).status).toBe(200)
    await one.fetch(`/v1/tokens/${id}`, { method: 'DELETE' })
    const revoked = performance.now()
    await until(async () => (await two.fetch('/v1/me', { token })).status === 401)
    expect(performance.now() - revoked).toBeLessThan(3_000)
  })
})

describe('the command line on the store itself', () => {
  test('lists the workspaces, and makes an index anew while gateways run', async () => {
    const list = JSON.parse((await run('workspace', 'list', '--json')).stdout) as {
      workspaces: { id: string }[]
    }
    expect(list.workspaces.map(({ id }) => id)).toEqual(['acme', 'beta', 'cloud'])
    const before = await count(two, { q: 'action:DeleteParameter' })
    expect((await run('reindex', '--workspace', 'cloud')).stdout).toMatch(/^reindexed cloud: [\d,]+ events/)
    await untilIndexed(two, 'cloud')
    expect(await count(two, { q: 'action:DeleteParameter' })).toBe(before)
  })

  test('verifies the whole store without a gateway', async () => {
    const { stdout, stderr } = await run('verify', '--store', '--json')
    expect([JSON.parse(stdout), stderr]).toMatchObject([{ ok: true, findings: [] }, ''])
    const { logs } = JSON.parse(stdout) as { logs: { workspace: string; ok: boolean }[] }
    expect(logs.map(({ workspace }) => workspace)).toEqual(['acme', 'beta', 'cloud'])
  })

  test('a worker projects for gateways that do not, and ends at SIGTERM', async () => {
    await one.kill()
    await two.kill()
    await using gateway = await startGateway(dataDir('one'), { ...environment, TRAILSEAL_ROLES: 'gateway' })
    const events = Array.from({ length: 30 }, (_, at) => event('u_8', `f_${at}`))
    await post(gateway, events)
    const worker = await startWorker(dataDir('worker'), { ...environment, TRAILSEAL_ROLES: 'projector' })
    await until(
      async () => (await json<Page>(gateway, `${ACME}/events?actor=u_8&limit=1`)).total.value === 30,
    )
    const gone = once(worker, 'exit')
    worker.kill('SIGTERM')
    expect(await gone).toEqual([0, null])
  })
})
