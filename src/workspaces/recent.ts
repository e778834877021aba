import type { Clock } from '../clock.ts'

interface Remembered<Value> {
  readonly at: number
  readonly value: Promise<Value | null>
}

/** Bounds memory; forgetting costs a read. */
const MOST_KEPT = 10_000

/**
 * Small facts that are needed at every request, remembered for at most a second from the moment they were asked for, so that
 * what another process changed counts within that second. Callers who ask at the same time share one read.
 * Nothing unknown and no failure is remembered.
 */
export class Recent<Value> {
  readonly #clock: Clock
  readonly #maxAgeMs: number
  readonly #kept = new Map<string, Remembered<Value>>()

  constructor(clock: Clock, maxAgeMs = 1_000) {
    this.#clock = clock
    this.#maxAgeMs = maxAgeMs
  }

  get(key: string, read: () => Promise<Value | null>): Promise<Value | null> {
    const now = this.#clock.now()
    const kept = this.#kept.get(key)
    // A clock that went backwards makes an age negative: then nothing kept can be trusted.
    if (kept && now >= kept.at && now - kept.at < this.#maxAgeMs) return kept.value
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear()
    const remembered = { at: now, value: read() }
    this.#kept.set(key, remembered)
    const drop = (): void => {
      if (this.#kept.get(key) === remembered) this.#kept.delete(key)
    }
    remembered.value.then((value) => {
      if (value === null) drop()
    }, drop)
    return remembered.value
  }

  /** After a change of our own: the next caller reads again. */
  forget(): void {
    this.#kept.clear()
  }
}
