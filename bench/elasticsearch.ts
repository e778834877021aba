import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { openTrailseal } from '../src/compose.ts'
import { readConfig } from '../src/config/config.ts'
import { Elasticsearch } from '../src/drivers/elasticsearch/elasticsearch.ts'
import { planSetup } from '../src/setup/setup.ts'
import { OPERATOR } from '../src/workspaces/workspaces.ts'
import { readPlans } from '../src/workspaces/plans.ts'
import { faultyElasticsearch } from '../test/support/faulty-elasticsearch.ts'
import { startGateway, type GatewayProcess } from '../test/support/gateway-process.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { rawBodies, writeRaw } from './elasticsearch-raw.ts'
import { submittedEvents } from './events.ts'
import { quantile, type Measurement } from './table.ts'

const BATCH = 4000
const CLIENTS = 4
const WORKSPACE = 'bench'
const PLAN = 'strategic'
const QUERIES = 200

interface Spent {
  readonly seconds: number
  /** Of the gateway, which raw writing does without, and of the cluster. */
  readonly gateway: number
  readonly cluster: number
}

/**
 * Gateway and query facade on the cluster of ELASTICSEARCH_URL against the bare requests of the same run. Beside the time stand seconds of
 * CPU, since gateway and cluster share the machine with whatever else runs there.
 */
export async function benchElasticsearch(events: number): Promise<Measurement[]> {
  const url = process.env['ELASTICSEARCH_URL']
  if (!url) throw new Error('--elasticsearch needs ELASTICSEARCH_URL: a node with nothing else to do.')
  using directory = temporaryDirectory()
  await using elasticsearch = new Elasticsearch({ url })
  const prefix = `bench${randomBytes(4).toString('hex')}`
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const environment = {
    ...{ ELASTICSEARCH_URL: url, ELASTICSEARCH_INDEX_PREFIX: prefix, TRAILSEAL_SIGNING_KEY: pem },
    TRAILSEAL_ORIGIN: 'bench.example',
  }
  await setUp(elasticsearch, prefix)
  await setUp(elasticsearch, `${prefix}raw`)
  console.log(`ingest on Elasticsearch: ${events} events, batches of ${BATCH}, ${CLIENTS} clients`)
  const product = await ingest(directory.path, environment, elasticsearch, events)
  console.log('the same documents by bare _bulk requests')
  const documents = await rawBodies({
    url,
    from: prefix,
    to: `${prefix}raw`,
    workspace: WORKSPACE,
    plan: PLAN,
  })
  const raw = await spent(elasticsearch, null, () => writeRaw(url, documents, CLIENTS, `${prefix}raw`))
  await settled(elasticsearch, prefix)
  const disk = await bytesOnDisk(elasticsearch, prefix, events)
  console.log('queries')
  return [
    ...ingestMeasurements(product, raw, events),
    ...disk,
    ...(await queries(directory.path, environment, events)),
  ]
}

async function setUp(elasticsearch: Elasticsearch, prefix: string): Promise<void> {
  for (const step of await planSetup({ elasticsearch, prefix, plans: await readPlans(null) }))
    if (step.action !== 'keep' && step.what !== 'API key') await step.run()
}

