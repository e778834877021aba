import { randomUUID } from 'node:crypto'
import { TrailsealError } from '../errors.ts'
import type { Job, Jobs } from '../jobs/jobs.ts'
import { isMailAddress } from '../mail/mailer.ts'
import type { EventScan } from '../query/event-scan.ts'
import type { Filters } from '../query/query-facade.ts'
import type { Principal, WorkspaceStore } from '../workspaces/workspace-store.ts'
import type { ExportEvents } from './export-events.ts'
import { formatFacts } from './export-formats.ts'
import { asJobValue, EXPORT_JOB, type FrozenExport } from './export-job.ts'
import { requireFits, type ExportFormatName } from './formats/export-format.ts'
import { exportFileNames } from './manifest/manifest.ts'
import { orderOf } from './rows-order.ts'

/** Exports of one workspace that may wait at the same time: nobody's queue fills the disk. */
const MOST_WAITING = 50

export interface ExportRequest {
  readonly format: ExportFormatName
  readonly filters: Filters
  /** Who gets the mail; default: the requester, where the token has an address. */
  readonly email?: string
}

export interface RequestDependencies {
  readonly scan: EventScan
  readonly jobs: Jobs
  readonly events: ExportEvents
  readonly workspaces: Pick<WorkspaceStore, 'workspace'>
}

/**
 * Takes an export: checks what was asked against what the requester may see, freezes both with the log's state of now, records
 * the request, and queues the work.
 *
 * Errors: `forbidden`, `plan_required`, `not_found`, `bad_query`, `bad_request`, `export_too_large`, `overloaded`.
 */
export async function requestExport(
  dependencies: RequestDependencies,
  requester: Principal,
  workspace: string,
  request: ExportRequest,
): Promise<Job> {
  const { scan, jobs, events, workspaces } = dependencies
  const { format, filters } = request
  const mailTo = mailAddress(requester, request.email)
  const { at, size, ...start } = await scan.start(requester, workspace, filters)
  await requireRoom(jobs, workspace)
  const form = formatFacts(format)
  if (form.maxRows !== null) {
    const wanted = { moment: { at, size }, filters, order: orderOf(format) }
    requireFits(form, await scan.count(requester, workspace, wanted))
  }
  const id = `exp_${randomUUID()}`
  const frozen: FrozenExport = {
    ...{ format, filters, requester, mailTo },
    ...start,
    moment: { at, size },
    workspaceName: (await workspaces.workspace(workspace))?.name ?? workspace,
    fileName: exportFileNames({ workspace: { id: workspace, name: '' }, exportId: id }, form).export,
  }
  const job = { id, kind: EXPORT_JOB, workspace, payload: asJobValue(frozen) }
  // Recorded first: dying between the two leaves a request without an export, never an export without a request.
  await events.requested(job)
  return await jobs.enqueue(job)
}

function mailAddress({ member }: Principal, given: string | undefined): string | null {
  if (given !== undefined) {
    if (isMailAddress(given)) return given
    throw new TrailsealError('bad_request', '`email` is not a mail address.')
  }
  return member?.email !== undefined && isMailAddress(member.email) ? member.email : null
}

async function requireRoom(jobs: Jobs, workspace: string): Promise<void> {
  const latest = await jobs.list(workspace, EXPORT_JOB, 4 * MOST_WAITING)
  if (latest.filter(({ finishedAt }) => finishedAt === null).length < MOST_WAITING) return
  throw new TrailsealError('overloaded', `${MOST_WAITING} exports of this workspace are waiting already.`, {
    retryAfterSeconds: 60,
  })
}
