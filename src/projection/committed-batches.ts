/** An entry as its commit left it. */
export interface CommittedEntry {
  readonly seq: number
  /** The canonical bytes. */
  readonly entry: Uint8Array
}

/** Neighbouring entries of a log, ascending, at least one. */
type Batch = readonly CommittedEntry[]

/**
 * What this process has committed and the index does not have yet: so that what is in memory need not be read again. Bounded
 * by bytes; what is not taken, and what dies with the process, is in the ledger.
 */
export class CommittedBatches {
  readonly #mostBytes: number
  readonly #batches = new Map<string, Batch[]>()
  #bytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  add(workspace: string, batch: Batch): void {
    const bytes = bytesOf(batch)
    if (batch.length === 0 || this.#bytes + bytes > this.#mostBytes) return
    const own = this.#batches.get(workspace) ?? []
    const end = endOf(own.at(-1))
    // Commits of one log are told in order; one that was left out makes a gap that the ledger fills.
    if (own.length > 0 && (batch[0]?.seq ?? 0) < end) return
    own.push(batch)
    this.#bytes += bytes
    this.#batches.set(workspace, own)
  }

  /** Entries from `position` on, at most so many. Empty where they are not here. They stay until `position` is behind them. */
  from(workspace: string, position: number, most: number): CommittedEntry[] {
    this.#dropBefore(workspace, position)
    const entries: CommittedEntry[] = []
    for (const batch of this.#batches.get(workspace) ?? []) {
      const next = position + entries.length
      if ((batch[0]?.seq ?? 0) > next || entries.length === most) break
      const skipped = next - (batch[0]?.seq ?? 0)
      entries.push(...batch.slice(skipped, skipped + most - entries.length))
    }
    return entries
  }

  /** The first entry here at or after `position`; null where none is. */
  next(workspace: string, position: number): number | null {
    this.#dropBefore(workspace, position)
    return this.#batches.get(workspace)?.[0]?.[0]?.seq ?? null
  }

  #dropBefore(workspace: string, position: number): void {
    const own = this.#batches.get(workspace)
    while (own?.[0] && endOf(own[0]) <= position) this.#bytes -= bytesOf(own.shift() ?? [])
    if (own?.length === 0) this.#batches.delete(workspace)
  }
}

function endOf(batch: Batch | undefined): number {
  return (batch?.at(-1)?.seq ?? -1) + 1
}

function bytesOf(batch: Batch): number {
  return batch.reduce((sum, { entry }) => sum + entry.length, 0)
}