/** Until every answer is there, and until a search finds every event. */
async function ingest(
  dataDir: string,
  environment: Record<string, string>,
  elasticsearch: Elasticsearch,
  events: number,
): Promise<{ readonly answered: Spent; readonly found: Spent }> {
  await using gateway = await startGateway(dataDir, environment)
  await gateway.fetch(`/v1/workspaces/${WORKSPACE}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Bench', plan: PLAN }),
  })
  const warm = batchesOf(Math.min(events, 2 * BATCH), 7)
  await send(gateway, warm)
  const own = warm.length * BATCH
  await untilFound(gateway, own)
  const batches = batchesOf(events, 1)
  const answered: Spent[] = []
  const found = await spent(elasticsearch, gateway, async () => {
    answered.push(await spent(elasticsearch, gateway, () => send(gateway, batches)))
    await untilFound(gateway, own + events)
  })
  const [first = found] = answered
  return { answered: first, found }
}

/** As texts: objects of the benchmark would be its own garbage collection beside the gateway's. */
function batchesOf(events: number, seed: number): string[] {
  const batches: string[] = []
  let lines: string[] = []
  for (const event of submittedEvents(events, seed)) {
    lines.push(JSON.stringify(event))
    if (lines.length < BATCH) continue
    batches.push(lines.join('\n'))
    lines = []
  }
  return batches
}

async function send(gateway: GatewayProcess, batches: readonly string[]): Promise<void> {
  const waiting = [...batches]
  const client = async () => {
    for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) {
      const headers = { 'content-type': 'application/x-ndjson' }
      const response = await gateway.fetch(`/v1/workspaces/${WORKSPACE}/events`, {
        method: 'POST',
        headers,
        body,
      })
      if (response.status !== 201) throw new Error(`HTTP ${response.status}: ${await response.text()}`)
      await response.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

/** The log's first entry is that of the workspace itself. */
async function untilFound(gateway: GatewayProcess, events: number): Promise<void> {
  for (;;) {
    const response = await gateway.fetch(`/v1/workspaces/${WORKSPACE}/events?limit=1&min_seq=${events}`)
    await response.arrayBuffer()
    if (response.status === 200) return
    if (response.status !== 503) throw new Error(`HTTP ${response.status}`)
  }
}

async function spent(
  elasticsearch: Elasticsearch,
  gateway: GatewayProcess | null,
  work: () => Promise<unknown>,
): Promise<Spent> {
  const clusterBefore = await clusterSeconds(elasticsearch)
  const gatewayBefore = gateway ? processSeconds(gateway.child.pid ?? 0) : 0
  const started = performance.now()
  await work()
  return {
    seconds: (performance.now() - started) / 1000,
    gateway: (gateway ? processSeconds(gateway.child.pid ?? 0) : 0) - gatewayBefore,
    cluster: (await clusterSeconds(elasticsearch)) - clusterBefore,
  }
}

async function clusterSeconds(elasticsearch: Elasticsearch): Promise<number> {
  const stats = await elasticsearch.request<{
    nodes: Record<string, { process: { cpu: { total_in_millis: number } } }>
  }>({ method: 'GET', path: '/_nodes/stats/process' })
  return (
    Object.values(stats?.nodes ?? {}).reduce((sum, node) => sum + node.process.cpu.total_in_millis, 0) / 1000
  )
}

/** User and system time (proc(5), stat, fields 14 and 15), in hundredths of a second. */
function processSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function ingestMeasurements(
  { answered, found }: { readonly answered: Spent; readonly found: Spent },
  raw: Spent,
  events: number,
): Measurement[] {
  const ratio = raw.seconds / found.seconds
  const cpu = ({ gateway, cluster }: Spent) => ((gateway + cluster) / events) * 1e6
  const plain = { raw: null, ratio: null, target: '', ok: null }
  return [
    {
      ...{ name: 'ingest, every event found', value: events / found.seconds, raw: events / raw.seconds },
      ...{ unit: 'events/s', ratio, target: 'ratio ≥ 0.6', ok: ratio >= 0.6 },
    },
    { ...plain, name: 'ingest, every request answered', value: events / answered.seconds, unit: 'events/s' },
    {
      ...{ ...plain, name: 'ingest, CPU of gateway and cluster', value: cpu(found), raw: cpu(raw) },
      ...{ unit: 'µs/event', ratio: cpu(raw) / cpu(found) },
    },
    { ...plain, name: 'ingest, CPU of the gateway', value: (found.gateway / events) * 1e6, unit: 'µs/event' },
  ]
}

async function settled(elasticsearch: Elasticsearch, prefix: string): Promise<void> {
  for (const index of ['events', 'ledger'])
    await elasticsearch.request({
      ...{ method: 'POST', path: `/${prefix}-${index}-*/_forcemerge` },
      query: { max_num_segments: 1, flush: true },
    })
}

async function bytesOnDisk(
  elasticsearch: Elasticsearch,
  prefix: string,
  events: number,
): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const index of ['events', 'ledger']) {
    const stats = await elasticsearch.request<{ _all: { primaries: { store: { size_in_bytes: number } } } }>({
      ...{ method: 'GET', path: `/${prefix}-${index}-*/_stats/store` },
    })
    measurements.push({
      name: `${index === 'events' ? 'projection' : 'ledger'} on disk, merged`,
      value: (stats?._all.primaries.store.size_in_bytes ?? 0) / (events + Math.min(events, 2 * BATCH)),
      ...{ unit: 'bytes/event', raw: null, ratio: null, target: '', ok: null },
    })
  }
  return measurements
}

const KINDS: readonly (readonly [string, (at: number) => object])[] = [
  ['newest first', () => ({})],
  ['word in 30 %', () => ({ q: 'common' })],
  ['phrase and filters', (at) => ({ q: '"risk control"', outcome: [at % 2 ? 'success' : 'failure'] })],
  ['one user', (at) => ({ actor: [`u_${at % 200}`] })],
]

/** The facade in this process against the search that it sends, by turns, so that a slow moment hits both. */
async function queries(
  dataDir: string,
  environment: Record<string, string>,
  events: number,
): Promise<Measurement[]> {
  await using proxy = await faultyElasticsearch(environment['ELASTICSEARCH_URL'] ?? '')
  const settings = { ...environment, TRAILSEAL_DATA_DIR: dataDir, LOG_LEVEL: 'error' }
  const watched = await openTrailseal(readConfig({ ...settings, ELASTICSEARCH_URL: proxy.url }))
  await using trailseal = await openTrailseal(readConfig(settings))
  await using bare = new Elasticsearch({ url: environment['ELASTICSEARCH_URL'] ?? '' })
  const measurements: Measurement[] = []
  for (const [name, request] of KINDS) {
    const [own, raw]: [number[], number[]] = [[], []]
    for (let at = 0; at < QUERIES; at++) {
      const sent: { path: string; body: string }[] = []
      proxy.decide = (each) => {
        if (each.path.includes('/_search') && each.path.includes('-events-')) sent.push(each)
        return 'none'
      }
      if (at < 20) await watched.query.events(OPERATOR, WORKSPACE, { ...request(at), limit: 50 })
      else sent.push(...(kept.get(`${name}/${at % 20}`) ?? []))
      const search = sent.filter(({ body }) => !body.includes('"size":0'))
      if (at < 20) kept.set(`${name}/${at % 20}`, search)
      own.push(
        await milliseconds(() =>
          trailseal.query.events(OPERATOR, WORKSPACE, { ...request(at % 20), limit: 50 }),
        ),
      )
      for (const { path, body } of search)
        raw.push(
          await milliseconds(() => bare.request({ method: 'POST', path, body: JSON.parse(body) as object })),
        )
    }
    for (const part of [0.5, 0.95]) {
      const [value, limit] = [quantile(own, part), quantile(raw, part)]
      measurements.push({
        ...{ name: `query of ${events.toLocaleString('en-US')} events, ${name}: p${part * 100}` },
        ...{ value, raw: limit, unit: 'ms', ratio: value / limit },
        ...(part === 0.95 ? { target: 'ratio ≤ 1.3', ok: value / limit <= 1.3 } : { target: '', ok: null }),
      })
    }
  }
  await watched[Symbol.asyncDispose]()
  return measurements
}

const kept = new Map<string, { path: string; body: string }[]>()

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
