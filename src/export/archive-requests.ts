import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { TrailsealError } from '../errors.ts'
import type { AuditEvent, JsonObject } from '../event/audit-event.ts'
import type { Job, Jobs, JobValue } from '../jobs/jobs.ts'
import { parseTimeRange } from '../query/time-range.ts'
import type { Plan } from '../workspaces/plans.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import { actorOf, type Workspaces } from '../workspaces/workspaces.ts'
import { EXPORT_JOB, resultOf } from './export-job.ts'
import type { Exports } from './exports.ts'

/** Neither kind has a worker: a request waits for a person, and its fulfilment says which export answers it. */
const REQUEST = 'archive_request'
const FULFILMENT = 'archive_fulfilment'

/** Requests shown in a list; the log has all there ever were. */
const LISTED = 200
const BUSINESS_DAYS = 5
const DAY_MS = 86_400_000

export interface ArchiveRequest {
  /** RFC 3339 times or dates, inclusive, of the events' timestamps. */
  readonly from: string
  readonly to: string
  readonly reason: string
}

interface FrozenRequest extends ArchiveRequest {
  readonly requester: Principal
  /** RFC 3339, as `dueAt`. */
  readonly requestedAt: string
  readonly dueAt: string
}

interface Fulfilment {
  readonly request: string
  readonly export: string
}

/**
 * `open`: waits for the operator. `preparing`: its export is being made. `done`: the export can be downloaded. `expired`: it could
 * be, and may be made again. `failed`: the export failed, and may be made again.
 */
export interface ShownArchiveRequest extends ArchiveRequest {
  readonly id: string
  readonly status: 'open' | 'preparing' | 'done' | 'expired' | 'failed'
  readonly requested_at: string
  readonly requested_by: { readonly token_id: string; readonly role: string; readonly name: string | null }
  readonly due_at: string
  readonly fulfilled_at: string | null
  /** Id of the export with the range: NDJSON with manifest and proof. */
  readonly export: string | null
}

/** What the log has of archive requests. */
export type RecordArchive = (
  workspace: string,
  event: Pick<AuditEvent, 'actor' | 'resource'> & {
    readonly action: 'audit.archive_requested' | 'audit.archive_fulfilled'
    readonly justification?: string
    readonly metadata: JsonObject
  },
) => Promise<void>

interface ArchiveDependencies {
  readonly workspaces: Pick<Workspaces, 'lookup' | 'show'>
  readonly exports: Pick<Exports, 'request'>
  readonly jobs: Jobs
  readonly record: RecordArchive
  readonly clock: Clock
}

/**
 * Requests for a range of the log as a verifiable file (contract §9). On plans with an extended archive the system fulfils them at
 * once, on those with an archive on request the operator does, on the others there are none. The file holds what is online.
 *
 * Requests are kept beside the jobs and not read back from the log, because whoever may append to a log can write an
 * event that looks like one.
 *
 * Errors: `not_found`, `forbidden` (owners ask, the operator fulfils), `plan_required`, `bad_request`, and those of `Exports.request`.
 */
export class ArchiveRequests {
  readonly #dependencies: ArchiveDependencies

  constructor(dependencies: ArchiveDependencies) {
    this.#dependencies = dependencies
  }

  async request(by: Principal, workspace: string, asked: ArchiveRequest): Promise<ShownArchiveRequest> {
    const { jobs, record, clock } = this.#dependencies
    const plan = await this.#plan(by, workspace)
    if (plan.archive === 'none')
      throw new TrailsealError('plan_required', 'The plan of this workspace comes without an archive.')
    parseTimeRange(asked)
    const id = `arc_${randomUUID()}`
    const now = clock.now()
    const requestedAt = new Date(now).toISOString()
    const dueAt = new Date(afterBusinessDays(now, BUSINESS_DAYS)).toISOString()
    const frozen: FrozenRequest = { ...asked, requester: by, requestedAt, dueAt }
    // Recorded first: dying between the two leaves a request that nobody answers, never an answer that no log knows of.
    await record(workspace, {
      actor: actorOf(by),
      action: 'audit.archive_requested',
      resource: resourceOf(id, asked),
      justification: asked.reason,
      metadata: { from: asked.from, to: asked.to, due_at: dueAt, token_id: by.tokenId },
    })
    const job = await jobs.enqueue({ id, kind: REQUEST, workspace, payload: asJobValue(frozen) })
    if (plan.archive === 'extended') await this.#fulfil(by, job)
    return await this.#shown(job)
  }

