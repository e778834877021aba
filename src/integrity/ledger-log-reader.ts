import type { Ledger } from '../ledger/ledger.ts'
import { EMPTY_ROOT } from '../tlog/leaf.ts'
import type { LogReader, StoredHead } from '../verify/log-reader.ts'

/** The log of one workspace as the verifier wants it, straight from the ledger. */
export class LedgerLogReader implements LogReader {
  readonly #ledger: Ledger
  readonly #workspace: string

  constructor(ledger: Ledger, workspace: string) {
    this.#ledger = ledger
    this.#workspace = workspace
  }

  async head(): Promise<StoredHead> {
    const head = await this.#ledger.head(this.#workspace)
    if (head) return head
    const nothing = new Uint8Array()
    return { checkpoint: '', size: 0, root: EMPTY_ROOT, compactRange: nothing, lastLeaf: new Uint8Array(32) }
  }

  async checkpoint(): Promise<string> {
    return (await this.head()).checkpoint
  }

  tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    return this.#ledger.tile(this.#workspace, level, index, width)
  }

  async entries(first: number, count: number): Promise<readonly (Uint8Array | null)[]> {
    const entries = await this.#ledger.entries(this.#workspace, first, count)
    if (entries.length === count) return entries
    // Something in between can't be read: each entry is asked for by itself, so that the gap gets its name.
    return await this.#ledger.entriesAt(
      this.#workspace,
      Array.from({ length: count }, (_, at) => first + at),
    )
  }
}
