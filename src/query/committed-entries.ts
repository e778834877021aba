import type { CommittedEntries, Ledger } from '../ledger/ledger.ts'
import { changedEntry, lostEntry } from '../ledger/tampered-entry.ts'
import { equalBytes } from '../tlog/encoding.ts'
import { leafHash } from '../tlog/leaf.ts'
import { HASH_BYTES, type Sha256 } from '../tlog/sha256.ts'
import { readLeaves } from './leaf-hashes.ts'

interface Dependencies {
  readonly ledger: Pick<Ledger, 'committed' | 'entries' | 'entriesAt' | 'tile'>
  readonly sha256: Sha256
}

/** As `Ledger.committed`, on any ledger: one that has no way of its own is asked for entries and tiles. */
export async function readCommitted(
  { ledger, sha256 }: Dependencies,
  workspace: string,
  seqs: Float64Array<ArrayBuffer>,
  size: number,
): Promise<CommittedEntries> {
  if (ledger.committed !== undefined) return await ledger.committed(workspace, seqs, size)
  // in the log's order, because a ledger keeps neighbours together
  const sorted = [...seqs].sort((one, other) => one - other)
  const first = sorted[0] ?? 0
  const areNeighbours = (sorted.at(-1) ?? 0) - first + 1 === sorted.length
  const [entries, leaves] = await Promise.all([
    areNeighbours ? ledger.entries(workspace, first, sorted.length) : ledger.entriesAt(workspace, sorted),
    readLeaves(ledger, workspace, sorted, size),
  ])
  const bySeq = new Map(sorted.map((seq, at) => [seq, entries[at]]))
  return sideBySide(
    seqs,
    Array.from(seqs, (seq) => committedEntry(seq, bySeq.get(seq), leaves(seq), sha256)),
  )
}

interface CommittedEntry {
  readonly entry: Uint8Array
  readonly leafHash: Uint8Array
}

function committedEntry(
  seq: number,
  entry: Uint8Array | null | undefined,
  committed: Uint8Array | null,
  sha256: Sha256,
): CommittedEntry {
  if (entry === null || entry === undefined || committed === null) throw lostEntry(seq)
  if (!equalBytes(leafHash(entry, sha256), committed)) throw changedEntry(seq)
  return { entry, leafHash: committed }
}

/** Before each entry. */
const GAP = 2

function sideBySide(seqs: Float64Array<ArrayBuffer>, entries: readonly CommittedEntry[]): CommittedEntries {
  const starts = new Uint32Array(seqs.length)
  const leafHashes = new Uint8Array(seqs.length * HASH_BYTES)
  const bytes = new Uint8Array(entries.reduce((sum, { entry }) => sum + GAP + entry.length, 0))
  let end = 0
  for (const [at, { entry, leafHash: committed }] of entries.entries()) {
    starts[at] = end + GAP
    bytes.set(entry, end + GAP)
    end += GAP + entry.length
    leafHashes.set(committed, at * HASH_BYTES)
  }
  return { seqs, starts, lengths: Uint32Array.from(entries, ({ entry }) => entry.length), leafHashes, bytes }
}
