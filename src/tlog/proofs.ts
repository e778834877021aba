import { TrailsealError } from '../errors.ts'
import { equalBytes, malformed } from './encoding.ts'
import { EMPTY_ROOT, nodeHash } from './leaf.ts'
import { foldSubtrees, rootOfHashes, splitPoint, subtreesOf } from './merkle-tree.ts'
import type { Subtree } from './merkle-tree.ts'
import { HASH_BYTES } from './sha256.ts'
import type { Sha256 } from './sha256.ts'
import { TILE_WIDTH, tileWidth } from './tile.ts'

/** Reads the first `width` hashes of a tile, joined; more than asked for is fine. */
export type TileReader = (level: number, index: number, width: number) => Promise<Uint8Array>

interface LeafRange {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/**
 * The audit path of leaf `index` in the tree of `size` leaves, its sibling first (RFC 6962 §2.1.1). Reads at most two
 * tiles a level. Throws `malformed_proof` when there is no such leaf, or a tile is shorter than asked for.
 */
export async function inclusionProof(
  index: number,
  size: number,
  readTile: TileReader,
  sha256: Sha256,
): Promise<Uint8Array[]> {
  requireLeaf(index, size)
  const siblings: LeafRange[] = []
  for (let start = 0, end = size; end - start > 1;) {
    const middle = start + splitPoint(end - start)
    if (index < middle) {
      siblings.unshift({ start: middle, end })
      end = middle
    } else {
      siblings.unshift({ start, end: middle })
      start = middle
    }
  }
  return await rootsOf(siblings, size, readTile, sha256)
}

/**
 * What a holder of the tree of `oldSize` leaves needs to check that the tree of `newSize` only appends to it (RFC 6962 §2.1.2).
 * Empty for equal sizes and for an empty old tree. Throws as `inclusionProof`.
 */
export async function consistencyProof(
  oldSize: number,
  newSize: number,
  readTile: TileReader,
  sha256: Sha256,
): Promise<Uint8Array[]> {
  requireSizes(oldSize, newSize)
  if (oldSize === 0 || oldSize === newSize) return []
  const ranges: LeafRange[] = []
  let start = 0
  let end = newSize
  while (end !== oldSize) {
    const middle = start + splitPoint(end - start)
    if (oldSize <= middle) {
      ranges.unshift({ start: middle, end })
      end = middle
    } else {
      ranges.unshift({ start, end: middle })
      start = middle
    }
  }
  // a subtree that is the whole old tree is its root, which the holder has
  if (start !== 0) ranges.unshift({ start, end })
  return await rootsOf(ranges, newSize, readTile, sha256)
}

/**
 * Roots of the maximal complete subtrees of leaves `start` to `end` (exclusive) of the tree of `size` leaves, left to right.
 * Throws as `inclusionProof`.
 */
export async function subtreeRoots(
  start: number,
  end: number,
  size: number,
  readTile: TileReader,
  sha256: Sha256,
): Promise<Uint8Array[]> {
  requireSizes(start, end)
  requireSizes(end, size)
  const subtrees = subtreesOf(start, end)
  const read = (level: number, index: number): Promise<Uint8Array> =>
    readTile(level, index, tileWidth(level, index, size))
  return await Promise.all(subtrees.map((subtree) => subtreeRoot(subtree, read, sha256)))
}

/**
 * Checks that the leaf is entry `index` of the tree (RFC 9162 §2.1.3.2). All arguments may be hostile: `index` and `size` come
 * out of the proof. Throws `malformed_proof` when the proof has not the shape of its tree, `tampered` when it ends in another root.
 */
export function verifyInclusion(
  claim: {
    readonly leafHash: Uint8Array
    readonly index: number
    readonly size: number
    readonly root: Uint8Array
    readonly proof: readonly Uint8Array[]
  },
  sha256: Sha256,
): void {
  requireLeaf(claim.index, claim.size)
  requireHashes([claim.leafHash, claim.root, ...claim.proof])
  let node = claim.index
  let last = claim.size - 1
  let hash = claim.leafHash
  for (const sibling of claim.proof) {
    if (last === 0) throw malformed('The inclusion proof is too long for its tree.')
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash, sha256)
      while (node % 2 === 0 && node !== 0) [node, last] = parents(node, last)
    } else {
      hash = nodeHash(hash, sibling, sha256)
    }
    ;[node, last] = parents(node, last)
  }
  if (last !== 0) throw malformed('The inclusion proof is too short for its tree.')
  if (!equalBytes(hash, claim.root)) {
    throw new TrailsealError(
      'tampered',
      `The entry is not entry ${claim.index} of the log under this checkpoint.`,
    )
  }
}

