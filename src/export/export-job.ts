import type { JsonObject } from '../event/audit-event.ts'
import type { Job, JobValue } from '../jobs/jobs.ts'
import type { LogMoment } from '../query/event-scan.ts'
import type { Filters } from '../query/query-facade.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import type { ExportFormatName } from './formats/export-format.ts'

export const EXPORT_JOB = 'export'

/** How long the files of an export stay. */
export const KEPT_MS = 7 * 24 * 60 * 60 * 1_000

/** What was asked for, frozen: a run, and each repetition of it, depends on this alone and makes the same bytes. */
export interface FrozenExport {
  readonly format: ExportFormatName
  readonly filters: Filters
  /** With their rights at that time; a token that is no longer valid stops the run. */
  readonly requester: Principal
  /** `ScanStart.access` and `.everything`: what the requester could see. */
  readonly access: string
  readonly everything: boolean
  readonly moment: LogMoment
  readonly firstSeq: number
  readonly checkpoint: string
  readonly workspaceName: string
  readonly fileName: string
  /** Who gets a mail when it is done. */
  readonly mailTo: string | null
}

/** The files of an export and what they are known by. */
export interface ExportResult {
  readonly rows: number
  readonly bytes: number
  /** Lower-case hexadecimal. */
  readonly sha256: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export function frozenOf(job: Job): FrozenExport {
  return job.payload as unknown as FrozenExport
}

export function resultOf(job: Job): ExportResult | null {
  return job.state === 'done' ? (job.result as unknown as ExportResult) : null
}

/** Records are JSON by their types; the port knows only that. */
export function asJobValue(record: FrozenExport | ExportResult): JobValue {
  return record as unknown as JobValue
}

/** Only where the rows of the file are the entries themselves; the others are vouched for by their manifest alone. */
export function hasProof(format: ExportFormatName): boolean {
  return format === 'ndjson'
}

export type ExportFile = 'file' | 'manifest' | 'proof'

const FILE_KEYS: Readonly<Record<ExportFile, string>> = {
  file: 'file',
  manifest: 'manifest.json',
  proof: 'proof.json',
}
export const EXPORT_FILES: readonly ExportFile[] = ['file', 'manifest', 'proof']

/** Prefix of every blob of an export. */
export const BLOB_PREFIX = 'exports/'

export function blobKey({ workspace, id }: Pick<Job, 'workspace' | 'id'>, file: ExportFile): string {
  return `${BLOB_PREFIX}${workspace}/${id}/${FILE_KEYS[file]}`
}

/** An export as the API shows it (contract §7). */
export interface ShownExport {
  readonly id: string
  readonly workspace: string
  readonly format: ExportFormatName
  readonly status: 'queued' | 'running' | 'done' | 'failed'
  readonly progress: number
  readonly filters: JsonObject
  readonly requested_by: JsonObject
  readonly requested_at: string
  /** Entries of the log that the export looks at: first … last. */
  readonly seq_range: readonly [number, number]
  readonly file_name: string
  readonly rows: number | null
  readonly bytes: number | null
  readonly sha256: string | null
  readonly expires_at: string | null
  readonly error: string | null
}

export function shownExport(job: Job): ShownExport {
  const frozen = frozenOf(job)
  const result = resultOf(job)
  const { requester, moment, firstSeq } = frozen
  return {
    id: job.id,
    workspace: job.workspace,
    format: frozen.format,
    status: job.state === 'cancelled' ? 'failed' : job.state,
    progress: job.progress,
    filters: frozen.filters as JsonObject,
    requested_by: {
      token_id: requester.tokenId,
      role: requester.role,
      ...(requester.member === null ? {} : { member: { ...requester.member } }),
    },
    requested_at: new Date(moment.at).toISOString(),
    seq_range: [firstSeq, moment.size - 1],
    file_name: frozen.fileName,
    rows: result?.rows ?? null,
    bytes: result?.bytes ?? null,
    sha256: result?.sha256 ?? null,
    expires_at: result === null ? null : new Date(result.expiresAt).toISOString(),
    error: job.state === 'done' ? null : job.error,
  }
}
