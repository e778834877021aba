import { TrailsealError } from '../../errors.ts'

/**
 * How many unpacked bytes of request bodies are in memory at once, over all requests: whatever arrives, memory stays
 * bounded. Parsed events take several times their bytes, so this is far below what the process may use.
 */
export class Intake {
  readonly #limit: number
  #bytes = 0

  constructor(limitBytes = 64 * 1024 * 1024) {
    this.#limit = limitBytes
  }

  /** A place for one body; what it took is given back when it is disposed of. */
  open(): IntakePlace {
    let taken = 0
    return {
      take: (bytes) => {
        // One body alone always has room: its own limit is smaller.
        if (this.#bytes + bytes > this.#limit)
          throw new TrailsealError(
            'overloaded',
            'The gateway is busy with other requests. Try again in a second.',
            {
              retryAfterSeconds: 1,
            },
          )
        this.#bytes += bytes
        taken += bytes
      },
      [Symbol.dispose]: () => {
        this.#bytes -= taken
        taken = 0
      },
    }
  }
}

export interface IntakePlace extends Disposable {
  /** Errors: `overloaded`. */
  take(bytes: number): void
}
