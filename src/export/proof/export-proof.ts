import { handled } from '../../handled.ts'
import { parseCheckpoint } from '../../tlog/checkpoint.ts'
import { subtreeRoots } from '../../tlog/proofs.ts'
import type { TileReader } from '../../tlog/proofs.ts'
import { HASH_BYTES } from '../../tlog/sha256.ts'
import type { Sha256 } from '../../tlog/sha256.ts'
import { TILE_WIDTH, tileWidth } from '../../tlog/tile.ts'
import { formatTlogProofBody } from '../../tlog/tlog-proof.ts'
import { InclusionPaths } from './inclusion-paths.ts'
import { proofModeOf, rangeOf } from './proof-mode.ts'

/** Where a proof comes from: the log as it was under the export's checkpoint. */
export interface ProofSource {
  /** Signed note that covers every row. */
  readonly checkpoint: string
  /** Of the rows, in the order of the log. */
  readonly seqs: Float64Array
  readonly readTile: TileReader
  readonly sha256: Sha256
}

/** Asked for together, and the next ones while these are written. 8 KiB each. */
const TILES_AT_ONCE = 64
/** Characters, before a piece goes out. */
const PIECE = 256 * 1024

/**
 * The proof of an export (docs/format.md, Export proof) in whichever mode is smaller, as canonical JSON (RFC 8785), in pieces: memory
 * is flat. Throws `malformed_proof` when a tile is short, `internal` when the seqs are not in order, and what the reader throws.
 */
export async function* exportProof(source: ProofSource): AsyncGenerator<Uint8Array, void> {
  const { size } = parseCheckpoint(source.checkpoint)
  const isRange = proofModeOf(source.seqs, size) === 'range'
  let piece = ''
  for await (const text of isRange ? rangeProof(source, size) : inclusionProofs(source, size)) {
    piece += text
    if (piece.length < PIECE) continue
    yield Buffer.from(piece, 'utf8')
    piece = ''
  }
  yield Buffer.from(piece, 'utf8')
}

async function* rangeProof(source: ProofSource, size: number): AsyncGenerator<string> {
  const { checkpoint, readTile, sha256, seqs } = source
  const { first, end, count } = rangeOf(seqs)
  const beside = async (from: number, to: number): Promise<string> =>
    JSON.stringify((await subtreeRoots(from, to, size, readTile, sha256)).map(base64))
  yield `{"checkpoint":${JSON.stringify(checkpoint)},"count":${count},"first":${first},"leaf_hashes":[`
  const read = (tile: number): Promise<Tile[]> =>
    Promise.all(
      tilesFrom(tile, end).map(async (index) => ({
        index,
        hashes: await readTile(0, index, tileWidth(0, index, size)),
      })),
    )
  let tile = Math.floor(first / TILE_WIDTH)
  let next = handled(read(tile))
  while (tile * TILE_WIDTH < end) {
    const tiles = await next
    tile += TILES_AT_ONCE
    next = handled(read(tile))
    for (const { index, hashes } of tiles) {
      const start = index * TILE_WIDTH
      const from = Math.max(first, start)
      const stop = Math.min(end, start + TILE_WIDTH)
      yield (
        (from === first ? '' : ',') +
        hashList(hashes.subarray((from - start) * HASH_BYTES, (stop - start) * HASH_BYTES))
      )
    }
  }
  yield `],"left":${await beside(0, first)},"mode":"range","right":${await beside(end, size)}}`
}

interface Tile {
  readonly index: number
  readonly hashes: Uint8Array
}

/** The next tiles of level 0 up to the one that holds the entry before `end`. */
function tilesFrom(tile: number, end: number): number[] {
  const count = Math.min(TILES_AT_ONCE, Math.ceil(end / TILE_WIDTH) - tile)
  return Array.from({ length: Math.max(0, count) }, (_, at) => tile + at)
}

async function* inclusionProofs(source: ProofSource, size: number): AsyncGenerator<string> {
  const { checkpoint, seqs, readTile, sha256 } = source
  const paths = new InclusionPaths(size, readTile, sha256)
  yield `{"checkpoint":${JSON.stringify(checkpoint)},"mode":"inclusion","proofs":[`
  let separator = ''
  for (const index of seqs) {
    const hashes = await paths.of(index)
    yield separator + JSON.stringify(formatTlogProofBody({ index, hashes }))
    separator = ','
  }
  yield ']}'
}

/** A hash fills groups of three bytes but for its last one, which base64 fills up with a sign. */
const PADDED_BYTES = 33
const BASE64_CHARACTERS = 44

/** JSON texts of the hashes in base64, commas between them: encoded all at once, in a third of the time. */
function hashList(hashes: Uint8Array): string {
  const count = hashes.length / HASH_BYTES
  const padded = Buffer.alloc(count * PADDED_BYTES)
  for (let at = 0; at < count; at++)
    padded.set(hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES), at * PADDED_BYTES)
  const text = padded.toString('base64')
  let list = ''
  for (let at = 0; at < text.length; at += BASE64_CHARACTERS)
    list += `${at === 0 ? '"' : ',"'}${text.slice(at, at + BASE64_CHARACTERS - 1)}="`
  return list
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
