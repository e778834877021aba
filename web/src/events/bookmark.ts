import { getJson, workspacePath } from '../api/client.ts'
import type { Integrity } from '../api/types.ts'

/**
 * How far a list and its live feed have the log together. It is placed before the list is asked for: then whatever is
 * committed while the list is on its way lies behind it, and the live feed brings it, however much that is.
 */
export class Bookmark {
  readonly #workspace: string
  #after: number | null = null

  constructor(workspace: string) {
    this.#workspace = workspace
  }

  /** Seq of the last entry that needs not come by the live feed; null before it is placed. */
  get after(): number | null {
    return this.#after
  }

  /** Places it behind what searches find now. Throws what the interface answers. */
  async place(signal: AbortSignal): Promise<void> {
    const { size, index_lag } = await getJson<Integrity>(workspacePath(this.#workspace, 'integrity'), signal)
    // Below 0 only in a log without an entry; its first is the product's own.
    this.#after = Math.max(0, size - index_lag - 1)
  }

  /** The live feed has brought everything up to this seq. */
  advance(seq: number): void {
    this.#after = seq
  }
}
