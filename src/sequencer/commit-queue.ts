import { TrailsealError } from '../errors.ts'

/** Something that waits for its commit. Requests are never split: they are all or nothing. */
export interface Waiting {
  readonly workspace: string
  /** Canonical bytes, which is what memory it holds grows with. */
  readonly bytes: number
}

export interface QueueLimits {
  /** What may wait, in canonical bytes; beyond it `overloaded`. */
  readonly maxWaitingBytes: number
  /** A flush closes when it has at least this many canonical bytes. */
  readonly maxFlushBytes: number
}

/**
 * The one queue in front of the ledger: first in, first out, bounded by bytes. Whatever arrived while one flush was
 * committing leaves together in the next, which is what makes single events cheap.
 */
export class CommitQueue<Request extends Waiting> {
  readonly #limits: QueueLimits
  #requests: Request[] = []
  #bytes = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0
  }

  /** Errors: `overloaded`; then nothing of the request was taken. */
  add(request: Request): void {
    // A request larger than the whole bound may pass an empty queue, else it never could.
    if (!this.isEmpty && this.#bytes + request.bytes > this.#limits.maxWaitingBytes)
      throw new TrailsealError(
        'overloaded',
        'More events are waiting than the gateway holds. Try again in a second.',
        {
          retryAfterSeconds: 1,
        },
      )
    this.#requests.push(request)
    this.#bytes += request.bytes
  }

  /** The next flush: at least one request, where any waits. */
  take(): readonly Request[] {
    let bytes = 0
    let count = 0
    for (const request of this.#requests) {
      if (count > 0 && bytes + request.bytes > this.#limits.maxFlushBytes) break
      bytes += request.bytes
      count += 1
    }
    const flush = this.#requests.slice(0, count)
    this.#requests = this.#requests.slice(count)
    this.#bytes -= bytes
    return flush
  }
}
