import type { LogEntry } from '../event/audit-event.ts'
import type { ScannedRows } from '../query/event-scan.ts'
import { HASH_BYTES } from '../tlog/sha256.ts'
import type { ExportRow, ExportRows } from './formats/export-format.ts'

const LINE_FEED = 0x0a

/** Rows that lie in the bytes of scanned entries: nothing of one is looked at before a format asks for it. */
export class ScannedExportRows implements ExportRows {
  readonly #entries: ScannedRows

  constructor(entries: ScannedRows) {
    this.#entries = entries
  }

  *[Symbol.iterator](): Generator<ExportRow, void> {
    for (let at = 0; at < this.#entries.seqs.length; at++) yield new ScannedExportRow(this.#entries, at)
  }

  lines(): Uint8Array {
    const { starts, lengths, bytes } = this.#entries
    let end = 0
    for (let at = 0; at < starts.length; at++) {
      const start = starts[at] ?? 0
      const length = lengths[at] ?? 0
      // between two entries is more room than a line feed takes: none is written over before it is moved
      if (start < end) throw new Error('lines are made of rows that lie in their order')
      bytes.copyWithin(end, start, start + length)
      end += length
      bytes[end++] = LINE_FEED
    }
    return bytes.subarray(0, end)
  }
}

const decoder = new TextDecoder()

class ScannedExportRow implements ExportRow {
  readonly #entries: ScannedRows
  readonly #at: number
  #event: LogEntry | null = null

  constructor(entries: ScannedRows, at: number) {
    this.#entries = entries
    this.#at = at
  }

  get seq(): number {
    return this.#entries.seqs[this.#at] ?? 0
  }

  get entry(): Uint8Array {
    const start = this.#entries.starts[this.#at] ?? 0
    return this.#entries.bytes.subarray(start, start + (this.#entries.lengths[this.#at] ?? 0))
  }

  get leafHash(): Uint8Array {
    return this.#entries.leafHashes.subarray(this.#at * HASH_BYTES, (this.#at + 1) * HASH_BYTES)
  }

  /** Parsed where a format asks for it; it was canonical when it was sealed. */
  get event(): LogEntry {
    this.#event ??= JSON.parse(decoder.decode(this.entry)) as LogEntry
    return this.#event
  }
}
