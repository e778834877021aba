import { TrailsealError } from '../errors.ts'
import type { LogEntry } from '../event/audit-event.ts'
import type { ScannedRow } from '../query/event-scan.ts'
import { equalBytes } from '../tlog/encoding.ts'
import { leafHash } from '../tlog/leaf.ts'
import { HASH_BYTES, type Sha256 } from '../tlog/sha256.ts'
import type { ExportRow } from './formats/export-format.ts'

/** Rows as they cross to another thread: four buffers that are handed over, not copied. */
export interface PackedRows {
  readonly seqs: Float64Array<ArrayBuffer>
  readonly lengths: Uint32Array<ArrayBuffer>
  /** All entries, one behind the other. */
  readonly entries: Uint8Array<ArrayBuffer>
  /** All leaf hashes that the log committed to. */
  readonly leafHashes: Uint8Array<ArrayBuffer>
}

export function packRows(rows: readonly ScannedRow[]): PackedRows {
  const seqs = new Float64Array(rows.length)
  const lengths = new Uint32Array(rows.length)
  const leafHashes = new Uint8Array(rows.length * HASH_BYTES)
  const entries = new Uint8Array(rows.reduce((sum, { entry }) => sum + entry.length, 0))
  let end = 0
  for (const [at, { seq, entry, leafHash: leaf }] of rows.entries()) {
    seqs[at] = seq
    lengths[at] = entry.length
    leafHashes.set(leaf, at * HASH_BYTES)
    entries.set(entry, end)
    end += entry.length
  }
  return { seqs, lengths, entries, leafHashes }
}

export function buffersOf({ seqs, lengths, entries, leafHashes }: PackedRows): ArrayBuffer[] {
  return [seqs.buffer, lengths.buffer, entries.buffer, leafHashes.buffer]
}

/**
 * The rows again, each hashed: what the log did not commit to is not exported. Throws `tampered` with the seq.
 */
export function* unpackRows(packed: PackedRows, sha256: Sha256): Generator<ExportRow, void> {
  let start = 0
  for (const [at, length] of packed.lengths.entries()) {
    const seq = packed.seqs[at] ?? 0
    const entry = packed.entries.subarray(start, start + length)
    const committed = packed.leafHashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
    start += length
    if (!equalBytes(leafHash(entry, sha256), committed))
      throw new TrailsealError('tampered', `Entry ${seq} of the log is not what the log committed to.`)
    yield new UnpackedRow(seq, entry, committed)
  }
}

const decoder = new TextDecoder()

class UnpackedRow implements ExportRow {
  readonly seq: number
  readonly entry: Uint8Array
  readonly leafHash: Uint8Array
  #event: LogEntry | null = null

  constructor(seq: number, entry: Uint8Array, committed: Uint8Array) {
    this.seq = seq
    this.entry = entry
    this.leafHash = committed
  }

  /** Parsed where a format asks for it; it was canonical when it was sealed. */
  get event(): LogEntry {
    this.#event ??= JSON.parse(decoder.decode(this.entry)) as LogEntry
    return this.#event
  }
}
