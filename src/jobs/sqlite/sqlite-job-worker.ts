import type { Clock } from '../../clock.ts'
import type { Sqlite } from '../../drivers/sqlite/sqlite.ts'
import { TrailsealError } from '../../errors.ts'
import type { Job, JobWork, JobWorker } from '../jobs.ts'
import type { JobNews } from './job-news.ts'
import { toJob } from './job-row.ts'
import type { Hold, JobRow } from './procedures.ts'

/** A job whose worker died is free again after this time. */
const LEASE_MS = 10_000
const HEARTBEAT_MS = 1_000
/** How often to look for jobs that other processes enqueued, or whose pause ended. */
const POLL_MS = 1_000

interface WorkerOptions {
  readonly sqlite: Sqlite
  readonly clock: Clock
  readonly news: JobNews
  readonly kind: string
  readonly work: JobWork
}

interface Running {
  readonly job: Job
  readonly hold: Hold
  readonly abort: AbortController
  progress: number
  renewedAt: number
}

/** Claims, runs and ends jobs of one kind until it is disposed of. */
export class SqliteJobWorker implements JobWorker {
  readonly #options: WorkerOptions
  readonly #running = new Map<Running, Promise<void>>()
  readonly #poll: NodeJS.Timeout
  readonly #heartbeat: NodeJS.Timeout
  #looking: Promise<void> | null = null
  #lookAgain = false
  #stopped = false

  constructor(options: WorkerOptions) {
    this.#options = options
    options.news.addEventListener('enqueued', this.#enqueued)
    options.news.addEventListener('cancelled', this.#cancelled)
    this.#poll = setInterval(() => this.#look(), POLL_MS).unref()
    this.#heartbeat = setInterval(() => void this.#renewAll(), HEARTBEAT_MS).unref()
    this.#look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    clearInterval(this.#poll)
    clearInterval(this.#heartbeat)
    this.#options.news.removeEventListener('enqueued', this.#enqueued)
    this.#options.news.removeEventListener('cancelled', this.#cancelled)
    await this.#looking
    for (const { abort } of this.#running.keys()) abort.abort(new Error('the worker stops'))
    await Promise.all(this.#running.values())
  }

  readonly #enqueued = (event: Event): void => {
    if ((event as CustomEvent<string>).detail === this.#options.kind) this.#look()
  }

  readonly #cancelled = (event: Event): void => {
    for (const { hold, abort } of this.#running.keys())
      if (hold.id === (event as CustomEvent<string>).detail) abort.abort(new Error('the job was cancelled'))
  }

  /** One look at a time; whatever is told meanwhile leads to another one. */
  #look(): void {
    if (this.#stopped) return
    this.#lookAgain = true
    this.#looking ??= this.#claimAll().finally(() => {
      this.#looking = null
    })
  }

  async #claimAll(): Promise<void> {
    const { work } = this.#options
    try {
      while (this.#lookAgain && !this.#stopped) {
        this.#lookAgain = false
        while (this.#running.size < work.concurrency) {
          const row = await this.#claim()
          if (!row) break
          this.#begin(row)
        }
      }
    } catch {
      // The store is away: whoever reads next reports it, and the next poll looks again.
    }
  }

  async #claim(): Promise<JobRow | null> {
    const { sqlite, clock, kind, work } = this.#options
    const now = clock.now()
    // A look costs a read; only a claim waits for the writer.
    if ((await sqlite.read({ procedure: 'jobs.hasDue', argument: { kind, now } })) !== true) return null
    const argument = { kind, perWorkspace: work.perWorkspace, now, until: now + LEASE_MS }
    const [row] = await sqlite.write([{ procedure: 'jobs.claim', argument }])
    return row as JobRow | null
  }

  #begin(row: JobRow): void {
    const running: Running = {
      job: toJob(row),
      hold: { id: row.id, lease: row.lease },
      abort: new AbortController(),
      progress: row.progress,
      renewedAt: this.#options.clock.now(),
    }
    const ended = this.#run(running).finally(() => {
      this.#running.delete(running)
      this.#look()
    })
    this.#running.set(running, ended)
  }

  /** Dying anywhere in here leaves a lease that ends; the next claim runs the job from its beginning. */
  async #run(running: Running): Promise<void> {
    const { job, abort } = running
    const { work } = this.#options
    try {
      // A job that kills its process every time would otherwise be begun for ever.
      if (job.attempt > work.attempts) {
        await this.#giveUp(
          running,
          new Error(job.error ?? 'The process ended before the job did, every time.'),
        )
        return
      }
      const progress = (fraction: number): void => {
        running.progress = Math.max(running.progress, Math.min(fraction, 1))
      }
      const result = await work.run(job, { signal: abort.signal, progress })
      await this.#change('jobs.finish', running, { result: JSON.stringify(result), now: this.#now() })
    } catch (error) {
      await this.#failed(running, error).catch(() => {
        // Not even the failure could be noted: the lease ends, and the job begins again.
      })
    }
  }

  async #failed(running: Running, error: unknown): Promise<void> {
    const { job, abort } = running
    const { work } = this.#options
    if (abort.signal.aborted) {
      // Handed back without counting; where the job was cancelled or lost this changes nothing.
      await this.#change('jobs.retry', running, { error: null, due: this.#now(), uncounted: 1 })
      return
    }
    if (work.isFinal(error) || job.attempt >= work.attempts) {
      await this.#giveUp(running, error)
      return
    }
    const due = this.#now() + work.backoff(job.attempt)
    await this.#change('jobs.retry', running, { error: sentence(error), due, uncounted: 0 })
  }

  async #giveUp(running: Running, error: unknown): Promise<void> {
    // Told first: dying between the two tells it again, the other way round nobody would ever hear of it.
    await this.#options.work.gaveUp(running.job, error)
    await this.#change('jobs.giveUp', running, { error: sentence(error), now: this.#now() })
  }

  async #renewAll(): Promise<void> {
    for (const running of this.#running.keys()) {
      const until = this.#now() + LEASE_MS
      try {
        const held = await this.#change('jobs.renew', running, { progress: running.progress, until })
        if (held) running.renewedAt = this.#now()
        else running.abort.abort(new Error('the job was cancelled or taken over'))
      } catch (cause) {
        // Others may take the job over from here on: stop before they do.
        if (this.#now() - running.renewedAt > LEASE_MS / 2)
          running.abort.abort(new Error('the lease could not be renewed', { cause }))
      }
    }
  }

  async #change(procedure: string, { hold }: Running, values: object): Promise<boolean> {
    const [held] = await this.#options.sqlite.write([{ procedure, argument: { ...hold, ...values } }])
    return held === true
  }

  #now(): number {
    return this.#options.clock.now()
  }
}

function sentence(error: unknown): string {
  if (error instanceof TrailsealError) return `${error.message} [${error.code}]`
  return error instanceof Error ? error.message : String(error)
}
