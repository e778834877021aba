import { malformed } from './encoding.ts'
import { EMPTY_ROOT, nodeHash } from './leaf.ts'
import { HASH_BYTES } from './sha256.ts'
import type { Sha256 } from './sha256.ts'

/** Largest power of two below `size` (2 ≤ size ≤ 2^53 − 1): where RFC 6962 §2.1 splits a tree. */
export function splitPoint(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** Root over hashes joined 32 bytes each: the Merkle Tree Hash of RFC 6962 §2.1 with leaf hashes given. */
export function rootOfHashes(hashes: Uint8Array, sha256: Sha256): Uint8Array {
  if (hashes.length % HASH_BYTES !== 0) throw malformed('Joined hashes are a multiple of 32 bytes.')
  const count = hashes.length / HASH_BYTES
  if (count === 0) return EMPTY_ROOT
  return rootOfRange(hashes, 0, count, sha256)
}

function rootOfRange(hashes: Uint8Array, start: number, end: number, sha256: Sha256): Uint8Array {
  if (end - start === 1) return hashes.slice(start * HASH_BYTES, end * HASH_BYTES)
  const middle = start + splitPoint(end - start)
  return nodeHash(
    rootOfRange(hashes, start, middle, sha256),
    rootOfRange(hashes, middle, end, sha256),
    sha256,
  )
}

/** A complete subtree: the leaves from `index × 2^height` to `(index + 1) × 2^height`. */
export interface Subtree {
  readonly height: number
  readonly index: number
}

/** The maximal complete subtrees of leaves `start` to `end` (exclusive), left to right. */
export function subtreesOf(start: number, end: number): Subtree[] {
  const subtrees: Subtree[] = []
  for (let at = start; at < end;) {
    let height = 0
    let width = 1
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      height += 1
      width *= 2
    }
    subtrees.push({ height, index: at / width })
    at += width
  }
  return subtrees
}

/** Root of a tree from the roots of its maximal complete subtrees, largest (leftmost) first. */
export function foldSubtrees(roots: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  let root: Uint8Array | undefined
  for (let at = roots.length - 1; at >= 0; at--) {
    const subtree = roots[at]
    if (subtree === undefined) continue
    root = root === undefined ? subtree : nodeHash(subtree, root, sha256)
  }
  return root ?? EMPTY_ROOT
}
