import type { Clock } from '../clock.ts'
import type { AuditEvent, JsonObject } from '../event/audit-event.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Query } from '../search/query-syntax.ts'
import type { SearchIndex } from '../search/search-index.ts'
import type { Sha256 } from '../tlog/sha256.ts'
import type { LeafHashes } from './leaf-hashes.ts'
import type { Plans } from '../workspaces/plans.ts'
import type { Principal, WorkspaceStore } from '../workspaces/workspace-store.ts'

/**
 * A read by an auditor, as it goes into the workspace's own log; timestamp, verb and category are given there as to any
 * other event.
 */
export type ReadingEvent = Pick<AuditEvent, 'actor' | 'outcome' | 'resource'> & {
  readonly action:
    'audit.searched' | 'audit.viewed' | 'audit.history_viewed' | 'audit.proof_viewed' | 'audit.read'
  readonly metadata: JsonObject
}

export interface QueryDependencies {
  readonly ledger: Pick<
    Ledger,
    'head' | 'entries' | 'committed' | 'release' | 'entriesAt' | 'tile' | 'seqOf' | 'firstReceivedSince'
  >
  readonly search: Pick<
    SearchIndex,
    'position' | 'page' | 'pageAndTotal' | 'scan' | 'facet' | 'histogram' | 'extent'
  >
  readonly workspaces: Pick<WorkspaceStore, 'workspace' | 'verificationRun'>
  readonly plans: Plans
  /** Throws `bad_query`. */
  readonly parseQuery: (text: string) => Query
  readonly clock: Clock
  readonly sha256: Sha256
  /** `<TRAILSEAL_ORIGIN>/<workspace>`. */
  readonly origin: (workspace: string) => string
  /** C2SP vkey of the key that signs this workspace's checkpoints. */
  readonly vkey: (workspace: string) => string
  readonly changes: {
    /** Settles when the log may have more than `afterSize` entries, or when the signal is aborted (rejecting or not). */
    wait(workspace: string, afterSize: number, signal: AbortSignal): Promise<void>
  }
  /** Appends to the workspace's own log; settles when that is durable. A read whose record fails, fails. */
  readonly record: (workspace: string, event: ReadingEvent) => Promise<void>
  /** Whether the principal's token is still one: not revoked, not expired. Asked at every wake-up of a stream. */
  readonly stillValid: (principal: Principal) => Promise<boolean>
  /** Waits, at most until the signal is aborted. Only for an index that lags behind its ledger. */
  readonly pause: (milliseconds: number, signal?: AbortSignal) => Promise<void>
}

/** The same, with what the facade keeps between requests. */
export interface ListDependencies extends QueryDependencies {
  readonly leaves: LeafHashes
}
