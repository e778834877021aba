import type { Readable } from 'node:stream'
import type { Blobs } from '../blobs/blobs.ts'
import type { Clock } from '../clock.ts'
import { TrailsealError } from '../errors.ts'
import type { Job, Jobs } from '../jobs/jobs.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import type { ExportEvents } from './export-events.ts'
import { formatFacts } from './export-formats.ts'
import {
  blobKey,
  EXPORT_FILES,
  EXPORT_JOB,
  frozenOf,
  hasProof,
  resultOf,
  shownExport,
  type ExportFile,
  type ExportResult,
  type ShownExport,
} from './export-job.ts'
import { exportFileNames } from './manifest/manifest.ts'
import { requestExport, type ExportRequest, type RequestDependencies } from './request.ts'

/** Exports shown in a list; the log has all there ever were. */
const LISTED = 200

/** A file that is being handed out. */
export interface OpenFile {
  readonly name: string
  readonly contentType: string
  readonly size: number
  /** Of the export's file, lower-case hexadecimal; null for manifest and proof. */
  readonly sha256: string | null
  readonly body: Readable
}

export interface ExportsDependencies extends RequestDependencies {
  readonly blobs: Blobs
  readonly clock: Clock
  readonly jobs: Jobs
  readonly events: ExportEvents
}

/**
 * Exports as a caller sees them (contract §7). Whoever sees every event of a workspace sees all of its exports; whoever sees
 * less sees those that they asked for themselves, as long as they still see what they saw then.
 *
 * Errors: `forbidden`, `plan_required`, `not_found` (also for another one's export), `gone` (the file expired),
 * `export_not_ready`, and those of `requestExport`.
 */
export class Exports {
  readonly #dependencies: ExportsDependencies

  constructor(dependencies: ExportsDependencies) {
    this.#dependencies = dependencies
  }

  async request(by: Principal, workspace: string, request: ExportRequest): Promise<ShownExport> {
    return shownExport(await requestExport(this.#dependencies, by, workspace, request))
  }

  /** Newest first. */
  async list(by: Principal, workspace: string): Promise<readonly ShownExport[]> {
    const sees = await this.#sight(by, workspace)
    const jobs = await this.#dependencies.jobs.list(workspace, EXPORT_JOB, LISTED)
    return jobs.filter(sees).map(shownExport)
  }

  async show(by: Principal, workspace: string, id: string): Promise<ShownExport> {
    return shownExport(await this.#find(by, workspace, id))
  }

  /** For the file itself the download is recorded before its first byte leaves. */
  async open(by: Principal, workspace: string, id: string, file: ExportFile): Promise<OpenFile> {
    const { blobs, events } = this.#dependencies
    const job = await this.#find(by, workspace, id)
    const result = this.#finished(job)
    requireProof(job, file)
    const content = await blobs.get(blobKey(job, file))
    if (content === null) throw gone()
    try {
      if (file === 'file') await events.downloaded(job, by, result)
    } catch (error) {
      content.body.destroy()
      throw error
    }
    return { ...this.#nameOf(job, file), ...content, sha256: file === 'file' ? result.sha256 : null }
  }

  /** As `open`, without content and record: for HEAD. */
  async facts(
    by: Principal,
    workspace: string,
    id: string,
    file: ExportFile,
  ): Promise<Omit<OpenFile, 'body'>> {
    const job = await this.#find(by, workspace, id)
    const result = this.#finished(job)
    requireProof(job, file)
    const content = await this.#dependencies.blobs.get(blobKey(job, file))
    if (content === null) throw gone()
    content.body.destroy()
    return { ...this.#nameOf(job, file), size: content.size, sha256: file === 'file' ? result.sha256 : null }
  }

  /** Cancels what has not ended; of what has, removes files and listing. The log keeps its entries. */
  async remove(by: Principal, workspace: string, id: string): Promise<void> {
    const { jobs, events, blobs } = this.#dependencies
    const job = await this.#find(by, workspace, id)
    const mayEnd = by.role === 'admin' || by.role === 'owner' || isOwn(by, job)
    if (!mayEnd)
      throw new TrailsealError('forbidden', 'An export is ended by whoever asked for it, or by an owner.')
    // Cancelled first: recorded first it might still complete.
    if (job.finishedAt === null && (await jobs.cancel(id, 'cancelled'))) {
      await events.failed(job, 'cancelled', by)
      return
    }
    await events.deleted(job, by, resultOf(job))
    for (const file of EXPORT_FILES) await blobs.delete(blobKey(job, file))
    await jobs.remove(id)
  }

  async #find(by: Principal, workspace: string, id: string): Promise<Job> {
    const sees = await this.#sight(by, workspace)
    const job = await this.#dependencies.jobs.get(id)
    if (job?.kind !== EXPORT_JOB || job.workspace !== workspace || !sees(job))
      throw new TrailsealError('not_found', 'There is no such export.')
    return job
  }

  async #sight(by: Principal, workspace: string): Promise<(job: Job) => boolean> {
    const { everything, access } = await this.#dependencies.scan.start(by, workspace, {})
    return (job) => everything || (isOwn(by, job) && frozenOf(job).access === access)
  }

  #finished(job: Job): ExportResult {
    const result = resultOf(job)
    if (result === null) throw notReady(job)
    if (result.expiresAt <= this.#dependencies.clock.now()) throw gone()
    return result
  }

  #nameOf(job: Job, file: ExportFile): Pick<OpenFile, 'name' | 'contentType'> {
    const form = formatFacts(frozenOf(job).format)
    const names = exportFileNames({ workspace: { id: job.workspace, name: '' }, exportId: job.id }, form)
    if (file === 'file') return { name: names.export, contentType: form.contentType }
    return { name: names[file], contentType: 'application/json' }
  }
}

/** Tokens come and go; the person stays. */
function isOwn(by: Principal, job: Job): boolean {
  const { requester } = frozenOf(job)
  if (by.tokenId === requester.tokenId) return true
  return by.member !== null && by.role === requester.role && by.member.id === requester.member?.id
}

function requireProof(job: Job, file: ExportFile): void {
  if (file !== 'proof' || hasProof(frozenOf(job).format)) return
  throw new TrailsealError(
    'not_found',
    'Only NDJSON exports have a proof: their rows are the entries themselves. The manifest vouches for this file.',
  )
}

function notReady(job: Job): TrailsealError {
  if (job.state === 'failed' || job.state === 'cancelled')
    return new TrailsealError('not_found', 'This export failed, so it has no file.')
  return new TrailsealError('export_not_ready', 'This export is not done yet.', { retryAfterSeconds: 2 })
}

function gone(): TrailsealError {
  return new TrailsealError('gone', 'The file of this export has expired. Ask for the export again.')
}
