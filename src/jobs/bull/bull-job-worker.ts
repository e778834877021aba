import type { JobWork, JobWorker } from '../jobs.ts'
import { RunningJobs } from '../running-jobs.ts'
import type { JobRecords } from './job-records.ts'
import type { Turns } from './turns.ts'

interface WorkerOptions {
  readonly kind: string
  readonly work: JobWork
  readonly records: JobRecords
  readonly leaseMs: number
  /** Where it makes turns for others. */
  readonly turns: Turns
  /** Where it gets its own. */
  readonly deliveries: Turns
  readonly ended: () => void
}

/** Takes turns, and runs jobs of one kind in each until there is none to begin. */
export class BullJobWorker implements JobWorker {
  readonly #options: WorkerOptions
  readonly #running: RunningJobs
  readonly #look: NodeJS.Timeout
  #stopped = false

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#running = new RunningJobs(options.work, options.leaseMs)
    options.deliveries.deliver(options.work.concurrency, () => this.#takeTurn())
    this.#look = setInterval(() => void this.#makeTurn(), options.leaseMs / 2).unref()
    void this.#makeTurn()
  }

  cancelled(id: string): void {
    this.#running.cancel(id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop()
    await this.#running[Symbol.asyncDispose]()
    await this.leave()
    // What was handed back, and any turn that was taken too late: somebody else's from now on.
    await this.#makeTurn()
    this.#options.ended()
  }

  /** Takes no more turns; what runs is left alone. */
  async leave(): Promise<void> {
    this.#stop()
    await this.#options.deliveries.close()
  }

  #stop(): void {
    this.#stopped = true
    clearInterval(this.#look)
  }

  async #takeTurn(): Promise<void> {
    const { records, kind, work, turns } = this.#options
    while (!this.#stopped) {
      const held = await records.claim(kind, work.perWorkspace)
      if (held === null) return
      await this.#running.run({
        ...held,
        retry: async (after) => {
          const held_ = await held.retry(after)
          if (held_ && after.pauseMs > 0) await turns.add(after.pauseMs)
          return held_
        },
      })
    }
  }

  /** A turn where a job could begin and none is waiting: after a start, a crash, or when Redis lost what it had not yet written. */
  async #makeTurn(): Promise<void> {
    const { records, kind, work, turns } = this.#options
    try {
      if ((await records.hasClaimable(kind, work.perWorkspace)) && !(await turns.isWaiting()))
        await turns.add()
    } catch {
      // Redis is away: whoever reads next reports it, and the next look makes the turn.
    }
  }
}