/**
 * Checks that the new tree begins with all of the old one (RFC 9162 §2.1.4.2). All arguments may be hostile. Throws
 * `malformed_proof` when the proof has not the shape of its trees, `tampered` when it arrives at other roots.
 */
export function verifyConsistency(
  claim: {
    readonly oldSize: number
    readonly oldRoot: Uint8Array
    readonly newSize: number
    readonly newRoot: Uint8Array
    readonly proof: readonly Uint8Array[]
  },
  sha256: Sha256,
): void {
  const { oldSize, oldRoot, newSize, newRoot, proof } = claim
  requireSizes(oldSize, newSize)
  requireHashes([oldRoot, newRoot, ...proof])
  if (oldSize === 0 || oldSize === newSize) {
    if (proof.length > 0) throw malformed('The consistency proof is too long for its trees.')
    if (!equalBytes(oldRoot, oldSize === 0 ? EMPTY_ROOT : newRoot)) throw inconsistent()
    return
  }
  let node = oldSize - 1
  let last = newSize - 1
  while (node % 2 === 1) [node, last] = parents(node, last)
  // an old tree that is complete has no hash of its own in the proof: its root is the first one
  const [first, ...path] = node === 0 ? [oldRoot, ...proof] : proof
  if (first === undefined) throw malformed('The consistency proof is too short for its trees.')
  let oldHash = first
  let newHash = first
  for (const hash of path) {
    if (last === 0) throw malformed('The consistency proof is too long for its trees.')
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(hash, oldHash, sha256)
      newHash = nodeHash(hash, newHash, sha256)
      while (node % 2 === 0 && node !== 0) [node, last] = parents(node, last)
    } else {
      newHash = nodeHash(newHash, hash, sha256)
    }
    ;[node, last] = parents(node, last)
  }
  if (last !== 0) throw malformed('The consistency proof is too short for its trees.')
  if (!equalBytes(oldHash, oldRoot) || !equalBytes(newHash, newRoot)) throw inconsistent()
}

// sizes go up to 2^53: no bit operations
function parents(node: number, last: number): [number, number] {
  return [Math.floor(node / 2), Math.floor(last / 2)]
}

function inconsistent(): TrailsealError {
  return new TrailsealError('tampered', 'The newer checkpoint does not contain the older one.')
}

function requireLeaf(index: number, size: number): void {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw malformed('The index of the entry is not below the size of the log.')
  }
}

function requireSizes(oldSize: number, newSize: number): void {
  if (!Number.isSafeInteger(newSize) || !Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > newSize) {
    throw malformed('The older size is not at most the newer one.')
  }
}

function requireHashes(hashes: readonly Uint8Array[]): void {
  if (hashes.some((hash) => hash.length !== HASH_BYTES))
    throw malformed('A hash of the proof is not 32 bytes.')
}

async function rootsOf(
  ranges: readonly LeafRange[],
  size: number,
  readTile: TileReader,
  sha256: Sha256,
): Promise<Uint8Array[]> {
  const tiles = new Map<string, Promise<Uint8Array>>()
  const read = (level: number, index: number): Promise<Uint8Array> => {
    const key = `${level}/${index}`
    const width = tileWidth(level, index, size)
    const tile = tiles.get(key) ?? readTile(level, index, width)
    tiles.set(key, tile)
    return tile
  }
  return await Promise.all(
    ranges.map(async ({ start, end }) => {
      const roots = await Promise.all(
        subtreesOf(start, end).map((subtree) => subtreeRoot(subtree, read, sha256)),
      )
      return foldSubtrees(roots, sha256)
    }),
  )
}

/** A complete subtree of any height, from the hashes below it in the one tile that has them. */
async function subtreeRoot(
  { height, index }: Subtree,
  read: (level: number, index: number) => Promise<Uint8Array>,
  sha256: Sha256,
): Promise<Uint8Array> {
  const level = Math.floor(height / 8)
  const count = 2 ** (height % 8)
  const first = index * count
  const tile = await read(level, Math.floor(first / TILE_WIDTH))
  const hashes = tile.subarray((first % TILE_WIDTH) * HASH_BYTES, ((first % TILE_WIDTH) + count) * HASH_BYTES)
  if (hashes.length !== count * HASH_BYTES) throw malformed('A tile has fewer hashes than its log.')
  return rootOfHashes(hashes, sha256)
}