  /** Newest first. */
  async list(by: Principal, workspace: string): Promise<readonly ShownArchiveRequest[]> {
    await this.#plan(by, workspace)
    const requests = await this.#dependencies.jobs.list(workspace, REQUEST, LISTED)
    const answers = await this.#dependencies.jobs.list(workspace, FULFILMENT, 4 * LISTED)
    return await Promise.all(requests.map((job) => this.#shown(job, answers)))
  }

  /** By the operator; on extended plans also by an owner, for one whose file has expired. Harmless while one is there. */
  async fulfil(by: Principal, workspace: string, id: string): Promise<ShownArchiveRequest> {
    const plan = await this.#plan(by, workspace)
    if (by.role !== 'admin' && plan.archive !== 'extended')
      throw new TrailsealError('forbidden', 'On this plan the operator fulfils archive requests.')
    const job = await this.#dependencies.jobs.get(id)
    if (job?.kind !== REQUEST || job.workspace !== workspace)
      throw new TrailsealError('not_found', 'There is no such archive request.')
    const { status } = await this.#shown(job)
    if (status !== 'preparing' && status !== 'done') await this.#fulfil(by, job)
    return await this.#shown(job)
  }

  async #fulfil(by: Principal, job: Job): Promise<void> {
    const { exports, jobs, record } = this.#dependencies
    const { from, to, requester } = frozenOf(job)
    const email = requester.member?.email
    const made = await exports.request(by, job.workspace, {
      format: 'ndjson',
      filters: { from, to },
      ...(email === undefined ? {} : { email }),
    })
    await record(job.workspace, {
      actor: actorOf(by),
      action: 'audit.archive_fulfilled',
      resource: resourceOf(job.id, { from, to }),
      metadata: { export: made.id, token_id: by.tokenId },
    })
    // Dying before this line leaves an export that the request does not know of: it is fulfilled again.
    const answer: Fulfilment = { request: job.id, export: made.id }
    const id = `${job.id}.${made.id}`
    await jobs.enqueue({ id, kind: FULFILMENT, workspace: job.workspace, payload: asJobValue(answer) })
  }

  async #plan(by: Principal, workspace: string): Promise<Plan> {
    await this.#dependencies.workspaces.show(by, workspace)
    if (by.role !== 'admin' && by.role !== 'owner')
      throw new TrailsealError('forbidden', 'Archive requests are for owners of the workspace.')
    return (await this.#dependencies.workspaces.lookup(workspace)).plan
  }

  async #shown(job: Job, known?: readonly Job[]): Promise<ShownArchiveRequest> {
    const { jobs, clock } = this.#dependencies
    const answers = known ?? (await jobs.list(job.workspace, FULFILMENT, 4 * LISTED))
    const answer = answers.find((each) => fulfilmentOf(each).request === job.id)
    const made = answer ? await jobs.get(fulfilmentOf(answer).export) : null
    const { from, to, reason, requester, requestedAt, dueAt } = frozenOf(job)
    const { tokenId, role, member } = requester
    return {
      ...{ id: job.id, from, to, reason },
      status: answer ? statusOf(made, clock.now()) : 'open',
      requested_at: requestedAt,
      requested_by: { token_id: tokenId, role, name: member?.name ?? member?.email ?? null },
      due_at: dueAt,
      fulfilled_at: answer ? new Date(answer.createdAt).toISOString() : null,
      export: made?.kind === EXPORT_JOB ? made.id : null,
    }
  }
}

/** An export that is not listed any more expired long ago. */
function statusOf(made: Job | null, now: number): ShownArchiveRequest['status'] {
  if (made === null) return 'expired'
  const result = resultOf(made)
  if (result !== null) return result.expiresAt > now ? 'done' : 'expired'
  return made.state === 'failed' || made.state === 'cancelled' ? 'failed' : 'preparing'
}

/** The same time of day, so many days other than Saturday and Sunday later, in UTC. */
export function afterBusinessDays(from: number, days: number): number {
  let moment = from
  for (let left = days; left > 0;) {
    moment += DAY_MS
    if (![0, 6].includes(new Date(moment).getUTCDay())) left--
  }
  return moment
}

function resourceOf(id: string, { from, to }: Pick<ArchiveRequest, 'from' | 'to'>): AuditEvent['resource'] {
  return { type: 'ARCHIVE_REQUEST', id, name: `${from} to ${to}` }
}

function frozenOf(job: Job): FrozenRequest {
  return job.payload as unknown as FrozenRequest
}

function fulfilmentOf(job: Job): Fulfilment {
  return job.payload as unknown as Fulfilment
}

/** Records are JSON by their types; the port knows only that. */
function asJobValue(record: FrozenRequest | Fulfilment): JobValue {
  return record as unknown as JobValue
}
