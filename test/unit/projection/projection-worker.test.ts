import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { TrailsealError } from '../../../src/errors.ts'
import { ProjectionWorker } from '../../../src/projection/projection-worker.ts'
import type { SearchDocument } from '../../../src/search/search-index.ts'
import { Sequencer } from '../../../src/sequencer/sequencer.ts'
import { FileSigner } from '../../../src/signing/file/file-signer.ts'
import { InMemorySearchIndex } from '../../contract/in-memory-search-index.ts'
import { MemoryLedger } from '../../support/memory-ledger.ts'
import { prepared } from '../../support/prepared-events.ts'
import { sha256 } from '../../support/sha256.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { totalOf } from '../../support/total-of.ts'

/** An index that can be away, and that remembers what it was given. */
class Index extends InMemorySearchIndex {
  away: TrailsealError | null = null
  readonly applied: SearchDocument[] = []
  /** What each writing waits for. */
  slow: Promise<unknown> = Promise.resolve()

  override async apply(documents: readonly SearchDocument[]): Promise<void> {
    if (this.away) throw this.away
    await this.slow
    this.applied.push(...documents)
    await super.apply(documents)
  }
}

class CountingLedger extends MemoryLedger<null> {
  reads = 0
  /** Told of each read before it is made; may fail it. */
  reading: (first: number) => void = () => undefined

  override async entries(workspace: string, first: number, count: number): Promise<readonly Uint8Array[]> {
    this.reads += 1
    this.reading(first)
    return await super.entries(workspace, first, count)
  }
}

let directory: ReturnType<typeof temporaryDirectory>
let ledger: CountingLedger
let index: Index
let signer: FileSigner
const workers: ProjectionWorker[] = []

beforeEach(() => {
  directory = temporaryDirectory()
  ledger = new CountingLedger()
  index = new Index()
  signer = FileSigner.open({ dataDir: directory.path, pem: null })
})
afterEach(async () => {
  index.away = null
  for (const worker of workers.splice(0)) await worker[Symbol.asyncDispose]()
  signer[Symbol.dispose]()
  directory[Symbol.dispose]()
})

/** A process: its commits are told to its own worker only. */
function gateway() {
  const surveyed: (() => void)[] = []
  const failures: unknown[] = []
  const worker = new ProjectionWorker({
    ledger,
    search: index,
    surveyEveryMs: 5,
    survey: async () => {
      for (const done of surveyed.splice(0)) done()
      const logs = []
      for (const workspace of await ledger.workspaces()) {
        const indexed = await index.position(workspace)
        logs.push({ workspace, indexed, size: (await ledger.head(workspace))?.size ?? 0 })
      }
      return logs
    },
    observe: { projectionFailed: (workspace, error) => failures.push([workspace, error]) },
  })
  workers.push(worker)
  const sequencer = new Sequencer<null>({
    ...{ ledger, signer, sha256, clock: { now: () => Date.UTC(2026, 10, 23) }, derive: () => null },
    origin: (workspace) => `log.test/${workspace}`,
    onCommitted: ({ workspace, size, entries }) => worker.committed(workspace, size, entries),
  })
  const append = async (workspace: string, count: number) =>
    await sequencer.append(
      workspace,
      Array.from({ length: count }, () => prepared({})),
    )
  return { worker, append, failures, survey: () => new Promise<void>((resolve) => surveyed.push(resolve)) }
}

async function untilIndexed(workspace: string, size: number): Promise<void> {
  while ((await index.position(workspace)) < size) await new Promise((resolve) => setTimeout(resolve, 1))
}

const seqsOf = (workspace: string) =>
  index.applied.filter((document) => document.workspace === workspace).map(({ seq }) => seq)
const upTo = (size: number) => Array.from({ length: size }, (_, seq) => seq)

