import { parseEntry } from '../event/entry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { documentOf } from '../projection/projector.ts'
import type { SearchDocument } from '../search/search-index.ts'
import { equalBytes } from '../tlog/encoding.ts'
import { leafHash } from '../tlog/leaf.ts'
import type { Sha256 } from '../tlog/sha256.ts'
import type { StoreFinding } from './store-report.ts'

/** How the search projection can be held against documents made of the ledger again. */
export interface IndexCheck {
  /**
   * Documents of all workspaces, ascending by seq within each. At most 100 differences are named. `isExpired`: whether an index that
   * deletes by age may have deleted what was received then (milliseconds since 1970) by a workspace of this plan.
   */
  check(
    documents: AsyncIterable<readonly SearchDocument[]>,
    progress?: (tokensCompared: number) => void,
    isExpired?: IsExpired,
  ): Promise<{
    readonly events: number
    readonly tokens: number
    readonly differences: readonly {
      readonly workspace: string
      readonly seq: number | null
      readonly what: keyof typeof INDEX_MESSAGES
      /** Where the index keeps it, where that has a name. */
      readonly document?: string | null
    }[]
    /** Index rows that belong to no event of the ledger, and have no name. */
    readonly strays: number
    /** Entries that an index which follows its ledger has not come to yet: not judged. */
    readonly waiting?: number
    /** Entries that an index which deletes by age no longer has: they are old enough. */
    readonly expired?: number
    /** How far an index that follows its ledger says that it is. */
    readonly positions?: readonly {
      readonly workspace: string
      readonly position: number
      readonly document: string
    }[]
    /** Documents that no search shows, in an index where people may look without one. */
    readonly leftovers?: AsyncIterable<readonly Leftover[]>
  }>
  /** The store's own check of its files: one sentence a fault. */
  integrity(): Promise<readonly string[]>
}

export type IsExpired = (plan: string, receivedAt: number) => boolean

/** A copy of an event, or an invention. */
interface Leftover {
  readonly workspace: string
  readonly document: string
  /** What it gives as the canonical bytes. */
  readonly entry: Uint8Array | null
  /** Whether it is what the projection once made of the event. */
  isProjectionOf(document: SearchDocument): boolean
}

export interface IndexResult {
  readonly findings: readonly StoreFinding[]
  readonly events: number
  readonly tokens: number
  readonly waiting: number
  readonly expired: number
}

/** What a difference of the index means to a person. */
const INDEX_MESSAGES = {
  missing: 'The search index does not have this event.',
  columns: 'The search index has another time, user, action, resource or outcome for this event.',
  tokens: 'The words that the search index has for this event are not those of the event.',
  rewritten: 'The document of this event was written a second time, which the product never does.',
  stray: 'The search index has this document beside those of the events of the log: it was added.',
} as const
const INVENTED = 'The index has a document that is no event of any log: it was added or changed.'
const AHEAD = 'The index says that it has more entries than the log: it would never index the next ones.'
const MOST_FINDINGS = 100

interface IndexVerification {
  readonly index: IndexCheck
  readonly ledger: Ledger
  readonly sha256: Sha256
  readonly isExpired?: IsExpired
}

/** Compares the projection with what the ledger says it should be, and judges what else the index holds. */
export async function verifyIndex(
  { index, ledger, sha256, isExpired }: IndexVerification,
  documents: AsyncIterable<readonly SearchDocument[]>,
  onWords: (compared: number) => void,
): Promise<IndexResult> {
  try {
    const report = await index.check(documents, onWords, isExpired)
    const findings: StoreFinding[] = report.differences.map(({ workspace, seq, what, document }) => ({
      ...{ workspace, what: 'index' as const, message: INDEX_MESSAGES[what] },
      ...(seq === null ? {} : { seq }),
      ...(document ? { document } : {}),
    }))
    if (report.strays > 0)
      findings.push({
        what: 'index',
        message: `The search index has ${report.strays} rows of events that no log has.`,
      })
    for (const { workspace, position, document } of report.positions ?? [])
      if (position > ((await ledger.head(workspace))?.size ?? 0))
        findings.push({ workspace, what: 'index', document, message: AHEAD })
    for await (const some of report.leftovers ?? [])
      for (const { document, ...leftover } of some)
        if (findings.length < MOST_FINDINGS && !(await isCopy(leftover, ledger, sha256)))
          findings.push({ what: 'index', document, message: INVENTED })
    const { events, tokens, waiting = 0, expired = 0 } = report
    return { findings, events, tokens, waiting, expired }
  } catch (error) {
    const message = `The search index can not be read: ${error instanceof Error ? error.message : String(error)}`
    return { findings: [{ what: 'index', message }], events: 0, tokens: 0, waiting: 0, expired: 0 }
  }
}

/** What an earlier projection left behind is an event of the log, word for word. */
async function isCopy(
  { workspace, entry: bytes, isProjectionOf }: Omit<Leftover, 'document'>,
  ledger: Ledger,
  sha256: Sha256,
): Promise<boolean> {
  if (bytes === null) return false
  try {
    const entry = parseEntry(bytes)
    const tile = await ledger.tile(workspace, 0, Math.floor(entry.seq / 256), (entry.seq % 256) + 1)
    return (
      tile !== null &&
      equalBytes(tile.subarray(-32), leafHash(bytes, sha256)) &&
      isProjectionOf({ ...documentOf(workspace, entry), committed: { bytes, entry } })
    )
  } catch {
    return false
  }
}
