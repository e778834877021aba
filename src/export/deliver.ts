import type { Clock } from '../clock.ts'
import type { Blobs } from '../blobs/blobs.ts'
import type { Job, Jobs } from '../jobs/jobs.ts'
import type { Attestation } from './attestation.ts'
import type { ExportEvents } from './export-events.ts'
import { formatFacts } from './export-formats.ts'
import { blobKey, frozenOf, hasProof, KEPT_MS, type ExportResult } from './export-job.ts'
import { mailJob, readyMail } from './ready-mail.ts'
import type { ExportedFile } from './run.ts'

export interface DeliveryDependencies {
  readonly blobs: Blobs
  readonly jobs: Jobs
  readonly events: ExportEvents
  readonly attestation: Attestation
  readonly clock: Clock
  readonly publicUrl: URL
}

/**
 * Makes a finished file public: proof and manifest beside it, all three stored, the completion recorded, the mail queued.
 * Each step may be repeated, and the last one only follows when those before it are durable.
 */
export async function deliverExport(
  dependencies: DeliveryDependencies,
  job: Job,
  file: ExportedFile,
): Promise<ExportResult> {
  const { blobs, jobs, events, attestation, clock, publicUrl } = dependencies
  const frozen = frozenOf(job)
  const [proof] = await Promise.all([
    hasProof(frozen.format) ? blobs.put(blobKey(job, 'proof'), attestation.proof(file)) : null,
    // it waits for its disk, and the proof for the processor
    blobs.putFile(blobKey(job, 'file'), file.path),
  ])
  const manifest = await attestation.manifest(file, formatFacts(frozen.format), proof)
  await blobs.put(blobKey(job, 'manifest'), oneChunk(manifest))
  const result: ExportResult = {
    rows: file.context.rows,
    bytes: file.size,
    sha256: file.sha256,
    expiresAt: clock.now() + KEPT_MS,
  }
  // Dying before this line leaves files that nobody is told of: the job runs again and replaces them with the same ones.
  await events.completed(job, result)
  if (frozen.mailTo !== null)
    await jobs.enqueue(mailJob(job, readyMail(job, frozen.mailTo, result, publicUrl)))
  return result
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream, whose one part is at hand
async function* oneChunk(text: string): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(text, 'utf8')
}
