import { TrailsealError } from '../errors.ts'
import type { Job, JobValue, JobWork } from './jobs.ts'

/** A job that a worker has begun, and what its lease allows. Each answers whether the lease still held; only then it changed anything. */
export interface HeldJob {
  readonly job: Job
  renew(progress: number): Promise<boolean>
  finish(result: JobValue): Promise<boolean>
  giveUp(reason: string): Promise<boolean>
  /** Back into the queue: after a failure with its reason, or handed back, which counts as no attempt. */
  retry(after: {
    readonly error: string | null
    readonly pauseMs: number
    readonly uncounted: 0 | 1
  }): Promise<boolean>
}

interface Running {
  readonly held: HeldJob
  readonly abort: AbortController
  progress: number
  renewedAt: number
}

/** A job whose worker died is free again after this time. */
export const LEASE_MS = 10_000
const HEARTBEAT_MS = 1_000
/** Between two tries to tell a store that is away how a job ended. */
const TELL_AGAIN_MS = 500

/** The jobs that one worker runs, with their heartbeat: the same on every store. */
export class RunningJobs implements AsyncDisposable {
  readonly #work: JobWork
  readonly #leaseMs: number
  readonly #running = new Map<Running, Promise<void>>()
  readonly #heartbeat: NodeJS.Timeout
  readonly #stopping = new AbortController()

  constructor(work: JobWork, leaseMs = LEASE_MS) {
    this.#work = work
    this.#leaseMs = leaseMs
    this.#heartbeat = setInterval(() => void this.#renewAll(), Math.min(HEARTBEAT_MS, leaseMs / 10)).unref()
  }

  get size(): number {
    return this.#running.size
  }

  /** Settles when the job has ended, or went back into the queue. Never rejects. */
  async run(held: HeldJob): Promise<void> {
    const running: Running = {
      held,
      abort: new AbortController(),
      progress: held.job.progress,
      renewedAt: performance.now(),
    }
    const ended = this.#run(running).finally(() => this.#running.delete(running))
    this.#running.set(running, ended)
    if (this.#stopping.signal.aborted) running.abort.abort(new Error('the worker stops'))
    await ended
  }

  cancel(id: string): void {
    for (const { held, abort } of this.#running.keys())
      if (held.job.id === id) abort.abort(new Error('the job was cancelled'))
  }

  /** Hands back what runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heartbeat)
    this.#stopping.abort()
    for (const { abort } of this.#running.keys()) abort.abort(new Error('the worker stops'))
    await Promise.all(this.#running.values())
  }

  /** Dying anywhere in here leaves a lease that ends; the next claim runs the job from its beginning. */
  async #run(running: Running): Promise<void> {
    const { held, abort } = running
    try {
      // A job that kills its process every time would otherwise be begun for ever.
      if (held.job.attempt > this.#work.attempts) {
        await this.#giveUp(
          held,
          new Error(held.job.error ?? 'The process ended before the job did, every time.'),
        )
        return
      }
      const progress = (fraction: number): void => {
        running.progress = Math.max(running.progress, Math.min(fraction, 1))
      }
      const result = await this.#work.run(held.job, { signal: abort.signal, progress })
      await this.#told(() => held.finish(result))
    } catch (error) {
      await this.#failed(running, error).catch(() => {
        // Not even the failure could be noted: the lease ends, and the job begins again.
      })
    }
  }

  async #failed({ held, abort }: Running, error: unknown): Promise<void> {
    if (abort.signal.aborted)
      // Handed back without counting; where the job was cancelled or lost this changes nothing.
      await this.#told(() => held.retry({ error: null, pauseMs: 0, uncounted: 1 }))
    else if (this.#work.isFinal(error) || held.job.attempt >= this.#work.attempts)
      await this.#giveUp(held, error)
    else {
      const pauseMs = this.#work.backoff(held.job.attempt)
      await this.#told(() => held.retry({ error: sentence(error), pauseMs, uncounted: 0 }))
    }
  }

  async #giveUp(held: HeldJob, error: unknown): Promise<void> {
    // Told first: dying between the two tells it again, the other way round nobody would ever hear of it.
    await this.#work.gaveUp(held.job, error)
    await this.#told(() => held.giveUp(sentence(error)))
  }

  /**
   * While the store is away how a job ended is kept and told again: a run that reached its end is not made a second time because
   * nobody could hear of it. Repeating is safe, for the lease lets only the first one through.
   */
  async #told(tell: () => Promise<boolean>): Promise<void> {
    for (;;)
      try {
        await tell()
        return
      } catch (error) {
        const away = error instanceof TrailsealError && error.code === 'store_unavailable'
        if (!away || this.#stopping.signal.aborted) throw error
        await pause(TELL_AGAIN_MS, this.#stopping.signal)
      }
  }

  async #renewAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((running) => this.#renew(running)))
  }

  async #renew(running: Running): Promise<void> {
    const { held, abort } = running
    try {
      if (await held.renew(running.progress)) running.renewedAt = performance.now()
      else abort.abort(new Error('the job was cancelled or taken over'))
    } catch (cause) {
      // Others may take the job over from here on: stop before they do.
      if (performance.now() - running.renewedAt > this.#leaseMs / 2)
        abort.abort(new Error('the lease could not be renewed', { cause }))
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}

function sentence(error: unknown): string {
  if (error instanceof TrailsealError) return `${error.message} [${error.code}]`
  return error instanceof Error ? error.message : String(error)
}
