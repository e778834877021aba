import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, jest, test } from '@jest/globals'
import { backingIndices } from '../../src/drivers/elasticsearch/backing-indices.ts'
import { elasticsearchUrl, testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { faultyElasticsearch } from '../support/faulty-elasticsearch.ts'
import { runTrailseal, startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { ACME, event, JSON_HEADERS, type Page } from '../support/tenants.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

// Processes start here, and the whole store is verified.
jest.setTimeout(240_000)

const ROLLOVERS = 3
const CLIENTS = 4
/** Without ILM the role itself rolls over. */
const ROLES = 'gateway,projector,exports,retention'

/** Writes until it is stopped; every event has an id of its own, and is counted when it was acknowledged. */
class Writers {
  readonly acknowledged = new Map<string, number>()
  readonly #gateway: GatewayProcess
  readonly #clients: Promise<void>[]
  #stopped = false

  constructor(gateway: GatewayProcess) {
    this.#gateway = gateway
    this.#clients = Array.from({ length: CLIENTS }, (_, client) => this.#write(client))
  }

  async more(count: number): Promise<void> {
    const until = this.acknowledged.size + count
    while (this.acknowledged.size < until) await pause(20)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#clients)
  }

  async #write(client: number): Promise<void> {
    for (let at = 0; !this.#stopped; at++) {
      const body = JSON.stringify([event('u_1', 'f_1', { id: `e-${client}-${at}` })])
      const request = { method: 'POST', headers: JSON_HEADERS, body }
      const response = await this.#gateway.fetch(`${ACME}/events`, request)
      if (response.status !== 201) throw new Error(await response.text())
      const { events } = (await response.json()) as { events: { id: string; seq: number }[] }
      for (const { id, seq } of events) this.acknowledged.set(id, seq)
      // Searches count to 10,000.
      await pause(10)
    }
  }
}

async function json<Body>(gateway: GatewayProcess, path: string): Promise<Body> {
  const response = await gateway.fetch(path)
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Body
}

async function total(gateway: GatewayProcess): Promise<number> {
  return (await json<Page>(gateway, `${ACME}/events?actor=u_1&limit=1`)).total.value
}

/** All events that a search finds, page by page. */
async function found(gateway: GatewayProcess, lastSeq: number): Promise<Map<string, number>[]> {
  const pages: Map<string, number>[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ actor: 'u_1', limit: '200', min_seq: String(lastSeq) })
    if (cursor !== '') query.set('cursor', cursor)
    const page: Page = await json<Page>(gateway, `${ACME}/events?${query.toString()}`)
    pages.push(new Map(page.events.map(({ id, seq }) => [id, seq])))
    expect(pages.at(-1)?.size).toBe(page.events.length)
    cursor = page.next_cursor
  }
  return pages
}

async function exported(gateway: GatewayProcess): Promise<string[]> {
  const body = JSON.stringify({ format: 'ndjson', q: 'action:evidence.uploaded' })
  const asked = await gateway.fetch(`${ACME}/exports`, { method: 'POST', headers: JSON_HEADERS, body })
  const path = `${ACME}/exports/${((await asked.json()) as { id: string }).id}`
  for (;;) {
    const { status } = await json<{ status: string }>(gateway, path)
    if (status === 'failed') throw new Error('the export failed')
    if (status === 'done') break
    await pause(50)
  }
  const lines = (await (await gateway.fetch(`${path}/download`)).text()).trimEnd().split('\n')
  return lines.map((line) => (JSON.parse(line) as { id: string }).id)
}

async function indices({ elasticsearch, prefix }: TestCluster): Promise<number> {
  const stream = `${prefix}-events-command`
  return (await backingIndices(elasticsearch, stream)).get(stream)?.length ?? 0
}

test('rollovers by gateways with the role retention, while events are written: each event is found, verified and exported once', async () => {
  using directory = temporaryDirectory()
  await using cluster = await testCluster({ pipeline: true })
  await using due = await faultyElasticsearch(elasticsearchUrl())
  // A week does not pass in a test: only when a stream is due is changed on the way, and the cluster does the rest.
  due.rewrite = ({ path }) =>
    path.endsWith('/_rollover') ? JSON.stringify({ conditions: { max_docs: 1 } }) : null
  const key = join(directory.path, 'signing-key.pem')
  writeFileSync(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const environment = {
    ELASTICSEARCH_URL: elasticsearchUrl(),
    ELASTICSEARCH_INDEX_PREFIX: cluster.prefix,
    TRAILSEAL_SIGNING_KEY: key,
  }
  await using gateway = await startGateway(join(directory.path, 'one'), environment)
  const body = JSON.stringify({ name: 'Acme', plan: 'command' })
  await gateway.fetch(ACME, { method: 'PUT', headers: JSON_HEADERS, body })
  const writers = new Writers(gateway)
  await using others = new AsyncDisposableStack()
  for (let rollover = 1; rollover <= ROLLOVERS; rollover++) {
    await writers.more(50)
    // An empty index is never due: the next rollover needs documents in this one.
    const { size } = writers.acknowledged
    while ((await total(gateway)) < size) await writers.more(1)
    // The role runs at each start.
    const settings = { ...environment, ELASTICSEARCH_URL: due.url, TRAILSEAL_ROLES: ROLES }
    const retaining = others.use(await startGateway(join(directory.path, `retaining-${rollover}`), settings))
    while ((await indices(cluster)) <= rollover) await writers.more(1)
    expect(retaining.errors()).not.toContain('retention failed')
  }
  await writers.more(50)
  await writers.stop()

  const { acknowledged } = writers
  // A projection that noticed a rollover between two attempts begins anew: until it is done there may be more or fewer.
  while ((await total(gateway)) !== acknowledged.size) await pause(50)
  const pages = await found(gateway, Math.max(...acknowledged.values()))
  expect(pages.reduce((sum, page) => sum + page.size, 0)).toBe(acknowledged.size)
  expect(new Map(pages.flatMap((page) => [...page]))).toEqual(
    new Map([...acknowledged].sort(([, a], [, b]) => b - a)),
  )
  expect((await exported(gateway)).sort()).toEqual([...acknowledged.keys()].sort())
  const { stdout, code } = await runTrailseal(join(directory.path, 'one'), ['verify', '--store', '--json'], {
    environment,
  })
  expect([JSON.parse(stdout), code]).toMatchObject([{ ok: true, findings: [] }, 0])
})
