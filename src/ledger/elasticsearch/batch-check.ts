import type { LogEntry } from '../../event/audit-event.ts'
import { parseEntry } from '../../event/entry.ts'
import { seqOfServerId } from '../../event/server-id.ts'
import { leafHash } from '../../tlog/leaf.ts'
import type { Sha256 } from '../../tlog/sha256.ts'
import { toBase64, type BatchSource } from './documents.ts'
import { unpackBundle } from './entry-bundles.ts'

/** What stands in a batch's entries themselves. */
export interface BatchContent {
  readonly entries: readonly (LogEntry | null)[]
  /** Base64. */
  readonly leaves: readonly string[]
}

export async function contentOf({ bundles }: Partial<BatchSource>, sha256: Sha256): Promise<BatchContent> {
  const entries: (LogEntry | null)[] = []
  const leaves: string[] = []
  for (const bundle of Array.isArray(bundles) ? bundles : [])
    for (const bytes of await unpackBundle(String(bundle))) {
      entries.push(readable(bytes))
      leaves.push(toBase64(leafHash(bytes, sha256)))
    }
  return { entries, leaves }
}

/** Fields that say something else than the entries that they stand beside; those readers rely on to find entries, times and ids. */
export function wrongFields(
  source: Partial<BatchSource>,
  workspace: string,
  content: BatchContent,
): string[] {
  const { entries, leaves } = content
  const wrong: string[] = []
  const expect = (field: string, holds: boolean) => {
    if (!holds) wrong.push(field)
  }
  const [first] = entries
  const own = entries.flatMap((entry) => (entry && seqOfServerId(entry.id) === null ? entry : []))
  expect('workspace', source.workspace === workspace)
  expect('first', first === undefined || first === null || source.first === first.seq)
  expect('count', source.count === entries.length)
  // Entries that can't be read are findings of the log itself.
  if (entries.includes(null)) return wrong
  expect('last_leaf', source.last_leaf === leaves.at(-1))
  expect(
    'received_at',
    entries.every((entry) => entry !== null && Date.parse(entry.received_at) === source.received_at),
  )
  expect(
    'ids',
    isSame(
      source.ids,
      own.map(({ id }) => id),
    ),
  )
  expect(
    'id_seqs',
    isSame(
      source.id_seqs,
      own.map(({ seq }) => seq),
    ),
  )
  return wrong
}

/**
 * Whether a batch that no head leads to is what a gateway leaves behind when it loses a race, or dies between its two writes: a
 * continuation of the log as it was, whole in itself. `before`: the leaf that it continues; null where that can't be known.
 */
export function isLostRace(
  source: Partial<BatchSource>,
  id: string,
  { workspace, before }: { readonly workspace: string; readonly before: string | null },
  content: BatchContent,
): boolean {
  const { entries, leaves } = content
  if (entries.length === 0 || wrongFields(source, workspace, content).length > 0) return false
  if (!id.startsWith(`${workspace}/${source.first}/`)) return false
  return entries.every((entry, at) => {
    const previous = at === 0 ? before : leaves[at - 1]
    return (
      entry !== null &&
      entry.seq === (source.first ?? -1) + at &&
      (previous === null || entry.prev === previous)
    )
  })
}

function readable(bytes: Uint8Array): LogEntry | null {
  try {
    return parseEntry(bytes)
  } catch {
    return null
  }
}

function isSame(stored: unknown, expected: readonly unknown[]): boolean {
  return (
    Array.isArray(stored) &&
    stored.length === expected.length &&
    expected.every((value, at) => value === stored[at])
  )
}
