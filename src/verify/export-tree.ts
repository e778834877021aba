import { malformed } from '../tlog/encoding.ts'
import { nodeHash } from '../tlog/leaf.ts'
import { foldSubtrees, subtreesOf } from '../tlog/merkle-tree.ts'
import type { Sha256 } from '../tlog/sha256.ts'

interface Node {
  readonly height: number
  /** Of the leaves, in units of its own width. */
  readonly index: number
  readonly hash: Uint8Array
}

/**
 * A tree from its parts, left to right: complete subtrees and single leaves. Memory is that of its right edge, whatever the
 * number of leaves.
 */
export class TreeParts {
  readonly #sha256: Sha256
  readonly #nodes: Node[] = []
  #size: number

  /** `start`: the leaf that the first part begins with. */
  constructor(start: number, sha256: Sha256) {
    this.#size = start
    this.#sha256 = sha256
  }

  /** Leaves so far, those before the start included. */
  get size(): number {
    return this.#size
  }

  /** Appends a leaf. */
  append(hash: Uint8Array): void {
    this.#push(0, hash)
  }

  /** Appends the roots of the maximal complete subtrees up to `end`. Throws `malformed_proof` when they are not so many. */
  appendSubtrees(roots: readonly Uint8Array[], end: number): void {
    const subtrees = end < this.#size ? [] : subtreesOf(this.#size, end)
    if (end < this.#size || subtrees.length !== roots.length) {
      throw malformed('The proof has not the hashes that its range and its checkpoint ask for.')
    }
    for (const [at, { height }] of subtrees.entries()) this.#push(height, roots[at] as Uint8Array)
  }

  appendTree(other: TreeParts): void {
    for (const { height, hash } of other.#nodes) this.#push(height, hash)
  }

  /** Of a tree whose parts began with leaf 0. */
  root(): Uint8Array {
    return foldSubtrees(
      this.#nodes.map(({ hash }) => hash),
      this.#sha256,
    )
  }

  #push(height: number, hash: Uint8Array): void {
    const width = 2 ** height
    let node: Node = { height, index: this.#size / width, hash }
    this.#size += width
    for (
      let left = this.#nodes.at(-1);
      left?.height === node.height && node.index % 2 === 1;
      left = this.#nodes.at(-1)
    ) {
      this.#nodes.pop()
      node = {
        height: node.height + 1,
        index: (node.index - 1) / 2,
        hash: nodeHash(left.hash, node.hash, this.#sha256),
      }
    }
    this.#nodes.push(node)
  }
}
