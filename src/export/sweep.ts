import type { Blobs } from '../blobs/blobs.ts'
import type { Clock } from '../clock.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { BLOB_PREFIX, EXPORT_JOB, KEPT_MS } from './export-job.ts'
import { MAIL_JOB } from './ready-mail.ts'

const EVERY_MS = 10 * 60 * 1_000
/** Files are stored a moment before the export counts as done. */
const GRACE_MS = 60 * 60 * 1_000
/** How long a list shows exports whose file has expired. */
const LISTED_MS = 30 * 24 * 60 * 60 * 1_000
const BATCH = 100

interface SweepDependencies {
  readonly blobs: Blobs
  readonly jobs: Jobs
  readonly clock: Clock
  readonly observe: { sweepFailed(error: unknown): void }
}

/** Removes the files of exports after seven days, those of exports that failed half-way among them, and later their listing. */
export async function sweepExports({
  blobs,
  jobs,
  clock,
}: Omit<SweepDependencies, 'observe'>): Promise<void> {
  const now = clock.now()
  for await (const { key } of blobs.storedBefore(BLOB_PREFIX, now - KEPT_MS - GRACE_MS))
    await blobs.delete(key)
  for (const kind of [EXPORT_JOB, MAIL_JOB])
    for (;;) {
      const ended = await jobs.endedBefore(kind, now - LISTED_MS, BATCH)
      for (const { id } of ended) await jobs.remove(id)
      if (ended.length < BATCH) break
    }
}

/** Sweeps now and then, one sweep at a time, until it is disposed of. */
export function startSweep(dependencies: SweepDependencies): AsyncDisposable {
  let sweeping: Promise<void> | null = null
  const sweep = (): void => {
    sweeping ??= sweepExports(dependencies)
      .catch((error: unknown) => dependencies.observe.sweepFailed(error))
      .finally(() => {
        sweeping = null
      })
  }
  const timer = setInterval(sweep, EVERY_MS).unref()
  sweep()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await sweeping
    },
  }
}
