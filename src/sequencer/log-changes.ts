import type { Ledger } from '../ledger/ledger.ts'

/** Other processes may append to the same store: their commits are noticed this often. */
const POLL_MS = 500

/**
 * Lets readers wait until a log has grown: at once when this process did it, within half a second when another did. One
 * timer a waited-for log, none where nobody waits.
 */
export class LogChanges {
  readonly #ledger: Ledger
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #sizes = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Told by the sequencer after each commit. */
  committed(workspace: string, size: number): void {
    if (!this.#waiting.has(workspace)) return
    this.#sizes.set(workspace, size)
    this.#wake(workspace)
  }

  /** Settles when the log may have more than `afterSize` entries, or the signal is aborted. Never rejects. */
  async wait(workspace: string, afterSize: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || (this.#sizes.get(workspace) ?? 0) > afterSize) return
    await new Promise<void>((resolve) => {
      const waiters = this.#waiting.get(workspace) ?? new Set()
      this.#waiting.set(workspace, waiters)
      const done = () => {
        waiters.delete(done)
        signal.removeEventListener('abort', done)
        if (waiters.size === 0) this.#forget(workspace)
        resolve()
      }
      waiters.add(done)
      signal.addEventListener('abort', done, { once: true })
      this.#timer ??= setInterval(() => void this.#poll(), POLL_MS).unref()
    })
  }

  async #poll(): Promise<void> {
    for (const workspace of [...this.#waiting.keys()]) {
      try {
        const size = (await this.#ledger.head(workspace))?.size ?? 0
        const known = this.#sizes.get(workspace)
        this.#sizes.set(workspace, size)
        if (known === undefined || size > known) this.#wake(workspace)
      } catch {
        // The store is away: whoever reads next meets the error and reports it.
        this.#wake(workspace)
      }
    }
  }

  #wake(workspace: string): void {
    for (const done of [...(this.#waiting.get(workspace) ?? [])]) done()
  }

  #forget(workspace: string): void {
    this.#waiting.delete(workspace)
    this.#sizes.delete(workspace)
    if (this.#waiting.size > 0 || !this.#timer) return
    clearInterval(this.#timer)
    this.#timer = null
  }
}
