import { concatBytes, malformed } from './encoding.ts'
import { nodeHash } from './leaf.ts'
import { foldSubtrees, subtreesOf } from './merkle-tree.ts'
import { HASH_BYTES } from './sha256.ts'
import type { Sha256 } from './sha256.ts'

/** Told of each subtree that an append completes, smallest first; `height` ≥ 1. */
export type OnSubtree = (height: number, root: Uint8Array) => void

/**
 * The right edge of a growing Merkle tree: the roots of its maximal complete subtrees, which is all that is needed to append
 * and to know the root. An append costs one inner hash on average. Hashes handed in are kept, not copied.
 */
export class CompactRange {
  readonly #sha256: Sha256
  /** Largest subtree first. */
  readonly #roots: Uint8Array[]
  #size: number

  private constructor(size: number, roots: Uint8Array[], sha256: Sha256) {
    this.#size = size
    this.#roots = roots
    this.#sha256 = sha256
  }

  static empty(sha256: Sha256): CompactRange {
    return new CompactRange(0, [], sha256)
  }

  /** From `serialize`'s form. Throws `malformed_proof` when the number of hashes is not that of the size. */
  static parse(joined: Uint8Array, size: number, sha256: Sha256): CompactRange {
    if (!Number.isSafeInteger(size) || size < 0)
      throw malformed('The size of a compact range is no tree size.')
    const count = subtreesOf(0, size).length
    if (joined.length !== count * HASH_BYTES) {
      throw malformed(
        `The compact range of size ${size} has ${count} hashes, these are ${joined.length} bytes.`,
      )
    }
    const roots = Array.from({ length: count }, (_, at) =>
      joined.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES),
    )
    return new CompactRange(size, roots, sha256)
  }

  clone(): CompactRange {
    return new CompactRange(this.#size, [...this.#roots], this.#sha256)
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size
  }

  append(leafHash: Uint8Array, onSubtree?: OnSubtree): void {
    let root = leafHash
    let height = 0
    // each trailing one bit of the old size is a subtree as large as the one that has just been completed
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#roots.pop()
      if (left === undefined) break
      root = nodeHash(left, root, this.#sha256)
      height += 1
      onSubtree?.(height, root)
    }
    this.#roots.push(root)
    this.#size += 1
  }

  /** Merkle Tree Hash of all leaves (RFC 6962 §2.1). */
  root(): Uint8Array {
    return foldSubtrees(this.#roots, this.#sha256)
  }

  /** Roots of the maximal complete subtrees, largest first, 32 bytes each, joined. */
  serialize(): Uint8Array {
    return concatBytes(this.#roots)
  }
}
