import { CompactRange } from './compact-range.ts'
import { concatBytes, malformed } from './encoding.ts'
import { rootOfHashes, subtreesOf } from './merkle-tree.ts'
import { HASH_BYTES } from './sha256.ts'
import type { Sha256 } from './sha256.ts'
import { TILE_WIDTH, partialWidth } from './tile.ts'

/** A tile that appends completed or changed. `width` 256: full, and never changed again. */
export interface ChangedTile {
  readonly level: number
  readonly index: number
  readonly width: number
  /** width × 32 bytes, the receiver's own. */
  readonly hashes: Uint8Array
}

interface PartialTile {
  /** 8,192 bytes, of which width × 32 are written. */
  hashes: Uint8Array
  index: number
  width: number
  changed: boolean
}

const HEIGHT_OF_TILE = 8

/**
 * The right edge of the tiles of a growing log, with its compact range: a subtree of height 8·L that an append completes
 * is the next hash of level L, so tiles cost no hash beyond those of the root.
 */
export class TileEdge {
  readonly #range: CompactRange
  readonly #levels: PartialTile[] = []
  #completed: ChangedTile[] = []

  private constructor(range: CompactRange) {
    this.#range = range
  }

  static empty(sha256: Sha256): TileEdge {
    return new TileEdge(CompactRange.empty(sha256))
  }

  /**
   * The edge of a log of `size` leaves. `partialTile` gives the joined hashes of the partial tile of a level (at least
   * `partialWidth(level, size)` of them) and is asked only for levels that have one. Throws `malformed_proof`
   * when a tile is too short; compare `root()` with the known root before trusting stored tiles.
   */
  static load(
    size: number,
    partialTile: (level: number, width: number) => Uint8Array,
    sha256: Sha256,
  ): TileEdge {
    const subtreeRoots: Uint8Array[] = []
    const levels: PartialTile[] = []
    for (let level = 0; TILE_WIDTH ** level <= size; level++) {
      const width = partialWidth(level, size)
      const stored = width === 0 ? new Uint8Array() : partialTile(level, width)
      if (stored.length < width * HASH_BYTES) {
        throw malformed(`The partial tile of level ${level} has not ${width} hashes.`)
      }
      const tile = newPartialTile(Math.floor(size / TILE_WIDTH ** (level + 1)))
      tile.hashes.set(stored.subarray(0, width * HASH_BYTES))
      tile.width = width
      levels.push(tile)
      subtreeRoots.unshift(...subtreeRootsOf(tile, sha256))
    }
    const edge = new TileEdge(CompactRange.parse(concatBytes(subtreeRoots), size, sha256))
    edge.#levels.push(...levels)
    return edge
  }

  /** An edge of its own in the same state, tiles not yet taken included. */
  clone(): TileEdge {
    const copy = new TileEdge(this.#range.clone())
    copy.#levels.push(...this.#levels.map((tile) => ({ ...tile, hashes: tile.hashes.slice() })))
    copy.#completed.push(...this.#completed.map((tile) => ({ ...tile, hashes: tile.hashes.slice() })))
    return copy
  }

  get size(): number {
    return this.#range.size
  }

  root(): Uint8Array {
    return this.#range.root()
  }

  /** The serialized compact range, as CompactRange has it. */
  compactRange(): Uint8Array {
    return this.#range.serialize()
  }

  append(leafHash: Uint8Array): void {
    this.#put(0, leafHash)
    this.#range.append(leafHash, this.#onSubtree)
  }

  /**
   * All tiles completed since the last call, and the partial tile of each level that changed; lower levels come before
   * the levels that hash them.
   */
  takeChanged(): ChangedTile[] {
    const changed = this.#completed
    this.#completed = []
    for (const [level, tile] of this.#levels.entries()) {
      if (!tile.changed) continue
      tile.changed = false
      changed.push({
        level,
        index: tile.index,
        width: tile.width,
        hashes: tile.hashes.slice(0, tile.width * HASH_BYTES),
      })
    }
    return changed
  }

  readonly #onSubtree = (height: number, root: Uint8Array): void => {
    if (height % HEIGHT_OF_TILE === 0) this.#put(height / HEIGHT_OF_TILE, root)
  }

  #put(level: number, hash: Uint8Array): void {
    const tile = (this.#levels[level] ??= newPartialTile(0))
    tile.hashes.set(hash, tile.width * HASH_BYTES)
    tile.width += 1
    tile.changed = true
    if (tile.width < TILE_WIDTH) return
    // the full buffer goes to the receiver as it is, and a new one takes its place: no copy
    this.#completed.push({ level, index: tile.index, width: TILE_WIDTH, hashes: tile.hashes })
    this.#levels[level] = newPartialTile(tile.index + 1)
  }
}

function newPartialTile(index: number): PartialTile {
  return { hashes: new Uint8Array(TILE_WIDTH * HASH_BYTES), index, width: 0, changed: false }
}

/** The compact range of the log restricted to the subtrees that this tile covers, largest first. */
function subtreeRootsOf(tile: PartialTile, sha256: Sha256): Uint8Array[] {
  return subtreesOf(0, tile.width).map(({ height, index }) => {
    const bytes = 2 ** height * HASH_BYTES
    return rootOfHashes(tile.hashes.subarray(index * bytes, (index + 1) * bytes), sha256)
  })
}
