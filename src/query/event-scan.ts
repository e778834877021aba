import { TrailsealError } from '../errors.ts'
import { handled } from '../handled.ts'
import type { CommittedEntries } from '../ledger/ledger.ts'
import type { Query } from '../search/query-syntax.ts'
import type { Hit, PageRequest, SearchRequest } from '../search/search-index.ts'
import { encodeBase64 } from '../tlog/encoding.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import { openView, type View } from './access.ts'
import type { QueryDependencies } from './dependencies.ts'
import { and, filtersQuery } from './filters.ts'
import { untilIndexed } from './index-progress.ts'
import { readCommitted } from './committed-entries.ts'
import type { Filters } from './query-facade.ts'

/** A moment of a log: whoever scans it again, with the same access, gets the same rows. */
export interface LogMoment {
  /** Milliseconds since 1970: what the plan's window is counted from. */
  readonly at: number
  /** Entries that the log had. */
  readonly size: number
}

/** A log as a principal sees it now. */
interface ScanStart extends LogMoment {
  /** Signed note over the entries. */
  readonly checkpoint: string
  /** First entry inside the plan's window. */
  readonly firstSeq: number
  /** Whether the principal sees every event of the workspace. */
  readonly everything: boolean
  /** Stands for what the principal may see: the same for the same rights, base64. */
  readonly access: string
}

export interface ScanRequest {
  readonly moment: LogMoment
  readonly filters: Filters
  /** `log`: ascending by seq. `newest`: as the table shows it, by timestamp, then seq, descending. */
  readonly order: 'log' | 'newest'
}

/** Rows of the log, each hashed and compared with what the log committed to. */
export type ScannedRows = CommittedEntries

/**
 * Everything that a principal can see, in batches: for exports. Access is that of the query facade (`access.ts`), opened at each call
 * and with the rights of now; only the clock of the plan's window stands still, at the moment.
 *
 * Errors: as `QueryFacade`; `tampered` where an entry is lost, or is not what the log committed to.
 */
export interface EventScan {
  /** Where a scan of now would start; checks filters and rights. Throws `not_found` while the log is empty. */
  start(principal: Principal, workspace: string, filters: Filters): Promise<ScanStart>
  /** How many rows there are. */
  count(principal: Principal, workspace: string, request: ScanRequest): Promise<number>
  /** Batches of at most 1,024 rows, which are the consumer's; reads one batch ahead, and no further while the consumer is busy. */
  scan(
    principal: Principal,
    workspace: string,
    request: ScanRequest,
    signal: AbortSignal,
  ): AsyncIterable<ScannedRows>
  /** Takes the bytes of a batch that is used up, to be filled anew: fresh memory costs more time than filling it. */
  release(bytes: ArrayBuffer): void
}

export function createEventScan(dependencies: QueryDependencies): EventScan {
  return new PortEventScan(dependencies)
}

const EVERYTHING: Query = { type: 'all' }
/** Entries read at once; a whole number of tiles. */
const BATCH = 1_024
/** What an index gives at once. */
const PAGE = 1_000
/** One bucket of a histogram holds whatever there is. */
const ALL_TIME_MS = 2 ** 43

type ReadBatch = () => Promise<ScannedRows>

class PortEventScan implements EventScan {
  readonly #dependencies: QueryDependencies

  constructor(dependencies: QueryDependencies) {
    this.#dependencies = dependencies
  }

  async start(principal: Principal, workspace: string, filters: Filters): Promise<ScanStart> {
    const { ledger, clock, parseQuery, sha256 } = this.#dependencies
    const at = clock.now()
    const view = await this.#view(principal, workspace, at)
    filtersQuery(filters, parseQuery)
    const head = await ledger.head(workspace)
    if (head === null || head.size === 0)
      throw new TrailsealError('not_found', 'The log of this workspace has no entry yet.')
    const { query } = view.search(EVERYTHING)
    return {
      ...{ at, size: head.size, checkpoint: head.checkpoint },
      firstSeq: Math.min(view.firstSeq, head.size),
      everything: query.type === 'all',
      access: encodeBase64(sha256(new TextEncoder().encode(JSON.stringify(query)))),
    }
  }

