import type { LogCommit, SequencedEntry } from '../ledger.ts'
import { MAX_BATCH_ENTRIES } from './chain.ts'
import { fullTiles, toBase64, type BatchRef, type BatchSource, type TileSource } from './documents.ts'
import { packEntries } from './entry-bundles.ts'

/** A commit as documents: its batches, each pointing to the one before. */
export interface Draft {
  readonly batches: readonly { readonly ref: BatchRef; readonly source: BatchSource }[]
  readonly last: BatchRef
  readonly tiles: readonly TileSource[]
}

/** A document stays far below the 100 MB that Elasticsearch takes in one request. */
const MAX_BATCH_BYTES = 4 << 20

/** Entries of one batch, and the same compressed. */
interface BatchPart {
  readonly entries: readonly SequencedEntry[]
  readonly bundles: readonly string[]
}

export interface PackedCommit<Derived> {
  readonly commit: LogCommit<Derived>
  readonly parts: readonly BatchPart[]
}

/** Cuts a commit into batches and compresses them: needs nothing of the head, so it is done ahead of its turn. */
export async function packCommit<Derived>(commit: LogCommit<Derived>): Promise<PackedCommit<Derived>> {
  const parts = cut(commit.entries).map(async (entries) => ({ entries, bundles: await packEntries(entries) }))
  return { commit, parts: await Promise.all(parts) }
}

/**
 * Ids hold the root that the commit leads to, which stands for every byte of it: the same commit has the same ids, another one
 * has others.
 */
export function draftBatches(
  commit: LogCommit,
  parts: readonly BatchPart[],
  { index, previous, writtenAt }: { index: string; previous: BatchRef | null; writtenAt: number },
): Draft {
  const { workspace, head } = commit
  const root = Buffer.from(head.root).toString('base64url')
  const tiles = fullTiles(workspace, commit.tiles)
  const batches: { ref: BatchRef; source: BatchSource }[] = []
  let before = previous
  for (const [at, { entries, bundles }] of parts.entries()) {
    const first = entries[0]?.seq ?? 0
    const ref: BatchRef = { index, id: `${workspace}/${first}/${root}`, first, count: entries.length }
    const own = entries.filter(({ clientId }) => clientId)
    const source: BatchSource = {
      workspace,
      first,
      count: entries.length,
      received_at: head.lastReceivedAt,
      written_at: writtenAt,
      last_leaf: toBase64(entries.at(-1)?.leafHash ?? new Uint8Array()),
      previous: before,
      ids: own.map(({ id }) => id),
      id_seqs: own.map(({ seq }) => seq),
      bundles,
      tiles: at === parts.length - 1 ? tiles : [],
    }
    batches.push({ ref, source })
    before = ref
  }
  return { batches, last: before ?? { index, id: '', first: 0, count: 0 }, tiles }
}

function cut(entries: readonly SequencedEntry[]): SequencedEntry[][] {
  const parts: SequencedEntry[][] = []
  let part: SequencedEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    if (
      part.length === MAX_BATCH_ENTRIES ||
      (part.length > 0 && bytes + entry.entry.length > MAX_BATCH_BYTES)
    ) {
      parts.push(part)
      part = []
      bytes = 0
    }
    part.push(entry)
    bytes += entry.entry.length
  }
  if (part.length > 0) parts.push(part)
  return parts
}
