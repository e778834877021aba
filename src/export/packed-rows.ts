import { hash } from 'node:crypto'
import { TrailsealError } from '../errors.ts'
import type { LogEntry } from '../event/audit-event.ts'
import type { ScannedRow } from '../query/event-scan.ts'
import { HASH_BYTES } from '../tlog/sha256.ts'
import type { ExportRow } from './formats/export-format.ts'

/**
 * Rows as they cross to another thread: one buffer that is handed over, not copied. In it stand, for `count` rows one after the other,
 * their seqs (float64), the lengths of their entries (uint32), the leaf hashes that the log committed to, and the entries, each with a
 * line feed behind it.
 */
export interface PackedRows {
  readonly count: number
  readonly buffer: ArrayBuffer
}

const LINE_FEED = 0x0a
/** Bytes a row beside its entry. */
const SEQ_BYTES = Float64Array.BYTES_PER_ELEMENT
const LENGTH_BYTES = Uint32Array.BYTES_PER_ELEMENT
/** A buffer that is made anew has room for larger batches too, so that it can be used again for them. */
const SPARE_ROOM = 1.25

interface Parts {
  readonly seqs: Float64Array
  readonly lengths: Uint32Array
  readonly leafHashes: Buffer
  readonly lines: Uint8Array
}

function partsOf({ count, buffer }: PackedRows): Parts {
  const lengths = count * SEQ_BYTES
  const leafHashes = lengths + count * LENGTH_BYTES
  const lines = leafHashes + count * HASH_BYTES
  return {
    seqs: new Float64Array(buffer, 0, count),
    lengths: new Uint32Array(buffer, lengths, count),
    leafHashes: Buffer.from(buffer, leafHashes, count * HASH_BYTES),
    lines: new Uint8Array(buffer, lines),
  }
}

/** Copies the rows into `spare` where that is large enough: fresh memory costs more time than filling it. */
export function packRows(rows: readonly ScannedRow[], spare: ArrayBuffer | undefined): PackedRows {
  const count = rows.length
  let size = count * (SEQ_BYTES + LENGTH_BYTES + HASH_BYTES + 1)
  for (const { entry } of rows) size += entry.length
  const isEnough = spare !== undefined && spare.byteLength >= size
  const packed = { count, buffer: isEnough ? spare : new ArrayBuffer(Math.ceil(size * SPARE_ROOM)) }
  const { seqs, lengths, leafHashes, lines } = partsOf(packed)
  let end = 0
  for (let at = 0; at < count; at++) {
    const { seq, entry, leafHash } = rows[at] as ScannedRow
    seqs[at] = seq
    lengths[at] = entry.length
    leafHashes.set(leafHash, at * HASH_BYTES)
    lines.set(entry, end)
    end += entry.length
    lines[end++] = LINE_FEED
  }
  return packed
}

/**
 * The rows again, each hashed: what the log did not commit to is not exported. They lie in the buffer. Throws `tampered` with the seq.
 */
export function unpackRows(packed: PackedRows): ExportRow[] {
  const { seqs, lengths, leafHashes, lines } = partsOf(packed)
  const committed = leafHashes.toString('latin1')
  const rows: ExportRow[] = []
  let end = 0
  for (let at = 0; at < packed.count; at++) {
    const start = end
    end += lengths[at] ?? 0
    const entry = lines.subarray(start, end)
    end += 1
    const seq = seqs[at] ?? 0
    if (!committed.startsWith(leafHashText(entry), at * HASH_BYTES))
      throw new TrailsealError('tampered', `Entry ${seq} of the log is not what the log committed to.`)
    rows.push(new UnpackedRow(seq, entry, leafHashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)))
  }
  return rows
}

// An entry has at most 65,535 bytes (docs/format.md); a longer one is not what any log committed to, and gets memory of its own.
const leafInput = Buffer.alloc(1 + 65_535)

/** SHA-256(0x00 ‖ entry), a character a byte: as a text it is made in half the time. */
function leafHashText(entry: Uint8Array): string {
  const input = entry.length < leafInput.length ? leafInput : Buffer.alloc(1 + entry.length)
  input.set(entry, 1)
  return hash('sha256', input.subarray(0, 1 + entry.length), 'binary')
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
