/** Entries that are compared with what the log committed to, where they are read. */
import { hash } from 'node:crypto'
import { HandedOver, type SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import { HASH_BYTES } from '../../tlog/sha256.ts'
import { TILE_WIDTH, tileWidth } from '../../tlog/tile.ts'
import type { CommittedEntries } from '../ledger.ts'
import { changedEntry, lostEntry } from '../tampered-entry.ts'
import { NO_ENTRY, placesOf, readEntries, readNeighbours } from './bundles.ts'
import { logNumber, readTile } from './log-rows.ts'

/** What a leaf hash has before its entry. */
const LEAF_PREFIX = 0x00
/** Neighbours are read as such as long as one in so many of them is wanted: more would be held in memory for nothing. */
const NEIGHBOURS_FOR_ONE = 2

/** See `Ledger.committed`. `spare`: memory to be filled anew. */
export function committed(
  connection: SqliteConnection,
  wanted: { workspace: string; seqs: Float64Array<ArrayBuffer>; size: number; spare: ArrayBuffer | null },
): HandedOver {
  const { seqs, size, spare } = wanted
  const log = logNumber(connection, wanted.workspace)
  if (log === null) throw lostEntry(seqs[0] ?? 0)
  const leafHashes = leafHashesOf(connection, log, seqs, size)
  const { bytes, starts, lengths } = placed(connection, log, seqs, spare)
  requireCommitted({ seqs, starts, lengths, leafHashes, bytes })
  const answer: CommittedEntries = { seqs, starts, lengths, leafHashes, bytes }
  return new HandedOver(
    answer,
    [seqs, starts, lengths, leafHashes, bytes].map(({ buffer }) => buffer),
  )
}

function leafHashesOf(
  connection: SqliteConnection,
  log: number,
  seqs: Float64Array,
  size: number,
): Uint8Array<ArrayBuffer> {
  const hashes = new Uint8Array(seqs.length * HASH_BYTES)
  const tiles = new Map<number, Uint8Array | null>()
  for (let at = 0; at < seqs.length; at++) {
    const seq = seqs[at] ?? 0
    const index = Math.floor(seq / TILE_WIDTH)
    let tile = tiles.get(index)
    if (tile === undefined) {
      tile = readTile(connection, log, 0, index, tileWidth(0, index, size))
      tiles.set(index, tile)
    }
    const start = (seq % TILE_WIDTH) * HASH_BYTES
    if (tile === null || start >= tile.length) throw lostEntry(seq)
    for (let byte = 0; byte < HASH_BYTES; byte++) hashes[at * HASH_BYTES + byte] = tile[start + byte] ?? 0
  }
  return hashes
}

type Placed = Pick<CommittedEntries, 'bytes' | 'starts' | 'lengths'>

/** Reads the entries, in `spare` where that is large enough, and says where each is. */
function placed(
  connection: SqliteConnection,
  log: number,
  seqs: Float64Array,
  spare: ArrayBuffer | null,
): Placed {
  const first = seqs.reduce((least, seq) => Math.min(least, seq), Infinity)
  const count = seqs.reduce((most, seq) => Math.max(most, seq), -1) - first + 1
  const isNear = count <= NEIGHBOURS_FOR_ONE * seqs.length
  const joined = isNear
    ? readNeighbours(connection, log, { first, count, spare })
    : readEntries(connection, log, seqs)
  const places = placesOf(joined.lengths)
  const starts = new Uint32Array(seqs.length)
  const lengths = new Uint32Array(seqs.length)
  for (let at = 0; at < seqs.length; at++) {
    const index = isNear ? (seqs[at] ?? 0) - first : at
    const length = joined.lengths[index]
    if (length === undefined || length === NO_ENTRY) throw lostEntry(seqs[at] ?? 0)
    starts[at] = places[index] ?? 0
    lengths[at] = length
  }
  return { bytes: joined.bytes, starts, lengths }
}

/** Hashes entries where they lie. */
function requireCommitted({ seqs, starts, lengths, leafHashes, bytes }: CommittedEntries): void {
  const expected = Buffer.from(leafHashes.buffer).toString('latin1')
  for (let at = 0; at < seqs.length; at++) {
    const start = starts[at] ?? 0
    // where its length stood is now the prefix of a leaf (RFC 6962 §2.1): nothing has to be copied to be hashed
    bytes[start - 1] = LEAF_PREFIX
    // as a text it is made in half the time, and compared as fast
    const leafHash = hash('sha256', bytes.subarray(start - 1, start + (lengths[at] ?? 0)), 'binary')
    if (!expected.startsWith(leafHash, at * HASH_BYTES)) throw changedEntry(seqs[at] ?? 0)
  }
}
