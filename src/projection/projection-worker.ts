import type { Ledger } from '../ledger/ledger.ts'
import type { Projector } from './projector.ts'

export interface ProjectionWorkerOptions {
  readonly ledger: Pick<Ledger, 'workspaces'>
  readonly projector: Pick<Projector, 'catchUp'>
  /** Told of each failure; the log is tried again. */
  readonly onFailure: (workspace: string | null, error: unknown) => void
  /** How often logs are looked at that nobody has announced: commits of a process that died. */
  readonly sweepMs?: number
}

const SWEEP_MS = 5_000
const RETRY_MS = 1_000
/** Logs that are caught up at the same time. */
const AT_ONCE = 4

/**
 * Keeps the search index behind the ledger where the two don't commit together: at once after a commit of this process, and by
 * sweeping for those of others. Any number of processes may run one; nothing is lost when one dies.
 */
export class ProjectionWorker implements AsyncDisposable {
  readonly #options: ProjectionWorkerOptions
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #sweeping: Promise<void> | null = null
  #closed = false

  constructor(options: ProjectionWorkerOptions) {
    this.#options = options
    this.#later(options.sweepMs ?? SWEEP_MS, () => this.#startSweep())
  }

  /** Told by the sequencer after each commit. */
  committed(workspace: string): void {
    this.#waiting.add(workspace)
    this.#startMore()
  }

  /** Stops after the batches in hand; what is left is caught up by whoever comes next. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all([...this.#running.values(), this.#sweeping])
  }

  #startMore(): void {
    for (const workspace of this.#waiting) {
      if (this.#closed || this.#running.size >= AT_ONCE) return
      if (this.#running.has(workspace)) continue
      this.#waiting.delete(workspace)
      this.#running.set(workspace, this.#catchUp(workspace))
    }
  }

  async #catchUp(workspace: string): Promise<void> {
    try {
      await this.#options.projector.catchUp(workspace)
    } catch (error) {
      this.#options.onFailure(workspace, error)
      this.#later(RETRY_MS, () => this.committed(workspace))
    }
    this.#running.delete(workspace)
    this.#startMore()
  }

  #startSweep(): void {
    this.#sweeping = this.#sweep().finally(() => {
      this.#later(this.#options.sweepMs ?? SWEEP_MS, () => this.#startSweep())
    })
  }

  async #sweep(): Promise<void> {
    try {
      for (const workspace of await this.#options.ledger.workspaces()) this.#waiting.add(workspace)
    } catch (error) {
      this.#options.onFailure(null, error)
    }
    this.#startMore()
  }

  #later(milliseconds: number, work: () => void): void {
    if (this.#closed) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, milliseconds)
    this.#timers.add(timer.unref())
  }
}
