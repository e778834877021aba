import type { Clock } from '../clock.ts'
import type { ArchiveRequests } from '../export/archive-requests.ts'
import type { Exports } from '../export/exports.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { QueryFacade } from '../query/query-facade.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import type { Workspaces } from '../workspaces/workspaces.ts'

/** One thing that has to work for the process to do its work. */
export interface ReadinessCheck {
  readonly name: string
  readonly ok: boolean
  readonly message?: string
  /** False: the process does the rest of its work without it. */
  readonly essential?: boolean
}

/** Of the whole store, by this process. `begin` admits the caller or throws; what it returns settles with the report, or soon after `ending`. */
export interface Verifications {
  begin(
    principal: Principal,
  ): (
    onProgress: (step: string, done: number, total: number | null) => void,
    ending: AbortSignal,
  ) => Promise<object>
}

/** What the HTTP surface is made of. */
export interface HttpDependencies {
  readonly workspaces: Workspaces
  readonly query: QueryFacade
  readonly ingest: Pick<Ingest, 'append'>
  /** C2SP tlog-proofs of entries that were just appended, in order. */
  readonly proofs: (workspace: string, seqs: readonly number[]) => Promise<readonly string[]>
  readonly exports: Pick<Exports, 'request' | 'list' | 'show' | 'open' | 'facts' | 'remove'>
  readonly archive: Pick<ArchiveRequests, 'request' | 'list' | 'fulfil'>
  readonly verifications: Verifications
  readonly readiness: () => Promise<readonly ReadinessCheck[]>
  readonly telemetry: Telemetry
  readonly clock: Clock
  readonly publicUrl: URL
  /** 32 secret bytes that sign session cookies; gateways that share them share their sessions. */
  readonly sessionKey: Uint8Array
  readonly version: string
  /** The built viewer (dist/web/). Without it, or while it is not built, `/` is a plain start page. */
  readonly viewerDirectory?: URL
  /** Origins of pages that may show the viewer in a frame (ADR 0020); without any, none may. */
  readonly embedOrigins?: readonly string[]
}
