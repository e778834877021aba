/** Reads entries out of their compressed bundles (docs/format.md, Tiles). */
import { zstdDecompressSync } from 'node:zlib'
import type { SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import { LOG_SPAN } from './log-rows.ts'

/** Entries of one commit that are compressed together: up to this many, so that reading one stays cheap. */
export const ENTRIES_PER_BUNDLE = 64

/** A bundle of common events fits into one chunk: without pieces to be joined it is unpacked in two thirds of the time. */
const UNPACKING = { chunkSize: 64 * 1024, maxOutputLength: ENTRIES_PER_BUNDLE * 65_537 }
/** Big-endian, before each entry of a bundle. */
const LENGTH_BYTES = 2

/** In the place of the length of an entry that is not there. No entry is that long. */
export const NO_ENTRY = 2 ** 32 - 1

/**
 * Neighbours cross the thread border as one buffer that is handed over: a thousand small ones cost five times the time, and memory that
 * is slow to return. Before each entry stand the two bytes of its length, as in the bundle that it was copied with.
 */
export interface JoinedEntries {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly lengths: Uint32Array<ArrayBuffer>
}

/** Where each entry begins; that of an entry that is not there means nothing. */
export function placesOf(lengths: ArrayLike<number>): Uint32Array {
  const places = new Uint32Array(lengths.length)
  let end = 0
  for (let at = 0; at < lengths.length; at++) {
    const length = lengths[at] ?? 0
    places[at] = end + LENGTH_BYTES
    end += LENGTH_BYTES + (length === NO_ENTRY ? 0 : length)
  }
  return places
}

/** The entries, lying in the same bytes; null for one that is not there. */
export function parted(bytes: Uint8Array, lengths: ArrayLike<number>): (Uint8Array | null)[] {
  const places = placesOf(lengths)
  return Array.from(lengths, (length, at) => {
    const start = places[at] ?? 0
    return length === NO_ENTRY ? null : bytes.subarray(start, start + length)
  })
}

/** Of `count` entries from `first` those up to the first one that is not there, in `spare` where that is large enough. */
export function readNeighbours(
  connection: SqliteConnection,
  log: number | null,
  { first, count, spare }: { first: number; count: number; spare: ArrayBuffer | null },
): JoinedEntries {
  return join(log === null ? [] : readParts(connection, log, first, count), spare)
}

/** In the order of `seqs`, of which neighbours are best asked for together. An entry that is not there has no length. */
export function readEntries(
  connection: SqliteConnection,
  log: number | null,
  seqs: Iterable<number>,
): JoinedEntries {
  const bundleOf = log === null ? () => null : bundleReader(connection, log)
  return joinCopies(
    Array.from(seqs, (seq) => {
      const bundle = bundleOf(seq)
      return bundle?.entries[seq - bundle.first] ?? null
    }),
  )
}

interface Bundle {
  readonly first: number
  readonly entries: readonly (Uint8Array | null)[]
}

/** Finds the bundle that holds a seq; the last one is kept, since neighbours are asked for together. */
function bundleReader(connection: SqliteConnection, log: number): (seq: number) => Bundle | null {
  const select = connection.prepare(
    'SELECT key, count, bundle FROM ledger_entries WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1',
  )
  let last: Bundle | null = null
  return (seq) => {
    if (last && seq >= last.first && seq < last.first + last.entries.length) return last
    const row = select.get(log * LOG_SPAN, log * LOG_SPAN + seq)
    if (!row) return null
    const part = partOf(row['bundle'] as Uint8Array, 0, Infinity)
    last = {
      first: (row['key'] as number) - log * LOG_SPAN,
      entries: part === null ? [] : parted(part.bytes, part.lengths),
    }
    return last
  }
}

/** A run of entries inside the bytes of a bundle, each behind the two bytes of its length. */
interface Part {
  readonly bytes: Uint8Array
  readonly lengths: readonly number[]
}

/** Bundle after bundle, up to the first entry that is not there. */
function readParts(connection: SqliteConnection, log: number, first: number, count: number): Part[] {
  const base = log * LOG_SPAN
  const rows = connection
    .prepare(
      `SELECT key, bundle FROM ledger_entries
       WHERE key >= (SELECT max(key) FROM ledger_entries WHERE key BETWEEN ? AND ?) AND key < ? ORDER BY key`,
    )
    .all(base, base + first, base + first + count)
  const parts: Part[] = []
  let next = first
  for (const row of rows) {
    const skipped = next - ((row['key'] as number) - base)
    const part = skipped < 0 ? null : partOf(row['bundle'] as Uint8Array, skipped, first + count - next)
    if (part === null) break
    parts.push(part)
    next += part.lengths.length
  }
  return parts
}

/**
 * Up to `count` entries of a bundle, behind the first `skipped` ones. No array is made for each: a scan has a million of them. Lenient on
 * purpose: damaged bytes give damaged entries, not a failed read, so that verification can go on and name the entry.
 */
function partOf(compressed: Uint8Array, skipped: number, count: number): Part | null {
  const bytes = decompress(compressed)
  const lengths: number[] = []
  let start = 0
  let end = 0
  for (let index = 0; index < skipped + count && end + LENGTH_BYTES <= bytes.length; index++) {
    if (index === skipped) start = end
    const said = ((bytes[end] ?? 0) << 8) | (bytes[end + 1] ?? 0)
    const length = Math.min(said, bytes.length - LENGTH_BYTES - end)
    if (index >= skipped) lengths.push(length)
    end += LENGTH_BYTES + length
  }
  return lengths.length === 0 ? null : { bytes: bytes.subarray(start, end), lengths }
}

/** Joined in `spare`, where that is large enough. */
function join(parts: readonly Part[], spare: ArrayBuffer | null): JoinedEntries {
  const lengths = Uint32Array.from(parts.flatMap((part) => part.lengths))
  const size = parts.reduce((sum, part) => sum + part.bytes.length, 0)
  const isEnough = spare !== null && spare.byteLength >= size
  // some room more, so that it is enough for others too
  const bytes = new Uint8Array(isEnough ? spare : new ArrayBuffer(Math.ceil(size * 1.25)), 0, size)
  let end = 0
  for (const part of parts) {
    bytes.set(part.bytes, end)
    end += part.bytes.length
  }
  return { bytes, lengths }
}

/** Entries of many bundles: of each bundle only what is asked for crosses the thread border. An entry that is not there has no length. */
function joinCopies(entries: readonly (Uint8Array | null)[]): JoinedEntries {
  const lengths = Uint32Array.from(entries, (entry) => entry?.length ?? NO_ENTRY)
  const size = entries.reduce((sum, entry) => sum + LENGTH_BYTES + (entry?.length ?? 0), 0)
  const bytes = new Uint8Array(size)
  let end = 0
  for (const entry of entries) {
    end += LENGTH_BYTES
    if (entry === null) continue
    bytes.set(entry, end)
    end += entry.length
  }
  return { bytes, lengths }
}

/** A bundle that does not even decompress has no entries. */
function decompress(bundle: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(bundle, UNPACKING)
  } catch {
    return new Uint8Array()
  }
}
