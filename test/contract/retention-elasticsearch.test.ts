import { describe, expect, test } from '@jest/globals'
import { generateKeyPairSync } from 'node:crypto'
import { sha256, verifySignature } from '../../src/compose.ts'
import { Elasticsearch } from '../../src/drivers/elasticsearch/elasticsearch.ts'
import { LedgerLogReader } from '../../src/integrity/ledger-log-reader.ts'
import { ElasticsearchLedger } from '../../src/ledger/elasticsearch/elasticsearch-ledger.ts'
import { Projector } from '../../src/projection/projector.ts'
import {
  ElasticsearchRetention,
  type ElasticsearchRetentionOptions,
} from '../../src/retention/elasticsearch/elasticsearch-retention.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { parseQuery } from '../../src/search/query-parser.ts'
import { Sequencer } from '../../src/sequencer/sequencer.ts'
import { FileSigner } from '../../src/signing/file/file-signer.ts'
import { formatVkey, noteKey } from '../../src/tlog/signed-note.ts'
import { verifyLog } from '../../src/verify/verify-log.ts'
import { readPlans } from '../../src/workspaces/plans.ts'
import { elasticsearchUrl, testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { faultyElasticsearch } from '../support/faulty-elasticsearch.ts'
import { prepared } from '../support/prepared-events.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const plans = await readPlans(null)
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** A gateway's store on the test's part of the cluster, with a clock and plans that the test sets. */
class Room implements AsyncDisposable {
  readonly cluster: TestCluster
  readonly planOf = new Map<string, string>()
  now = Date.now()
  readonly #directory = temporaryDirectory()
  readonly #signer = FileSigner.open({ dataDir: this.#directory.path, pem })

  constructor(cluster: TestCluster) {
    this.cluster = cluster
  }

  static async open(): Promise<Room> {
    return new Room(await testCluster())
  }

  get publicKey(): Uint8Array {
    return this.#signer.publicKey
  }

  get clock() {
    return { now: () => this.now }
  }

  /** As another process opens it: it remembers nothing. */
  store() {
    const planOf = (workspace: string) => Promise.resolve(this.planOf.get(workspace) ?? 'none')
    return {
      ledger: new ElasticsearchLedger<null>({ ...this.cluster, clock: this.clock, planOf }),
      search: new ElasticsearchSearchIndex({ ...this.cluster, planOf }),
    }
  }

  retention(options: Partial<ElasticsearchRetentionOptions> = {}): ElasticsearchRetention {
    return new ElasticsearchRetention({
      ...{ ...this.cluster, plans, clock: this.clock, hasIlm: false },
      planOf: (workspace) => Promise.resolve(this.planOf.get(workspace) ?? null),
      ...options,
    })
  }

  async write(workspace: string, ids: readonly string[], { ledger } = this.store()): Promise<void> {
    const sequencer = new Sequencer<null>({
      ...{ ledger, signer: this.#signer, clock: this.clock, sha256 },
      ...{ origin: (log) => `test/${log}`, derive: () => null },
    })
    await sequencer.append(
      workspace,
      ids.map((id) => prepared({ id })),
    )
    await sequencer.close()
    await this.refresh()
  }

  async refresh(): Promise<void> {
    const { elasticsearch, prefix } = this.cluster
    await elasticsearch.request({ method: 'POST', path: `/${prefix}-*/_refresh` })
  }

  async indices(pattern: string): Promise<string[]> {
    const { elasticsearch, prefix } = this.cluster
    const path = `/_resolve/index/${prefix}-${pattern}`
    const found = await elasticsearch.request<{ indices: { name: string }[]; data_streams: Resolved[] }>({
      method: 'GET',
      path,
    })
    return [
      ...(found?.indices ?? []).map(({ name }) => name),
      ...(found?.data_streams ?? []).flatMap((stream) => stream.backing_indices),
    ]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signer[Symbol.dispose]()
    this.#directory[Symbol.dispose]()
    await this.cluster[Symbol.asyncDispose]()
  }
}

/** The log proves itself, and every event is found by its id, in the ledger and by a search. */
async function expectWhole(room: Room, workspace: string, ids: readonly string[]): Promise<void> {
  const { ledger, search } = room.store()
  const origin = `test/${workspace}`
  const vkeys = [formatVkey(noteKey(origin, room.publicKey, sha256))]
  const reader = new LedgerLogReader(ledger, workspace)
  const report = await verifyLog({ reader, sha256, verifySignature, vkeys, origin })
  expect(report).toMatchObject({ findings: [], size: ids.length })
  expect(await ledger.documents(sha256).check(workspace, () => undefined)).toEqual([])
  expect([...(await ledger.seqOf(workspace, ids)).keys()].sort()).toEqual([...ids].sort())
  await new Projector({ ledger, search }).catchUp(workspace)
  const page = { order: 'seq', direction: 'asc', limit: 1000, after: null } as const
  const hits = await search.page({ workspace, query: parseQuery('evidence'), firstSeq: 0, ...page })
  expect(hits.map(({ seq }) => seq)).toEqual(ids.map((_, seq) => seq))
  const stream = await room.cluster.elasticsearch.search(
    `${room.cluster.prefix}-events-${room.planOf.get(workspace) ?? ''}`,
    { query: { term: { 'organization.id': workspace } }, track_total_hits: true, size: 0 },
  )
  expect(stream.total?.value).toBe(ids.length)
}

interface Resolved {
  readonly backing_indices: string[]
}

function named(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${name}-${at}`)
}

describe('a workspace that changes plan', () => {
  test('keeps every event: its batches are copied, a move that died goes on, and its former ledger may go', async () => {
    await using room = await Room.open()
    await using faulty = await faultyElasticsearch(elasticsearchUrl())
    room.planOf.set('acme', 'portfolio').set('other', 'portfolio')
    const old = named('old', 300)
    const gateway = room.store()
    for (let at = 0; at < 300; at += 10) {
      await room.write('acme', old.slice(at, at + 10), gateway)
      // Two months of the ledger.
      if (at === 100) room.now += 31 * DAY_MS
    }
    await room.write('other', named('other', 3), gateway)
    await expectWhole(room, 'acme', old)

    room.planOf.set('acme', 'command')
    await using behind = new Elasticsearch({ url: faulty.url })
    let bulks = 0
    faulty.decide = ({ path }) => (path.startsWith('/_bulk') && ++bulks > 1 ? 'lost before' : 'none')
    await expect(room.retention({ elasticsearch: behind }).run()).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    // A gateway that has not heard of the change yet, and one that has.
    room.planOf.set('acme', 'portfolio')
    await room.write('acme', ['late'], gateway)
    room.planOf.set('acme', 'command')
    await room.write('acme', ['new'])
    const both = await Promise.all([room.retention().run(), room.retention().run()])
    // Where one is done before the other has looked, there is nothing left for that one.
    expect(Math.max(...both.map(({ copied }) => copied))).toBeGreaterThan(0)
    for (const { copied } of both) expect(copied).toBeLessThan(31)
    expect((await room.retention().run()).copied).toBe(0)
    await room.refresh()
    await expectWhole(room, 'acme', [...old, 'late', 'new'])

    // The former plan's ledger goes where every batch has a copy; the other month waits for the archive.
    const [copiedMonth, sharedMonth] = (await room.indices('ledger-portfolio-*')).sort()
    room.now += 125 * DAY_MS
    expect((await room.retention().run()).deleted).toEqual([copiedMonth])
    expect((await room.retention().run()).deleted).toEqual([])
    const archive = { archivedThrough: (workspace: string) => Promise.resolve(workspace === 'other' ? 3 : 0) }
    expect((await room.retention({ archive }).run()).deleted).toContain(sharedMonth)
    expect(await room.indices('ledger-portfolio-*')).toEqual([])
    await expectWhole(room, 'acme', [...old, 'late', 'new'])
    // Also for one that remembers where the batches were, and for the next commit.
    expect(await gateway.ledger.entries('acme', 0, 302)).toHaveLength(302)
    await room.write('acme', ['last'], gateway)
    await expectWhole(room, 'acme', [...old, 'late', 'new', 'last'])
  }, 120_000)
})

describe('retention', () => {
  test('rolls a stream over once, however many do it, and deletes nothing that is not archived', async () => {
    await using room = await Room.open()
    room.planOf.set('acme', 'portfolio')
    await room.write('acme', named('a', 3))
    await expectWhole(room, 'acme', named('a', 3))
    const due = { rollover: { max_docs: 3 } }
    const runs = await Promise.all([1, 2, 3].map(() => room.retention(due).run()))
    expect(runs.flatMap(({ rolledOver }) => rolledOver)).toEqual(['portfolio'])
    expect(await room.indices('events-portfolio')).toHaveLength(2)
    room.now += 1000 * DAY_MS
    expect((await room.retention({ rollover: { max_docs: 3 } }).run()).deleted).toEqual([])
    await expectWhole(room, 'acme', named('a', 3))
  }, 60_000)

  test('deletes only what is past the window with its grace and archived as a whole, never the write index', async () => {
    await using room = await Room.open()
    room.planOf.set('acme', 'portfolio')
    await room.write('acme', named('a', 3))
    await expectWhole(room, 'acme', named('a', 3))
    await room.retention({ rollover: { max_docs: 3 } }).run()
    const [first, second] = await room.indices('events-portfolio')
    const [ledger] = await room.indices('ledger-*')
    let archived = 2
    const never = { rollover: { max_docs: 1000 } }
    const archive = { archivedThrough: () => Promise.resolve(archived) }
    const run = async () => (await room.retention({ archive, ...never }).run()).deleted
    archived = 3
    room.now += 119 * DAY_MS
    expect(await run()).toEqual([])
    room.now += 33 * DAY_MS
    archived = 2
    expect(await run()).toEqual([])
    archived = 3
    expect((await Promise.all([run(), run()])).flat()).toEqual(expect.arrayContaining([first, ledger]))
    expect(await room.indices('events-portfolio')).toEqual([second])
    expect(await room.indices('ledger-*')).toEqual([])
    expect(await run()).toEqual([])
  }, 60_000)

  test('a ledger index that is needed after all when it is looked at again stays, and takes writes', async () => {
    await using room = await Room.open()
    room.planOf.set('acme', 'portfolio')
    await room.write('acme', ['a'])
    const [ledger = ''] = await room.indices('ledger-*')
    room.now += 200 * DAY_MS
    const answers = [1, 0]
    const archive = { archivedThrough: () => Promise.resolve(answers.shift() ?? 0) }
    expect((await room.retention({ archive }).run()).deleted).toEqual([])
    expect(answers).toEqual([])
    const { elasticsearch } = room.cluster
    const [item] = await elasticsearch.bulk([
      { action: 'create', index: ledger, id: 'x', routing: 'acme', source: '{"workspace":"acme"}' },
    ])
    expect(item?.status).toBe(201)
  }, 60_000)

  test('leaves the streams to a cluster that has ILM, and touches no workspace that it does not know', async () => {
    await using room = await Room.open()
    room.planOf.set('acme', 'portfolio')
    await room.write('acme', named('a', 3))
    await expectWhole(room, 'acme', named('a', 3))
    room.now += 1000 * DAY_MS
    const archive = { archivedThrough: () => Promise.resolve(1000) }
    const rollover = { max_docs: 1 }
    const known = { archive, rollover, hasIlm: true }
    expect((await room.retention(known).run()).rolledOver).toEqual([])
    room.planOf.delete('acme')
    expect(await room.retention(known).run()).toEqual({ rolledOver: [], copied: 0, deleted: [] })
  }, 60_000)

  test('runs by itself until it is disposed of, and a failure does not end it', async () => {
    await using room = await Room.open()
    const failures: unknown[] = []
    const runs: unknown[] = []
    const twice = Promise.withResolvers<null>()
    let reachable = false
    await using retention = room.retention({
      everyMs: 1,
      planOf: () => Promise.resolve('portfolio'),
      archive: { archivedThrough: () => Promise.resolve(0) },
      clock: {
        now: () => {
          if (!reachable) throw new Error('no clock')
          return room.now
        },
      },
      onFailure: (error) => {
        reachable = true
        failures.push(error)
      },
      onRun: (run) => {
        if (runs.push(run) === 2) twice.resolve(null)
      },
    })
    room.planOf.set('acme', 'portfolio')
    await room.write('acme', ['a'])
    retention.start()
    await twice.promise
    expect(failures).toHaveLength(1)
  }, 60_000)
})
