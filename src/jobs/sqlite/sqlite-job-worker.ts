import type { Clock } from '../../clock.ts'
import type { Sqlite } from '../../drivers/sqlite/sqlite.ts'
import type { JobWork, JobWorker } from '../jobs.ts'
import { LEASE_MS, RunningJobs, type HeldJob } from '../running-jobs.ts'
import type { JobNews } from './job-news.ts'
import { toJob } from './job-row.ts'
import type { Hold, JobRow } from './procedures.ts'

/** How often to look for jobs that other processes enqueued, or whose pause ended. */
const POLL_MS = 1_000

interface WorkerOptions {
  readonly sqlite: Sqlite
  readonly clock: Clock
  readonly news: JobNews
  readonly kind: string
  readonly work: JobWork
}

/** Claims, runs and ends jobs of one kind until it is disposed of. */
export class SqliteJobWorker implements JobWorker {
  readonly #options: WorkerOptions
  readonly #running: RunningJobs
  readonly #poll: NodeJS.Timeout
  #looking: Promise<void> | null = null
  #lookAgain = false
  #stopped = false

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#running = new RunningJobs(options.work)
    options.news.addEventListener('enqueued', this.#enqueued)
    options.news.addEventListener('cancelled', this.#cancelled)
    this.#poll = setInterval(() => this.#look(), POLL_MS).unref()
    this.#look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    clearInterval(this.#poll)
    this.#options.news.removeEventListener('enqueued', this.#enqueued)
    this.#options.news.removeEventListener('cancelled', this.#cancelled)
    await this.#looking
    await this.#running[Symbol.asyncDispose]()
  }

  readonly #enqueued = (event: Event): void => {
    if ((event as CustomEvent<string>).detail === this.#options.kind) this.#look()
  }

  readonly #cancelled = (event: Event): void => {
    this.#running.cancel((event as CustomEvent<string>).detail)
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
          void this.#running.run(this.#held(row)).then(() => this.#look())
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

  #held(row: JobRow): HeldJob {
    const hold: Hold = { id: row.id, lease: row.lease }
    const now = (): number => this.#options.clock.now()
    const change = async (procedure: string, values: object): Promise<boolean> => {
      const [held] = await this.#options.sqlite.write([{ procedure, argument: { ...hold, ...values } }])
      return held === true
    }
    return {
      job: toJob(row),
      renew: (progress) => change('jobs.renew', { progress, until: now() + LEASE_MS }),
      finish: (result) => change('jobs.finish', { result: JSON.stringify(result), now: now() }),
      giveUp: (reason) => change('jobs.giveUp', { error: reason, now: now() }),
      retry: ({ error, pauseMs, uncounted }) =>
        change('jobs.retry', { error, due: now() + pauseMs, uncounted }),
    }
  }
}
