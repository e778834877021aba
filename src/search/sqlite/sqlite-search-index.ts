import { moduleBeside, type Sqlite } from '../../drivers/sqlite/sqlite.ts'
import type { SqliteCall } from '../../drivers/sqlite/procedures.ts'
import type { FacetField } from '../query-syntax.ts'
import type {
  Bucket,
  Hit,
  PageRequest,
  SearchDocument,
  SearchIndex,
  SearchRequest,
  SortKey,
  Total,
} from '../search-index.ts'
import { documentRow, type DocumentRow } from './columns.ts'
import type { IndexDifference, IndexedEvent } from './index-check.ts'

/** What `Sqlite.open` has to load for this adapter. */
export const searchModule = moduleBeside(import.meta.url, './search-procedures')

/** What a check of the index found. At most 100 differences are named. */
export interface IndexReport {
  readonly events: number
  readonly tokens: number
  readonly differences: readonly IndexDifference[]
  /** Full-text rows that belong to no event. */
  readonly strays: number
}

/** Rows deleted in one transaction: ingest waits no longer than that takes. */
const SWEEP_ROWS = 500
/** Rows that are only looked at. */
const LOOKED_AT_ROWS = 10_000

/**
 * The search projection in SQLite: one row an event in the order of reading, and a full-text table beside it. A query is
 * one full-text expression that begins with its workspace.
 *
 * Durability: as of the driver, a settled write is on stable storage. Retry: each workspace has a position, and what is
 * before it is not indexed again.
 */
export class SqliteSearchIndex implements SearchIndex {
  readonly #sqlite: Sqlite

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  /** Documents ahead of the position leave a gap, which is right where the entries before them have left the ledger. */
  async apply(documents: Iterable<SearchDocument>): Promise<void> {
    const rows = Array.from(documents, documentRow)
    if (rows.length === 0) return
    await this.#sqlite.write([{ procedure: 'search.apply', argument: { rows, follow: false } }])
  }

  /**
   * The same as calls, to be written in one transaction with the ledger's append. Documents ahead of their workspace's
   * position are left to the projector, so that a projection that is being replayed stays in the log's order.
   */
  applyCalls(rows: readonly DocumentRow[]): SqliteCall[] {
    return rows.length > 0 ? [{ procedure: 'search.apply', argument: { rows, follow: true } }] : []
  }

  async position(workspace: string): Promise<number> {
    return (await this.#read('search.position', workspace)) as number
  }

  async page(request: PageRequest): Promise<readonly Hit[]> {
    const keys = (await this.#read('search.page', request)) as readonly SortKey[]
    return keys.map(({ timestamp, seq }) => ({ timestamp, seq, entry: null }))
  }

  /** By two readers at once. */
  async pageAndTotal(request: PageRequest): Promise<{ hits: readonly Hit[]; total: Total }> {
    const [hits, total] = await Promise.all([this.page(request), this.#read('search.total', request)])
    return { hits, total: total as Total }
  }

  /** Beside the readers, so that whoever waits for a page of a list does not wait for an export. */
  async *scan(request: Omit<PageRequest, 'after'>): AsyncGenerator<readonly Hit[]> {
    let after: SortKey | null = null
    for (;;) {
      const packed = (await this.#scan('search.packedPage', { ...request, after })) as Float64Array
      const hits = Array.from({ length: packed.length / 2 }, (_, at) => ({
        timestamp: packed[2 * at] ?? 0,
        seq: packed[2 * at + 1] ?? 0,
        entry: null,
      }))
      if (hits.length > 0) yield hits
      if (hits.length < request.limit) return
      after = hits.at(-1) ?? null
    }
  }

  async facet(request: SearchRequest, field: FacetField, limit: number): Promise<readonly Bucket<string>[]> {
    return (await this.#read('search.facet', { request, field, limit })) as readonly Bucket<string>[]
  }

  async histogram(request: SearchRequest, intervalMs: number): Promise<readonly Bucket<number>[]> {
    return (await this.#read('search.histogram', { request, intervalMs })) as readonly Bucket<number>[]
  }

  async extent(request: SearchRequest): Promise<{ readonly from: number; readonly to: number } | null> {
    return (await this.#read('search.extent', request)) as { from: number; to: number } | null
  }

  async clear(workspace: string): Promise<void> {
    await this.#sqlite.write([{ procedure: 'search.forget', argument: workspace }])
    // Dying from here on leaves garbage that no query sees; the next clear deletes it.
    while ((await this.#sqlite.write([{ procedure: 'search.sweep', argument: SWEEP_ROWS }]))[0] === true);
    for (let after: bigint | null = -(2n ** 63n); after !== null;) {
      const argument = { after, limit: LOOKED_AT_ROWS }
      after = (await this.#sqlite.write([{ procedure: 'search.sweepText', argument }]))[0] as bigint | null
    }
  }

  /** What the index says of `count` entries from `first`, without their words. */
  async columns(workspace: string, first: number, count: number): Promise<readonly IndexedEvent[]> {
    return (await this.#scan('search.columns', { workspace, first, count })) as readonly IndexedEvent[]
  }

  /** SQLite's own check of its file: one sentence a fault. */
  async integrity(): Promise<readonly string[]> {
    return (await this.#scan('search.integrity', null)) as readonly string[]
  }

  /**
   * Compares the index with the documents of all workspaces, token by token, each batch of one workspace and ascending by
   * seq. Runs beside readers and writer; events indexed meanwhile are left out. `progress` gets the number of
   * tokens compared so far.
   */
  async check(
    documents: AsyncIterable<readonly SearchDocument[]>,
    progress: (tokensCompared: number) => void = () => undefined,
  ): Promise<IndexReport> {
    const { check, events } = (await this.#scan('search.check.begin', null)) as {
      check: number
      events: number
    }
    const differences: IndexDifference[] = []
    let tokens = 0
    try {
      for await (const batch of documents) {
        const argument = { check, rows: batch.map(documentRow) }
        differences.push(
          ...((await this.#scan('search.check.documents', argument)) as readonly IndexDifference[]),
        )
      }
      for (;;) {
        const step = (await this.#scan('search.check.terms', { check })) as {
          done: boolean
          instances: number
        }
        if (step.done) break
        tokens += step.instances
        progress(tokens)
      }
    } catch (error) {
      await this.#scan('search.check.finish', { check })
      throw error
    }
    const rest = (await this.#scan('search.check.finish', { check })) as Pick<
      IndexReport,
      'differences' | 'strays'
    >
    return {
      events,
      tokens,
      differences: [...differences, ...rest.differences].slice(0, 100),
      strays: rest.strays,
    }
  }

  #read(procedure: string, argument: unknown): Promise<unknown> {
    return this.#sqlite.read({ procedure, argument })
  }

  #scan(procedure: string, argument: unknown): Promise<unknown> {
    return this.#sqlite.scan({ procedure, argument })
  }
}
