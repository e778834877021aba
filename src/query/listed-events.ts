import { serverId } from '../event/server-id.ts'
import type { LogEntry } from '../event/audit-event.ts'
import { parseEntry } from '../event/entry.ts'
import type { Hit } from '../search/search-index.ts'
import { encodeBase64, equalBytes } from '../tlog/encoding.ts'
import { leafHash } from '../tlog/leaf.ts'
import type { ListDependencies } from './dependencies.ts'
import type { ListedEvent } from './query-facade.ts'

type EntryDependencies = Pick<ListDependencies, 'ledger' | 'sha256' | 'leaves'>

/** After so many bytes of entries others get their turn: parsing them took some milliseconds. */
const BYTES_PER_TURN = 1 << 20

/**
 * The events behind hits, in their order: canonical bytes from index or ledger, each hashed and compared with the leaf that
 * the log committed to. At most 1,000.
 */
export async function listedEvents(
  dependencies: EntryDependencies,
  workspace: string,
  hits: readonly Hit[],
): Promise<ListedEvent[]> {
  const [entries, leaves] = await Promise.all([
    readEntries(dependencies, workspace, hits),
    dependencies.leaves.of(
      workspace,
      hits.map(({ seq }) => seq),
    ),
  ])
  const events: ListedEvent[] = []
  let bytes = 0
  for (const [at, hit] of hits.entries()) {
    const entry = entries[at] ?? null
    events.push(listedEvent(dependencies, hit, entry, leaves(hit.seq)))
    bytes += entry?.length ?? 0
    if (bytes < BYTES_PER_TURN) continue
    bytes = 0
    await new Promise((resolve) => setImmediate(resolve))
  }
  return events
}

async function readEntries(
  { ledger }: EntryDependencies,
  workspace: string,
  hits: readonly Hit[],
): Promise<(Uint8Array | null)[]> {
  const missing = hits.filter((hit) => hit.entry === null).map((hit) => hit.seq)
  // in the log's order, because a ledger keeps neighbours in one compressed bundle
  missing.sort((one, other) => one - other)
  const found = missing.length === 0 ? [] : await ledger.entriesAt(workspace, missing)
  const bySeq = new Map(missing.map((seq, at) => [seq, found[at] ?? null]))
  return hits.map((hit) => hit.entry ?? bySeq.get(hit.seq) ?? null)
}

function listedEvent(
  { sha256 }: EntryDependencies,
  hit: Hit,
  entry: Uint8Array | null,
  committed: Uint8Array | null,
): ListedEvent {
  const leaf = entry === null ? null : leafHash(entry, sha256)
  if (entry !== null && leaf !== null && committed !== null && equalBytes(leaf, committed)) {
    // what the log committed to was canonical when it was sealed
    const event = JSON.parse(new TextDecoder().decode(entry)) as LogEntry
    return { ...event, leaf_hash: encodeBase64(committed) }
  }
  const shown = committed ?? leaf
  return {
    ...(entry === null ? unreadable(hit) : readTampered(hit, entry)),
    leaf_hash: shown === null ? '' : encodeBase64(shown),
    tampered: true,
  }
}

function readTampered(hit: Hit, entry: Uint8Array): LogEntry {
  try {
    return { ...parseEntry(entry), seq: hit.seq }
  } catch {
    return unreadable(hit)
  }
}

/** In the place of an entry that is lost, or no longer an entry. */
function unreadable(hit: Hit): LogEntry {
  const timestamp = new Date(hit.timestamp).toISOString()
  return {
    v: 1,
    id: serverId(hit.seq),
    seq: hit.seq,
    log: '',
    prev: '',
    salt: '',
    timestamp,
    received_at: timestamp,
    actor: { type: 'system' },
    action: 'unreadable',
    verb: 'UNREADABLE',
    category: 'other',
    outcome: 'failure',
    resource: { type: 'UNREADABLE' },
  }
}
