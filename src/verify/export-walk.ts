import { decodeBase64Hash, equalBytes, malformed } from '../tlog/encoding.ts'
import { verifyInclusion } from '../tlog/proofs.ts'
import type { Checkpoint } from '../tlog/checkpoint.ts'
import type { Sha256 } from '../tlog/sha256.ts'
import { parseTlogProof } from '../tlog/tlog-proof.ts'
import type { ProofReader } from './export-proof.ts'
import type { ExportProtocol } from './export-report.ts'
import type { fileRows, FileRow } from './export-rows.ts'
import { TreeParts } from './export-tree.ts'

export interface WalkOptions {
  readonly proof: ProofReader
  readonly checkpoint: Checkpoint
  readonly sha256: Sha256
  readonly protocol: ExportProtocol
}

/** Rows one at a time, with a look at the next. */
export class RowQueue {
  readonly #rows: ReturnType<typeof fileRows>
  #next: FileRow | undefined
  #first: number | undefined
  #last: number | undefined
  #count = 0

  constructor(rows: ReturnType<typeof fileRows>) {
    this.#rows = rows
  }

  async peek(): Promise<FileRow | undefined> {
    if (this.#next !== undefined) return this.#next
    const next = await this.#rows.next()
    if (next.done === true) {
      // asked again, a generator that has ended answers nothing
      this.#count = (next.value as { rows: number } | undefined)?.rows ?? this.#count
      return undefined
    }
    this.#next = next.value
    this.#first ??= next.value.seq
    this.#last = next.value.seq
    return this.#next
  }

  take(): void {
    this.#next = undefined
  }

  /** Reads what is left, whatever it is; answers how many rows the file has, unreadable ones included, and their seqs. */
  async finish(): Promise<{ rows: number; first: number | undefined; last: number | undefined }> {
    while ((await this.peek()) !== undefined) this.take()
    return { rows: this.#count, first: this.#first, last: this.#last }
  }
}

/**
 * Range mode: the hashes of every entry of a range, in order, must lead to the checkpoint's root, and each row must have the hash
 * at its seq. Answers how many of the range the rows are.
 */
export async function walkRange(rows: RowQueue, options: WalkOptions): Promise<number> {
  const { proof, checkpoint, sha256, protocol } = options
  const { first, count } = proof.start
  // the range is attacker-controlled
  if (first < 0 || count < 0 || first + count > checkpoint.size)
    throw malformed('The range of the proof is beyond its checkpoint.')
  const range = new TreeParts(first, sha256)
  let inRange = 0
  for await (const item of proof.items()) {
    const seq = range.size
    const hash = decodeBase64Hash(item, 'leaf hash of the proof')
    range.append(hash)
    const row = await rows.peek()
    if (row === undefined || row.seq > seq) continue
    if (row.seq < seq) {
      outside(row, protocol)
    } else {
      inRange += 1
      if (!equalBytes(row.leafHash, hash))
        protocol.wrong({
          what: 'row',
          row: row.row,
          seq,
          message: 'The row is not the entry that was logged: it has another hash.',
        })
    }
    rows.take()
  }
  if (range.size !== first + count) throw malformed('The proof has not as many hashes as its range.')
  await rest(rows, protocol)
  const { left, right } = await proof.end()
  const tree = new TreeParts(0, sha256)
  tree.appendSubtrees(left, first)
  tree.appendTree(range)
  tree.appendSubtrees(right, checkpoint.size)
  if (!equalBytes(tree.root(), checkpoint.root)) {
    protocol.wrong({
      what: 'proof',
      message: 'The hashes of the proof do not lead to the root of the checkpoint.',
    })
  }
  return inRange
}

/** Inclusion mode: each row has an inclusion proof of its own, in order. */
export async function walkInclusion(rows: RowQueue, options: WalkOptions): Promise<void> {
  const { proof, checkpoint, sha256, protocol } = options
  for await (const body of proof.items()) {
    const { index, hashes } = parseTlogProof(`${body}\n${proof.start.checkpoint}`)
    for (let row = await rows.peek(); row !== undefined && row.seq < index; row = await rows.peek()) {
      outside(row, protocol)
      rows.take()
    }
    const row = await rows.peek()
    if (row?.seq !== index) {
      protocol.wrong({
        what: 'row',
        seq: index,
        message: `The row with seq ${index}, which the proof has, is missing from the file.`,
      })
      continue
    }
    rows.take()
    const { size, root } = checkpoint
    await protocol.hold('row', () => {
      verifyInclusion({ leafHash: row.leafHash, index, size, root, proof: hashes }, sha256)
    })
  }
  await rest(rows, protocol)
  await proof.end()
}

async function rest(rows: RowQueue, protocol: ExportProtocol): Promise<void> {
  for (let row = await rows.peek(); row !== undefined; row = await rows.peek()) {
    outside(row, protocol)
    rows.take()
  }
}

function outside({ row, seq }: FileRow, protocol: ExportProtocol): void {
  protocol.wrong({
    what: 'row',
    row,
    seq,
    message: 'The proof does not have this row: it was added, or belongs to another export.',
  })
}
