import { malformed } from '../../tlog/encoding.ts'
import { nodeHash } from '../../tlog/leaf.ts'
import { foldSubtrees, splitPoint, subtreesOf } from '../../tlog/merkle-tree.ts'
import type { Subtree } from '../../tlog/merkle-tree.ts'
import type { TileReader } from '../../tlog/proofs.ts'
import { HASH_BYTES } from '../../tlog/sha256.ts'
import type { Sha256 } from '../../tlog/sha256.ts'
import { TILE_WIDTH, tileWidth } from '../../tlog/tile.ts'

/** All complete subtrees that a tile covers: [0] its own hashes, [k] the roots of 2^k of them. */
type TileNodes = readonly (readonly Uint8Array[])[]

const HEIGHT_OF_TILE = 8
/** Tiles of one path through the largest log, and some neighbours; 16 kB each. */
const MAX_KEPT_TILES = 64

/**
 * Inclusion proofs of many leaves of one tree, in their order: what neighbours share is read and hashed once, so that a proof costs
 * about a hundredth of one made by itself.
 */
export class InclusionPaths {
  readonly #size: number
  readonly #readTile: TileReader
  readonly #sha256: Sha256
  readonly #tiles = new Map<string, Promise<TileNodes>>()

  constructor(size: number, readTile: TileReader, sha256: Sha256) {
    this.#size = size
    this.#readTile = readTile
    this.#sha256 = sha256
  }

  /** The audit path of a leaf, its sibling first (RFC 6962 §2.1.1). Throws `malformed_proof` when a tile is short. */
  async of(leaf: number): Promise<readonly Uint8Array[]> {
    const path: Promise<Uint8Array>[] = []
    for (let start = 0, end = this.#size; end - start > 1;) {
      const middle = start + splitPoint(end - start)
      if (leaf < middle) {
        path.push(this.#rootOf(middle, end))
        end = middle
      } else {
        path.push(this.#rootOf(start, middle))
        start = middle
      }
    }
    return (await Promise.all(path)).reverse()
  }

  async #rootOf(start: number, end: number): Promise<Uint8Array> {
    const roots = await Promise.all(subtreesOf(start, end).map((subtree) => this.#subtreeRoot(subtree)))
    return foldSubtrees(roots, this.#sha256)
  }

  async #subtreeRoot({ height, index }: Subtree): Promise<Uint8Array> {
    const level = Math.floor(height / HEIGHT_OF_TILE)
    const within = height % HEIGHT_OF_TILE
    const perTile = TILE_WIDTH / 2 ** within
    const nodes = await this.#nodesOf(level, Math.floor(index / perTile))
    const root = nodes[within]?.[index % perTile]
    if (root === undefined) throw malformed('A tile has fewer hashes than its log.')
    return root
  }

  #nodesOf(level: number, index: number): Promise<TileNodes> {
    const key = `${level}/${index}`
    const nodes = this.#tiles.get(key) ?? this.#readNodes(level, index)
    // the one that was not asked for longest goes first
    this.#tiles.delete(key)
    this.#tiles.set(key, nodes)
    const oldest = this.#tiles.size > MAX_KEPT_TILES ? this.#tiles.keys().next().value : undefined
    if (oldest !== undefined) this.#tiles.delete(oldest)
    return nodes
  }

  async #readNodes(level: number, index: number): Promise<TileNodes> {
    const width = tileWidth(level, index, this.#size)
    const tile = await this.#readTile(level, index, width)
    let row = Array.from({ length: width }, (_, at) => tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))
    if (row.at(-1)?.length !== HASH_BYTES) throw malformed('A tile has fewer hashes than its log.')
    const nodes = [row]
    while (row.length > 1) {
      const below = row
      row = Array.from({ length: Math.floor(below.length / 2) }, (_, at) =>
        nodeHash(below[2 * at] as Uint8Array, below[2 * at + 1] as Uint8Array, this.#sha256),
      )
      nodes.push(row)
    }
    return nodes
  }
}
