import type { LogEntry } from '../event/audit-event.ts'
import type { Bucket, Total } from '../search/search-index.ts'
import type { FacetField } from '../search/query-syntax.ts'
import type { Principal } from '../workspaces/workspace-store.ts'

/** Filters as the API takes them: values of one field are alternatives, fields are joined with AND. */
export interface Filters {
  readonly q?: string
  readonly actor?: readonly string[]
  readonly category?: readonly string[]
  readonly action?: readonly string[]
  readonly verb?: readonly string[]
  readonly outcome?: readonly string[]
  readonly resource_type?: readonly string[]
  readonly resource_id?: readonly string[]
  /** RFC 3339, inclusive. */
  readonly from?: string
  readonly to?: string
}

export interface ListRequest extends Filters {
  readonly order?: 'asc' | 'desc'
  /** 1 … 1,000; default 50. */
  readonly limit?: number
  readonly cursor?: string
  /** Wait, at most 5 s, until the index has this entry. */
  readonly min_seq?: number
}

/** An entry as readers get it: the canonical event and its leaf hash (base64), checked against the ledger's tiles. */
export type ListedEvent = LogEntry & {
  readonly leaf_hash: string
  /** Present and true when the stored bytes do not have the hash that the log committed to. */
  readonly tampered?: true
}

/** `dashboard` (default): what the role sees of the team. `own`: the member's own events, as Home shows them. */
export type Whose = 'dashboard' | 'own'

export interface EventList {
  readonly events: readonly ListedEvent[]
  readonly next_cursor: string | null
  readonly total: Total
}

export interface Integrity {
  readonly origin: string
  readonly size: number
  /** Base64. */
  readonly root: string
  readonly checkpoint: string
  /** Entries in the ledger that the search index does not have yet. */
  readonly index_lag: number
  /** First entry that the plan's window still shows; those before it are hashes only. */
  readonly first_seq: number
  readonly last_verification: {
    readonly at: string
    readonly result: 'ok' | 'failed'
    readonly size: number
    readonly message: string
  } | null
}

/**
 * Everything that a reader can ask, with role, tenant, scope and plan window applied in one place
 * (`access.ts`) before any port is touched. A workspace that the principal may not know of is `not_found`.
 *
 * Errors: `unauthenticated`, `forbidden`, `plan_required`, `not_found`, `bad_query`, `bad_cursor`, `bad_request`,
 * `index_lagging` (min_seq not reached in time), `gone` (retention ended), `store_unavailable`.
 */
export interface QueryFacade {
  events(principal: Principal, workspace: string, request: ListRequest): Promise<EventList>
  /** Home: the member's own actions; `workspace` is the principal's active one. */
  ownEvents(principal: Principal, workspace: string, request: ListRequest): Promise<EventList>
  event(principal: Principal, workspace: string, id: string): Promise<ListedEvent>
  /** C2SP tlog-proof of one event. */
  proof(principal: Principal, workspace: string, id: string): Promise<string>
  history(
    principal: Principal,
    workspace: string,
    type: string,
    id: string,
    request: ListRequest,
  ): Promise<EventList>
  facets(
    principal: Principal,
    workspace: string,
    field: FacetField,
    filters: Filters,
    whose?: Whose,
  ): Promise<readonly Bucket<string>[]>
  histogram(
    principal: Principal,
    workspace: string,
    /** `auto` or a number with unit: `1m`, `1h`, `1d`, `7d`. */
    interval: string,
    filters: Filters,
    whose?: Whose,
  ): Promise<{ readonly interval_ms: number; readonly buckets: readonly Bucket<string>[] }>
  /**
   * Matching events in the log's order, from behind `afterSeq` (null: from now on) until the signal; access is checked
   * again at every wake-up, so that a revoked token's stream ends.
   */
  stream(
    principal: Principal,
    workspace: string,
    filters: Filters,
    afterSeq: number | null,
    signal: AbortSignal,
  ): AsyncIterable<ListedEvent>
  /** As `stream`, and settled when access was granted: a refusal can still become an HTTP status. */
  openStream(
    principal: Principal,
    workspace: string,
    filters: Filters,
    afterSeq: number | null,
    signal: AbortSignal,
    whose?: Whose,
  ): Promise<AsyncIterable<ListedEvent>>
  integrity(principal: Principal, workspace: string): Promise<Integrity>
  checkpoint(principal: Principal, workspace: string): Promise<string>
  /** C2SP tlog-tiles paths behind `/log/`: `tile/0/x001/067.p/3`, `tile/entries/000`. */
  tile(principal: Principal, workspace: string, path: string): Promise<Uint8Array>
  vkey(principal: Principal, workspace: string): Promise<string>
}
