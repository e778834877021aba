import type { AuditEvent, JsonObject } from '../event/audit-event.ts'
import { TrailsealError } from '../errors.ts'
import type { Job } from '../jobs/jobs.ts'
import { actorOf } from '../workspaces/workspaces.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import { frozenOf, type ExportResult } from './export-job.ts'

/** What happens to an export, as the workspace's own log has it. The log alone tells which exports ever existed. */
export type ExportEvent = Pick<AuditEvent, 'actor' | 'outcome' | 'resource'> & {
  /** Given where a repetition must not be recorded twice. */
  readonly id?: string
  readonly action:
    'export.requested' | 'export.completed' | 'export.failed' | 'export.downloaded' | 'export.deleted'
  readonly metadata: JsonObject
}

/** Appends to the workspace's log and settles when that is durable; an id that is there already with this content adds nothing. */
export type RecordExport = (workspace: string, event: ExportEvent) => Promise<void>

/** The facts of an export under which an auditor finds it. */
export type ExportFacts = Pick<Job, 'id' | 'workspace' | 'payload'>

/** Records what happened to an export, each event once however often its step is repeated. */
export class ExportEvents {
  readonly #record: RecordExport

  constructor(record: RecordExport) {
    this.#record = record
  }

  async requested(job: ExportFacts): Promise<void> {
    await this.#once(job, 'requested', event(job, 'export.requested', frozenOf(job as Job).requester, {}))
  }

  async completed(job: ExportFacts, { rows, bytes, sha256 }: ExportResult): Promise<void> {
    const facts = { rows, bytes, sha256 }
    await this.#once(job, 'completed', event(job, 'export.completed', frozenOf(job as Job).requester, facts))
  }

  /** `by`: who cancelled it, else the requester. */
  async failed(job: ExportFacts, reason: string, by: Principal | null = null): Promise<void> {
    const who = by ?? frozenOf(job as Job).requester
    const failed = event(job, 'export.failed', who, { error: reason.slice(0, 500) })
    await this.#once(job, 'failed', { ...failed, outcome: 'failure' })
  }

  async downloaded(job: ExportFacts, by: Principal, { rows, bytes, sha256 }: ExportResult): Promise<void> {
    await this.#record(job.workspace, event(job, 'export.downloaded', by, { rows, bytes, sha256 }))
  }

  async deleted(job: ExportFacts, by: Principal, result: ExportResult | null): Promise<void> {
    const facts = result === null ? {} : { rows: result.rows, bytes: result.bytes, sha256: result.sha256 }
    await this.#record(job.workspace, event(job, 'export.deleted', by, facts))
  }

  async #once(job: ExportFacts, step: string, recorded: ExportEvent): Promise<void> {
    try {
      await this.#record(job.workspace, { ...recorded, id: `${job.id}.${step}` })
    } catch (error) {
      if (!(error instanceof TrailsealError) || error.code !== 'id_conflict') throw error
      // Whoever may append can take our id beforehand: that must not keep the event out of the log.
      await this.#record(job.workspace, recorded)
    }
  }
}

function event(
  job: ExportFacts,
  action: ExportEvent['action'],
  by: Principal,
  facts: JsonObject,
): ExportEvent {
  const { format, filters, requester, moment, firstSeq, fileName } = frozenOf(job as Job)
  return {
    actor: actorOf(by),
    action,
    outcome: 'success',
    resource: { type: 'EXPORT', id: job.id, name: fileName },
    metadata: {
      format,
      filters: filters as JsonObject,
      ...(requester.scope === null ? {} : { scope: { ...requester.scope } }),
      token_id: by.tokenId,
      ...(by.tokenId === requester.tokenId ? {} : { requester_token_id: requester.tokenId }),
      first_seq: firstSeq,
      last_seq: moment.size - 1,
      ...facts,
    },
  }
}
