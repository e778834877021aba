import type { AuditEvent } from './event/audit-event.ts'
import type { StoreVerificationOptions } from './integrity/store-verification.ts'
import type { Jobs } from './jobs/jobs.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { CommittedEntry } from './projection/committed-batches.ts'
import type { ProjectionState } from './projection/projection-worker.ts'
import type { Projector } from './projection/projector.ts'
import type { SearchIndex } from './search/search-index.ts'
import type { Plans } from './workspaces/plans.ts'
import type { WorkspaceStore } from './workspaces/workspace-store.ts'

/** What an installation keeps its data in, behind the ports: one file, or a cluster. `Derived`: see SequencerOptions.derive. */
export interface Store<Derived> extends AsyncDisposable {
  /** For people: a path, or an address without credentials. */
  readonly place: string
  readonly ledger: Ledger<Derived>
  readonly search: SearchIndex
  readonly workspaces: WorkspaceStore
  /** Null: it has no place for jobs. */
  readonly jobs: Jobs | null
  /** Whether other gateways with data directories of their own sign for the same logs. */
  readonly shared: boolean
  readonly derive: (workspace: string, event: AuditEvent) => Derived
  readonly projection: Projection
  /** For rebuilding the index of a log. */
  readonly projector: Projector
  /** The background role `retention`, not started; null where the store has none. */
  retention(options: RetentionOptions): Promise<(AsyncDisposable & { start(): void }) | null>
  /** Settles when the store works, rejects with a sentence where it does not. */
  ready(): Promise<void>
  /** Where the store is on another machine: fails what it was asked and has not answered, so that the process can end. */
  abandon?(): void
  /** What verification reads: as it is at this moment, whatever is committed meanwhile. */
  frozen(): Promise<FrozenStore>
}

interface RetentionOptions {
  readonly plans: Plans
  readonly onFailure: (error: unknown) => void
}

interface FrozenStore extends AsyncDisposable {
  readonly parts: Pick<StoreVerificationOptions, 'ledger' | 'documents' | 'index'>
}

/** How documents get into the search index. */
interface Projection extends AsyncDisposable {
  /** The background role `projector`: brings the index up to the ledger, and keeps it there. */
  start(): Promise<void>
  /** A commit of this process, when it is out. */
  committed(workspace: string, size: number, entries: readonly CommittedEntry[]): void
  state(): ProjectionState
}
