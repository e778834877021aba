import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { TrailsealError } from '../errors.ts'
import type { Job, JobRun } from '../jobs/jobs.ts'
import type { EventScan, ScanRequest } from '../query/event-scan.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import { frozenOf, type FrozenExport } from './export-job.ts'
import { formatFacts, type FormatSettings } from './export-formats.ts'
import { FileWriter } from './file-writer.ts'
import { requireFits, type ExportContext } from './formats/export-format.ts'
import { filtersInWords, requesterInWords, scopeInWords } from './in-words.ts'
import { orderOf } from './rows-order.ts'
import type { WrittenFile } from './thread-messages.ts'

/** A revoked token stops what it started within this time. */
const TOKEN_HOLDS_MS = 1_000

export interface RunDependencies {
  readonly scan: EventScan
  /** Whether the requester's token is still one: not revoked, not expired. */
  readonly stillValid: (principal: Principal) => Promise<boolean>
  readonly clock: Clock
  /** `<TRAILSEAL_ORIGIN>/<workspace>`. */
  readonly origin: (workspace: string) => string
  readonly publicUrl: URL
  /** Asked when a format needs them. */
  readonly settings: () => Promise<FormatSettings>
  /** For files that are being written. */
  readonly workFolder: string
}

/** A finished file that nobody but this process knows of yet. */
export interface ExportedFile extends WrittenFile, AsyncDisposable {
  readonly path: string
  readonly context: ExportContext
  /** Which entries it has, in its order. */
  readonly seqs: Float64Array
}

/**
 * Writes the file of an export. The same job gives the same bytes, whenever and however often it runs.
 *
 * Errors: `unauthenticated` (the requester's token ended), those of `EventScan` and `FileWriter`, and the signal's reason.
 */
export async function writeExport(
  dependencies: RunDependencies,
  job: Job,
  run: JobRun,
): Promise<ExportedFile> {
  const frozen = frozenOf(job)
  const guard = new TokenGuard(dependencies, frozen.requester)
  await guard.check()
  const request = { moment: frozen.moment, filters: frozen.filters, order: orderOf(frozen.format) }
  const rows = await dependencies.scan.count(frozen.requester, job.workspace, request)
  requireFits(formatFacts(frozen.format), rows)
  const context = contextOf(dependencies, job, frozen, rows)
  const path = await emptyPath(dependencies.workFolder, job)
  const seqs = new Float64Array(rows)
  const remove = async (): Promise<void> => await rm(path, { force: true })
  try {
    const file = await writeRows(dependencies, { job, frozen, request, context, path, seqs, guard, run })
    return { ...file, path, context, seqs, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

interface Writing {
  readonly job: Job
  readonly frozen: FrozenExport
  readonly request: ScanRequest
  readonly context: ExportContext
  readonly path: string
  /** Room for as many as there are to be. */
  readonly seqs: Float64Array
  readonly guard: TokenGuard
  readonly run: JobRun
}

async function writeRows(
  { scan, settings }: RunDependencies,
  { job, frozen, request, context, path, seqs, guard, run }: Writing,
): Promise<WrittenFile> {
  const { signal } = run
  const { format } = frozen
  await using file = new FileWriter(
    { format, context, path, settings: format === 'pdf' ? await settings() : null },
    (bytes) => scan.release(bytes),
  )
  let written = 0
  for await (const batch of scan.scan(frozen.requester, job.workspace, request, signal)) {
    signal.throwIfAborted()
    await guard.checkNowAndThen()
    // handing the rows over takes them from here
    const { length } = batch.seqs
    if (written + length > context.rows) throw changed()
    seqs.set(batch.seqs, written)
    written += length
    await file.write(batch)
    // the last step is left for proof and delivery
    run.progress((0.98 * written) / Math.max(1, context.rows))
  }
  signal.throwIfAborted()
  await guard.check()
  if (written !== context.rows) throw changed()
  return await file.end()
}

/** The index was rebuilt meanwhile: a file that says otherwise than its title must not be. */
function changed(): TrailsealError {
  return new TrailsealError('index_lagging', 'The search index changed while the export was written.')
}

function contextOf(
  { origin, publicUrl }: RunDependencies,
  { id, workspace }: Job,
  frozen: FrozenExport,
  rows: number,
): ExportContext {
  const { requester, filters, moment, checkpoint, workspaceName, everything } = frozen
  return {
    exportId: id,
    workspace: { id: workspace, name: workspaceName },
    origin: origin(workspace),
    requester: requesterInWords(requester),
    filters: filtersInWords(filters),
    scope: scopeInWords(requester, everything),
    generatedAt: new Date(moment.at).toISOString(),
    checkpoint,
    viewerUrl: new URL(`/?workspace=${workspace}`, publicUrl).href,
    rows,
    order: orderOf(frozen.format),
  }
}

/** A run of the same job that died left its file behind; one that lost its lease may still be writing another. */
async function emptyPath(folder: string, { id, attempt }: Job): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder))
    if (name.startsWith(`${id}.`)) await rm(join(folder, name), { force: true })
  return join(folder, `${id}.${process.pid}.${attempt}`)
}

class TokenGuard {
  readonly #dependencies: Pick<RunDependencies, 'stillValid' | 'clock'>
  readonly #requester: Principal
  #checkedAt = 0

  constructor(dependencies: Pick<RunDependencies, 'stillValid' | 'clock'>, requester: Principal) {
    this.#dependencies = dependencies
    this.#requester = requester
  }

  async checkNowAndThen(): Promise<void> {
    if (this.#dependencies.clock.now() - this.#checkedAt >= TOKEN_HOLDS_MS) await this.check()
  }

  async check(): Promise<void> {
    if (!(await this.#dependencies.stillValid(this.#requester)))
      throw new TrailsealError(
        'unauthenticated',
        'The token that asked for this export was revoked or has expired.',
      )
    this.#checkedAt = this.#dependencies.clock.now()
  }
}
