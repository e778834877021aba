/** Answers of the HTTP interface, as /openapi.json has them. */
import type { LogEntry } from '../../../src/event/audit-event.ts'

export type ListedEvent = LogEntry & { readonly leaf_hash: string; tampered?: true }

export interface Total {
  readonly value: number
  readonly relation: 'eq' | 'gte'
}

export interface EventPage {
  readonly events: readonly ListedEvent[]
  readonly next_cursor: string | null
  readonly total: Total
}

export interface Bucket {
  readonly key: string
  readonly count: number
}

export interface HistogramAnswer {
  readonly interval_ms: number
  readonly buckets: readonly Bucket[]
}

export interface Integrity {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly checkpoint: string
  readonly index_lag: number
  readonly last_verification: {
    readonly at: string
    readonly result: 'ok' | 'failed'
    readonly size: number
    readonly message: string
  } | null
}

export interface Workspace {
  readonly id: string
  readonly name: string
  readonly plan: string
  readonly dashboard: 'members' | 'owners'
  readonly created_at: string
}

export interface Plan {
  readonly name: string
  readonly readable: boolean
  readonly online_days: number
  readonly archive: 'none' | 'request' | 'extended'
  readonly api_events: boolean
}

export type Role = 'admin' | 'ingest' | 'owner' | 'member' | 'auditor'

interface Member {
  readonly id: string
  readonly email?: string
  readonly name?: string
}

interface Scope {
  readonly q?: string
  readonly from?: string
  readonly to?: string
}

export interface Me {
  readonly token_id: string
  readonly role: Role
  readonly member: Member | null
  readonly scope: Scope | null
  readonly workspaces: readonly Workspace[]
  readonly plan: Plan | null
}

export interface Token {
  readonly id: string
  readonly role: Role
  readonly workspace: string | null
  readonly member: Member | null
  readonly scope: Scope | null
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
}

export interface ArchiveRequest {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly reason: string
  readonly status: 'open' | 'preparing' | 'done' | 'expired' | 'failed'
  readonly requested_at: string
  readonly requested_by: { readonly token_id: string; readonly role: Role; readonly name: string | null }
  readonly due_at: string
  readonly fulfilled_at: string | null
  /** Id of the export that holds the range. */
  readonly export: string | null
}

export type ExportFormat = 'csv' | 'ndjson' | 'xlsx' | 'pdf'

export interface ExportJob {
  readonly id: string
  readonly format: ExportFormat
  readonly status: 'queued' | 'running' | 'done' | 'failed'
  readonly progress: number
  readonly filters: Readonly<Record<string, unknown>>
  readonly requested_by: { readonly token_id: string; readonly role: Role; readonly member?: Member }
  readonly requested_at: string
  readonly file_name: string
  readonly rows: number | null
  readonly bytes: number | null
  readonly sha256: string | null
  readonly expires_at: string | null
  readonly error: string | null
}
