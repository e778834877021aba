import { generateKeyPairSync } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../src/clock.ts'
import { openElasticsearchStore } from '../../src/compose-elasticsearch.ts'
import type { Store } from '../../src/compose-store.ts'
import { sha256, verifySignature } from '../../src/compose.ts'
import { readConfig } from '../../src/config/config.ts'
import { LedgerLogReader } from '../../src/integrity/ledger-log-reader.ts'
import { FileSigner } from '../../src/signing/file/file-signer.ts'
import { formatVkey, noteKey } from '../../src/tlog/signed-note.ts'
import { verifyLog } from '../../src/verify/verify-log.ts'
import { elasticsearchUrl, testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A shell command that kills the cluster's process and starts it again on its data, where the machine has one. */
const RESTART = process.env['ELASTICSEARCH_RESTART']
const RESTARTS = 2
/** `npm run test:soak` takes 50. */
const ROUNDS = Number(process.env['TRAILSEAL_KILL_ROUNDS'] ?? (RESTART ? 2 * RESTARTS : 2))
const ACKNOWLEDGEMENTS_A_ROUND = 300
const CLIENTS = 8
const HOT = ['a', 'b', 'c']
const WORKSPACES = [...HOT, ...Array.from({ length: 200 }, (_, at) => `w${at}`)]
const JSON_HEADERS = { 'content-type': 'application/json' }

/** What a caller was told: the mark of its event, and its place. */
type Acknowledged = readonly [workspace: string, mark: string, seq: number]

const directory = temporaryDirectory()
let cluster: TestCluster
let environment: Record<string, string>
let store: Store<null>

beforeAll(async () => {
  cluster = await testCluster({ pipeline: true })
  const key = join(directory.path, 'signing-key.pem')
  writeFileSync(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  environment = {
    ELASTICSEARCH_URL: elasticsearchUrl(),
    ELASTICSEARCH_INDEX_PREFIX: cluster.prefix,
    TRAILSEAL_SIGNING_KEY: key,
    LOG_LEVEL: 'silent',
  }
  const { elasticsearch } = readConfig(environment)
  if (!elasticsearch) throw new Error('no cluster')
  const observe = { projectionFailed: () => undefined }
  store = await openElasticsearchStore(elasticsearch, { clock: systemClock, sha256, observe })
})
afterAll(async () => {
  await store[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

/** Two gateways, of which one dies and comes back, and clients that ask whichever of them answers. */
class Fleet {
  readonly acknowledged: Acknowledged[] = []
  readonly #gateways: GatewayProcess[]
  readonly #stop = new AbortController()
  readonly #clients: Promise<void>[]

  constructor(gateways: readonly GatewayProcess[]) {
    this.#gateways = [...gateways]
    this.#clients = Array.from({ length: CLIENTS }, (_, client) => this.#write(client))
  }

  async killAndReplace(dataDir: string): Promise<void> {
    await this.#gateways[1]?.kill()
    for (;;) {
      try {
        this.#gateways[1] = await startGateway(dataDir, environment)
        return
      } catch {
        // The cluster is away: whoever runs the gateway starts it again.
      }
    }
  }

  /** The moment is a number of acknowledgements, not of milliseconds: there is load on every machine. */
  async more(count: number): Promise<void> {
    const until = this.acknowledged.length + count
    while (this.acknowledged.length < until) await pause(20)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#clients)
    for (const gateway of this.#gateways) await gateway.kill()
  }

  /** Ends the clients, each after what it has begun. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#clients)
  }

  /** Half of all batches go to the three hot logs. Every fourth batch has no ids, and so is not tried again. */
  async #write(client: number): Promise<void> {
    for (let batch = 0; !this.#stop.signal.aborted; batch++) {
      const [hot, other] = [HOT[(batch + client) % 3], `w${(batch * 31 + client * 7) % 200}`]
      const workspace = (batch % 2 === 0 ? hot : other) ?? ''
      const withIds = batch % 4 !== 3
      const marks = Array.from(
        { length: 1 + ((batch * 5 + client) % 30) },
        (_, at) => `m-${client}-${batch}-${at}`,
      )
      const body = JSON.stringify(
        marks.map((mark) => ({
          ...(withIds ? { id: mark } : {}),
          actor: { type: 'user', id: `u_${client}` },
          action: 'evidence.uploaded',
          resource: { type: 'FILE', id: mark },
        })),
      )
      for (let attempt = 0; attempt === 0 || withIds; attempt++) {
        const seqs = await this.#post(batch + client + attempt, workspace, body)
        seqs?.forEach((seq, at) => this.acknowledged.push([workspace, marks[at] ?? '', seq]))
        if (seqs) break
        await pause(100)
      }
      // Few enough that the test can read all of it again.
      await pause(60)
    }
  }

  /** Null: not acknowledged, for whatever reason. */
  async #post(at: number, workspace: string, body: string): Promise<number[] | null> {
    try {
      const response = await this.#gateways[at % 2]?.fetch(`/v1/workspaces/${workspace}/events`, {
        ...{ method: 'POST', headers: JSON_HEADERS, body },
        signal: AbortSignal.timeout(20_000),
      })
      if (response?.status !== 201) return null
      return ((await response.json()) as { events: { seq: number }[] }).events.map(({ seq }) => seq)
    } catch {
      return null
    }
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe('two gateways on one cluster', () => {
  test(
    'one killed again and again, the cluster twice: everything acknowledged is in its log once, logs verify, and the index equals them by itself',
    async () => {
      const dataDir = (name: string): string => join(directory.path, name)
      const steady = await startGateway(dataDir('steady'), environment)
      await Promise.all(WORKSPACES.map((workspace) => makeWorkspace(steady, workspace)))
      await using fleet = new Fleet([steady, await startGateway(dataDir('victim'), environment)])
      for (let round = 0; round < ROUNDS; round++) {
        await fleet.more(ACKNOWLEDGEMENTS_A_ROUND)
        if (RESTART && round % 2 === 1 && round < 2 * RESTARTS)
          await Promise.all([
            once(spawn('sh', ['-c', RESTART], { stdio: 'ignore' }), 'exit'),
            fleet.killAndReplace(dataDir('victim')),
          ])
        else await fleet.killAndReplace(dataDir('victim'))
      }
      await fleet.more(ACKNOWLEDGEMENTS_A_ROUND)
      await fleet.stop()
      await Promise.all(WORKSPACES.map((workspace) => untilIndexed(steady, workspace)))
      for (const workspace of WORKSPACES) await expectWhole(workspace, fleet.acknowledged)
    },
    600_000 + ROUNDS * 60_000,
  )
})

async function makeWorkspace(gateway: GatewayProcess, workspace: string): Promise<void> {
  const body = JSON.stringify({ name: workspace, plan: 'command' })
  const made = await gateway.fetch(`/v1/workspaces/${workspace}`, {
    method: 'PUT',
    headers: JSON_HEADERS,
    body,
  })
  if (made.status !== 201) throw new Error(await made.text())
}

async function untilIndexed(gateway: GatewayProcess, workspace: string): Promise<void> {
  for (;;) {
    const response = await gateway.fetch(`/v1/workspaces/${workspace}/integrity`)
    if (response.ok && ((await response.json()) as { index_lag: number }).index_lag === 0) return
    await pause(200)
  }
}

async function expectWhole(workspace: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  const origin = `localhost/${workspace}`
  const pem = readFileSync(environment['TRAILSEAL_SIGNING_KEY'] ?? '', 'utf8')
  using signer = FileSigner.open({ dataDir: join(directory.path, 'verifier'), pem })
  const vkeys = [formatVkey(noteKey(origin, signer.publicKey, sha256))]
  const reader = new LedgerLogReader(store.ledger, workspace)
  const report = await verifyLog({ reader, sha256, verifySignature, vkeys, origin })
  expect(report.findings).toEqual([])

  const seqOf = new Map<string, number>()
  for (let first = 0; first < report.size; first += 1000) {
    const entries = await store.ledger.entries(workspace, first, 1000)
    const hits = await store.search.page({
      ...{ workspace, query: { type: 'all' }, firstSeq: 0, order: 'seq', direction: 'asc', limit: 1000 },
      after: first === 0 ? null : { timestamp: 0, seq: first - 1 },
    })
    expect(hits.map(({ entry }) => text(entry))).toEqual(entries.map(text))
    for (const bytes of entries) {
      const { resource, seq } = JSON.parse(text(bytes)) as { resource: { id: string }; seq: number }
      expect(seqOf.has(resource.id)).toBe(false)
      seqOf.set(resource.id, seq)
    }
  }
  expect(seqOf.size).toBe(report.size)
  const own = acknowledged.filter(([log]) => log === workspace)
  expect(own.filter(([, mark, seq]) => seqOf.get(mark) !== seq)).toEqual([])
}

function text(bytes: Uint8Array | null): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array())
}