describe('the projection worker', () => {
  test('projects what its own process commits from memory, with the same documents as a replay', async () => {
    const { append } = gateway()
    await Promise.all([append('acme', 700), append('rival', 3)])
    await append('acme', 5)
    await untilIndexed('acme', 705)
    await untilIndexed('rival', 3)
    expect(ledger.reads).toBe(0)
    const direct = index.applied.filter(({ workspace }) => workspace === 'acme')
    index = new Index()
    const other = gateway()
    other.worker.start()
    await untilIndexed('acme', 705)
    expect(ledger.reads).toBeGreaterThan(0)
    expect(index.applied.filter(({ workspace }) => workspace === 'acme')).toEqual(direct)
  })

  test('at the start replays whatever is missing', async () => {
    const { append, worker } = gateway()
    await append('acme', 1200)
    await worker[Symbol.asyncDispose]()
    index = new Index()
    gateway().worker.start()
    await untilIndexed('acme', 1200)
    expect(seqsOf('acme')).toEqual(upTo(1200))
  })

  test('a read that fails while the documents before it are written is tried again', async () => {
    const { append, worker } = gateway()
    await append('acme', 1200)
    await worker[Symbol.asyncDispose]()
    index = new Index()
    const failed = Promise.withResolvers<null>()
    index.slow = failed.promise.then(() => new Promise((resolve) => setImmediate(resolve)))
    ledger.reading = (first) => {
      if (first === 0) return
      ledger.reading = () => undefined
      setImmediate(() => failed.resolve(null))
      throw new TrailsealError('store_unavailable', 'The store is away.')
    }
    const restarted = gateway()
    restarted.worker.start()
    await untilIndexed('acme', 1200)
    expect(seqsOf('acme')).toEqual(upTo(1200))
  })

  test('takes over what another process has committed and left', async () => {
    const [dead, alive] = [gateway(), gateway()]
    alive.worker.start()
    await alive.survey()
    await dead.worker[Symbol.asyncDispose]()
    await dead.append('acme', 10)
    await untilIndexed('acme', 10)
    expect(seqsOf('acme')).toEqual(upTo(10))
  })

  test('several of them at the same logs give an index that has each event once', async () => {
    const gateways = [gateway(), gateway(), gateway()]
    for (const { worker } of gateways) worker.start()
    for (let round = 0; round < 20; round++)
      await Promise.all(gateways.map(({ append }, at) => append(`w${(round + at) % 4}`, 30)))
    for (let log = 0; log < 4; log++) {
      const size = (await ledger.head(`w${log}`))?.size ?? 0
      await untilIndexed(`w${log}`, size)
      const total = await totalOf(index, { workspace: `w${log}`, query: { type: 'all' }, firstSeq: 0 })
      expect(total).toEqual({ value: size, relation: 'eq' })
    }
  })

  test('while the index takes nothing says so, keeps ingest going, and catches up by itself', async () => {
    const { append, worker, failures } = gateway()
    worker.start()
    index.away = new TrailsealError('store_unavailable', 'The index is read-only.')
    await append('acme', 10)
    while (worker.state().fault === null) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(worker.state()).toEqual({ lag: 10, failing: 1, fault: 'The index is read-only.' })
    expect(failures[0]).toEqual(['acme', index.away])
    await append('acme', 10)
    index.away = null
    await untilIndexed('acme', 20)
    while (worker.state().failing > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(worker.state().fault).toBeNull()
    expect(seqsOf('acme')).toEqual(upTo(20))
  })

  test('a log that can not be read holds up no other, and is not held against the index', async () => {
    const { append, worker } = gateway()
    await append('broken', 3)
    await untilIndexed('broken', 3)
    await index.clear('broken')
    ledger.tamper('broken', 1, () => new TextEncoder().encode('{}'))
    worker.start()
    while (worker.state().failing === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await append('acme', 3)
    await untilIndexed('acme', 3)
    expect(worker.state().fault).toBeNull()
  })

  test('of a log whose beginning has left the store, projects the rest', async () => {
    const { append, worker } = gateway()
    await append('acme', 1)
    const first = await ledger.entries('acme', 0, 1)
    await append('acme', 4)
    await untilIndexed('acme', 5)
    await worker[Symbol.asyncDispose]()
    index = new Index()
    const purged = Object.assign(new MemoryLedger<null>(), {
      entries: async (workspace: string, from: number, count: number) =>
        from === 0 ? [] : await ledger.entries(workspace, from, count),
      firstReceivedSince: () => Promise.resolve(first.length),
    })
    const replay = new ProjectionWorker({
      ...{ ledger: purged, search: index, observe: { projectionFailed: () => undefined } },
      survey: () => Promise.resolve([{ workspace: 'acme', size: 5, indexed: 0 }]),
    })
    workers.push(replay)
    replay.start()
    await untilIndexed('acme', 5)
    expect(seqsOf('acme')).toEqual([1, 2, 3, 4])
  })
})
