import { join } from 'node:path'
import type { Blobs } from '../blobs/blobs.ts'
import type { Clock } from '../clock.ts'
import { TrailsealError, type ErrorCode } from '../errors.ts'
import { exponentialBackoff, type Job, type Jobs, type JobWork } from '../jobs/jobs.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { EventScan } from '../query/event-scan.ts'
import type { Principal, WorkspaceStore } from '../workspaces/workspace-store.ts'
import type { Workspaces } from '../workspaces/workspaces.ts'
import { ArchiveRequests, type RecordArchive } from './archive-requests.ts'
import type { Attestation } from './attestation.ts'
import { deliverExport } from './deliver.ts'
import { ExportEvents, type RecordExport } from './export-events.ts'
import type { FormatSettings } from './export-formats.ts'
import { asJobValue, EXPORT_JOB } from './export-job.ts'
import { Exports } from './exports.ts'
import { MAIL_JOB, mailWork } from './ready-mail.ts'
import { writeExport } from './run.ts'
import { startSweep } from './sweep.ts'

/** What exports are made of; adapters are picked by whoever calls. */
export interface ExportOptions {
  readonly jobs: Jobs
  readonly blobs: Blobs
  readonly mailer: Mailer
  readonly scan: EventScan
  readonly workspaces: Pick<WorkspaceStore, 'workspace'>
  /** For archive requests, whose answer depends on the plan. */
  readonly plans: Pick<Workspaces, 'lookup' | 'show'>
  readonly record: RecordExport & RecordArchive
  /** Whether a principal's token is still one: not revoked, not expired. */
  readonly stillValid: (principal: Principal) => Promise<boolean>
  readonly attestation: Attestation
  readonly clock: Clock
  readonly origin: (workspace: string) => string
  readonly publicUrl: URL
  readonly dataDir: string
  readonly settings: () => Promise<FormatSettings>
  readonly observe: ExportObserver
}

/** Told what happened, for logs and metrics. */
interface ExportObserver {
  exportEnded(facts: {
    readonly workspace: string
    readonly id: string
    readonly outcome: 'done' | 'failed'
    readonly milliseconds: number
    readonly error?: unknown
  }): void
  mailGivenUp(facts: { readonly id: string; readonly error: unknown }): void
  sweepFailed(error: unknown): void
}

export interface ExportServices {
  readonly exports: Exports
  readonly archive: ArchiveRequests
  /** What exports read, without a format. */
  readonly scan: EventScan
  /** The background role `exports`: runs exports, sends mails, removes what has expired. */
  startWorkers(): AsyncDisposable
}

/** At the same time in this process; a workspace has one. */
const CONCURRENCY = 2
const ATTEMPTS = 5
const LONGEST_PAUSE_MS = 5 * 60 * 1_000

/** What a repetition would meet again. */
const FINAL: readonly ErrorCode[] = [
  'unauthenticated',
  'forbidden',
  'plan_required',
  'not_found',
  'bad_query',
  'bad_request',
  'export_too_large',
  'gone',
  'tampered',
]

export function exportServices(options: ExportOptions): ExportServices {
  const { jobs, mailer, observe } = options
  const events = new ExportEvents(options.record)
  const exports = new Exports({ ...options, events })
  return {
    exports,
    scan: options.scan,
    archive: new ArchiveRequests({ ...options, workspaces: options.plans, exports }),
    startWorkers: () => {
      const workers = new AsyncDisposableStack()
      workers.use(jobs.work(EXPORT_JOB, exportWork(options, events)))
      workers.use(
        jobs.work(
          MAIL_JOB,
          mailWork(mailer, ({ id }, error) => observe.mailGivenUp({ id, error })),
        ),
      )
      workers.use(startSweep(options))
      return workers
    },
  }
}

function exportWork(options: ExportOptions, events: ExportEvents): JobWork {
  const { clock, observe } = options
  const workFolder = join(options.dataDir, 'exports-in-work')
  const ended = ({ workspace, id }: Job, started: number, error?: unknown): void =>
    observe.exportEnded({
      ...{
        workspace,
        id,
        outcome: error === undefined ? 'done' : 'failed',
        milliseconds: clock.now() - started,
      },
      ...(error === undefined ? {} : { error }),
    })
  return {
    concurrency: CONCURRENCY,
    perWorkspace: 1,
    attempts: ATTEMPTS,
    backoff: (attempt) => exponentialBackoff(attempt, LONGEST_PAUSE_MS),
    isFinal: (error) => error instanceof TrailsealError && FINAL.includes(error.code),
    async run(job, run) {
      const started = clock.now()
      await using file = await writeExport({ ...options, workFolder }, job, run)
      const result = await deliverExport({ ...options, events }, job, file)
      ended(job, started)
      return asJobValue(result)
    },
    async gaveUp(job, error) {
      await events.failed(job, reasonOf(error))
      ended(job, job.createdAt, error)
    },
  }
}

/** Faults of our own show no more than that they happened. */
function reasonOf(error: unknown): string {
  return error instanceof TrailsealError && error.code !== 'internal'
    ? `${error.message} [${error.code}]`
    : 'Something failed on the server; its log says what.'
}
