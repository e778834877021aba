/** Work on the event loop between two chances for others. */
const SLICE_MS = 4

/** Cuts long synchronous work into slices, so that the event loop gets its turn at least every few milliseconds. */
export class Slices {
  #started = performance.now()

  isOver(): boolean {
    return performance.now() - this.#started >= SLICE_MS
  }

  async next(): Promise<void> {
    await new Promise(setImmediate)
    this.#started = performance.now()
  }
}