  async count(principal: Principal, workspace: string, request: ScanRequest): Promise<number> {
    const { view, search, everything } = await this.#open(principal, workspace, request)
    const { size } = request.moment
    if (everything) return Math.max(0, size - view.firstSeq)
    await untilIndexed(this.#dependencies, workspace, size - 1)
    const buckets = await this.#dependencies.search.histogram(search, ALL_TIME_MS)
    return buckets.reduce((sum, { count }) => sum + count, 0)
  }

  async *scan(
    principal: Principal,
    workspace: string,
    request: ScanRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ScannedRows, void> {
    const { view, search, everything } = await this.#open(principal, workspace, request)
    const { order, moment } = request
    if (everything && order === 'log') {
      yield* ahead(this.#wholeLog(view, moment.size), signal)
      return
    }
    await untilIndexed(this.#dependencies, workspace, moment.size - 1)
    const direction =
      order === 'log'
        ? ({ order: 'seq', direction: 'asc' } as const)
        : ({ order: 'timestamp', direction: 'desc' } as const)
    yield* ahead(this.#hits({ ...search, ...direction, limit: PAGE }, moment.size), signal)
  }

  async #view(principal: Principal, workspace: string, at: number): Promise<View> {
    const dependencies = { ...this.#dependencies, clock: { now: () => at } }
    return await openView(dependencies, principal, workspace, 'export')
  }

  async #open(
    principal: Principal,
    workspace: string,
    { moment, filters }: ScanRequest,
  ): Promise<{ view: View; search: SearchRequest; everything: boolean }> {
    const view = await this.#view(principal, workspace, moment.at)
    const filter = filtersQuery(filters, this.#dependencies.parseQuery)
    const everything = view.search(filter).query.type === 'all'
    // what came later is not part of the moment
    const past: Query = { type: 'range', field: 'seq', from: 0, to: moment.size - 1 }
    return { view, search: view.search(and(filter, past)), everything }
  }

  release(bytes: ArrayBuffer): void {
    this.#dependencies.ledger.release?.(bytes)
  }

  /** Straight through the ledger: no index is asked. */
  *#wholeLog({ workspace, firstSeq }: View, size: number): Generator<ReadBatch> {
    for (let first = firstSeq; first < size;) {
      // up to a border of tiles, so that each tile is read once
      const end = Math.min(size, first - (first % BATCH) + BATCH)
      const seqs = Float64Array.from({ length: end - first }, (_, at) => first + at)
      yield () => readCommitted(this.#dependencies, workspace, seqs, size)
      first = end
    }
  }

  async *#hits(request: Omit<PageRequest, 'after'>, size: number): AsyncGenerator<ReadBatch> {
    const { search } = this.#dependencies
    for await (const hits of search.scan?.(request) ?? this.#pages(request)) {
      const seqs = Float64Array.from(hits, ({ seq }) => seq)
      if (seqs.length > 0) yield () => readCommitted(this.#dependencies, request.workspace, seqs, size)
    }
  }

  async *#pages(request: Omit<PageRequest, 'after'>): AsyncGenerator<readonly Hit[]> {
    const { search } = this.#dependencies
    let page = search.page({ ...request, after: null })
    for (;;) {
      const hits = await page
      const last = hits.at(-1)
      if (last === undefined) return
      // the keys of the next page are looked up while the entries of this one are read
      const more = hits.length === PAGE
      if (more)
        page = handled(search.page({ ...request, after: { timestamp: last.timestamp, seq: last.seq } }))
      yield hits
      if (!more) return
    }
  }
}

/** Begins to read each batch while the one before it is being used. */
async function* ahead(
  batches: Iterable<ReadBatch> | AsyncIterable<ReadBatch>,
  signal: AbortSignal,
): AsyncGenerator<ScannedRows, void> {
  let current: Promise<ScannedRows> | null = null
  for await (const read of batches) {
    signal.throwIfAborted()
    const following = handled(read())
    if (current !== null) yield await current
    current = following
  }
  if (current !== null) yield await current
}
