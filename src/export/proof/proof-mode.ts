import { TrailsealError } from '../../errors.ts'
import { splitPoint, subtreesOf } from '../../tlog/merkle-tree.ts'
import type { ProofMode } from '../../verify/export-manifest.ts'

/** Base64 of a hash, with quotation marks and comma in a list, and with its escaped line feed in a proof. */
const HASH_IN_LIST = 47
const HASH_IN_PROOF = 46
/** `"c2sp.org/tlog-proof@v1\nindex N\n",` without the digits of N. */
const PROOF_FRAME = 36

/** First and last of the seqs of rows in the order of the log, and how many entries lie between them, both included. */
export interface SeqRange {
  readonly first: number
  /** Exclusive. */
  readonly end: number
  readonly count: number
}

/** An empty list is the empty range at 0. Throws `internal` when the seqs are in another order than the log: there is no proof of such an export. */
export function rangeOf(seqs: Float64Array): SeqRange {
  let before = -1
  for (const seq of seqs) {
    if (seq <= before)
      throw new TrailsealError('internal', 'The rows of an export are not in the order of the log.')
    before = seq
  }
  const first = seqs[0] ?? 0
  const end = before + 1
  return { first, end, count: end - first }
}

/**
 * Which mode gives the smaller file; range where they are equal, since it proves more. Rows without a gap are always a range.
 * `size`: that of the checkpoint. Throws as `rangeOf`.
 */
export function proofModeOf(seqs: Float64Array, size: number): ProofMode {
  const { first, end, count } = rangeOf(seqs)
  if (count === seqs.length) return 'range'
  const beside = subtreesOf(0, first).length + subtreesOf(end, size).length
  return inclusionSize(seqs, size) < (count + beside) * HASH_IN_LIST ? 'inclusion' : 'range'
}

function inclusionSize(seqs: Float64Array, size: number): number {
  let characters = 0
  for (const seq of seqs)
    characters += PROOF_FRAME + String(seq).length + pathLength(seq, size) * HASH_IN_PROOF
  return characters
}

/** Hashes of the inclusion proof of a leaf. */
function pathLength(index: number, size: number): number {
  let length = 0
  for (let start = 0, end = size; end - start > 1;) {
    const middle = start + splitPoint(end - start)
    if (index < middle) end = middle
    else start = middle
    length += 1
  }
  return length
}
