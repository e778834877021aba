import type { LogEntry } from '../event/audit-event.ts'
import type { ExactField, FacetField, Query, TextField } from './query-syntax.ts'

/**
 * What the index holds of one event. Texts are already normalised tokens joined by single spaces, with
 * `VALUE_BREAK` (tokenizer.ts) as a token of its own between two values of one field, so that no phrase crosses it.
 */
export interface SearchDocument {
  readonly workspace: string
  readonly seq: number
  /** Milliseconds since 1970; 0 … 2^43 − 1. */
  readonly timestamp: number
  readonly texts: Readonly<Partial<Record<TextField | 'before' | 'after' | 'metadata' | 'other', string>>>
  /** `before.*`, `after.*`, `metadata.*`: path-prefixed tokens (tokenizer.ts, `pathToken`). */
  readonly paths: string
  readonly exact: Readonly<Partial<Record<ExactField, readonly string[]>>>
  /** Set when the document is made of a committed entry: for indexes that keep the entry beside their own data. */
  readonly committed?: { readonly bytes: Uint8Array; readonly entry: LogEntry }
}

/** Position of an event in the reading order (timestamp, then seq). */
export interface SortKey {
  readonly timestamp: number
  readonly seq: number
}

export interface SearchRequest {
  readonly workspace: string
  readonly query: Query
  /** Entries before this one have left the plan's window and are invisible to everything. */
  readonly firstSeq: number
}

export interface PageRequest extends SearchRequest {
  /** `timestamp`: timestamp then seq. `seq`: the log's own order, for streams and exports. */
  readonly order: 'timestamp' | 'seq'
  readonly direction: 'asc' | 'desc'
  /** 1 … 1,000. */
  readonly limit: number
  /** Continue behind this event (exclusive). */
  readonly after: SortKey | null
}

export interface Hit extends SortKey {
  /** The canonical bytes, where the index keeps them beside its own data; else the ledger has them. */
  readonly entry: Uint8Array | null
}

export interface Total {
  readonly value: number
  /** `eq`: exact. `gte`: counting stopped at 10,000. */
  readonly relation: 'eq' | 'gte'
}

export interface Bucket<Key> {
  readonly key: Key
  readonly count: number
}

/**
 * Port: the search projection. It is never the truth: it can be wiped and replayed from the ledger.
 *
 * Durability: `apply` has either indexed all documents or none when it settles. Retry: applying a document again
 * (same workspace and seq) changes nothing. Conflict: none; the ledger has decided the order already.
 * Every method reads only the given workspace. Errors: `store_unavailable`.
 */
export interface SearchIndex {
  /**
   * Documents of one workspace, ascending by seq. `position`, of a caller that replays the log: what `position` said, and the
   * documents are all that follow it. An index that was cleared meanwhile takes none of them (`store_unavailable`).
   * They may be gone through more than once, and made anew each time.
   */
  apply(documents: Iterable<SearchDocument>, position?: number): Promise<void>
  /** How many entries of the log are indexed: the cursor of the projector. */
  position(workspace: string): Promise<number>
  page(request: PageRequest): Promise<readonly Hit[]>
  /** A page, and how many events match whatever page they are on: exact up to 10,000. */
  pageAndTotal(request: PageRequest): Promise<{ readonly hits: readonly Hit[]; readonly total: Total }>
  /**
   * Every hit, in pages of `limit`, as the index is when the first one is read: what is indexed, refreshed or replayed meanwhile
   * neither adds nor hides any. Only where an index can hold a moment; else page follows page, which is as good where entries come
   * in the log's order and in the transaction of their commit.
   */
  scan?(request: Omit<PageRequest, 'after'>): AsyncIterable<readonly Hit[]>
  /** Counts by value, most frequent first, then by value; at most `limit` of them. */
  facet(request: SearchRequest, field: FacetField, limit: number): Promise<readonly Bucket<string>[]>
  /** Counts by interval of `intervalMs` (aligned to 1970), ascending, empty ones left out. */
  histogram(request: SearchRequest, intervalMs: number): Promise<readonly Bucket<number>[]>
  /** Earliest and latest timestamp of the matching events, null where none match. */
  extent(request: SearchRequest): Promise<{ readonly from: number; readonly to: number } | null>
  /** Forgets a workspace, so that it can be replayed. */
  clear(workspace: string): Promise<void>
}
