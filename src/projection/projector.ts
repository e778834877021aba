import { parseEntry } from '../event/entry.ts'
import type { LogEntry } from '../event/audit-event.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { SearchDocument, SearchIndex } from '../search/search-index.ts'
import { searchDocument } from './search-document.ts'

const ENTRIES_AT_ONCE = 512

const decoder = new TextDecoder()

/** Called with how many of the log's entries the index has. */
export type OnProgress = (done: number, total: number) => void

/**
 * Replays the ledger into the search index, behind the index's own position. Late, crashed or wiped, it catches up: the
 * same entries give the same documents, and applying one again changes nothing.
 */
export class Projector {
  readonly #ledger: Ledger
  readonly #search: SearchIndex

  readonly #entriesAtOnce: number

  /** `entriesAtOnce`: more suit an index that takes large batches from afar; at most 4,096. */
  constructor(options: {
    readonly ledger: Ledger
    readonly search: SearchIndex
    readonly entriesAtOnce?: number
  }) {
    this.#ledger = options.ledger
    this.#search = options.search
    this.#entriesAtOnce = options.entriesAtOnce ?? ENTRIES_AT_ONCE
  }

  /** Brings the index of every log up to its head. */
  async catchUpAll(): Promise<void> {
    for (const workspace of await this.#ledger.workspaces()) await this.catchUp(workspace)
  }

  /** Entries applied. Dying in between is safe: the next run goes on where the index stands. */
  async catchUp(workspace: string, onProgress?: OnProgress): Promise<number> {
    const start = await this.#search.position(workspace)
    let position = start
    for (;;) {
      const size = (await this.#ledger.head(workspace))?.size ?? 0
      onProgress?.(position, size)
      if (position >= size) return position - start
      const { first, entries } = await readFrom(this.#ledger, workspace, position, this.#entriesAtOnce)
      if (entries.length === 0) return position - start
      await this.#search.apply(
        entries.map((bytes) => replayedDocument(workspace, bytes)),
        position,
      )
      position = first + entries.length
    }
  }

  /** Forgets what the index has of the workspace and replays its whole log. */
  async rebuild(workspace: string, onProgress?: OnProgress): Promise<number> {
    await this.#search.clear(workspace)
    return await this.catchUp(workspace, onProgress)
  }
}

/** Entries from `position` on, or from the first one on that has not left the online store; none where the log ends. */
export async function readFrom(
  ledger: Pick<Ledger, 'entries' | 'firstReceivedSince'>,
  workspace: string,
  position: number,
  count: number,
): Promise<{ readonly first: number; readonly entries: readonly Uint8Array[] }> {
  const entries = await ledger.entries(workspace, position, count)
  if (entries.length > 0) return { first: position, entries }
  const first = await ledger.firstReceivedSince(workspace, 0)
  return { first, entries: first > position ? await ledger.entries(workspace, first, count) : [] }
}

/** The search document of a committed entry. */
export function documentOf(workspace: string, entry: LogEntry): SearchDocument {
  return searchDocument(workspace, entry.seq, entry.id, entry)
}

/** The search document of an entry that was read back. Errors: `malformed_proof` for bytes that no gateway has written. */
export function replayedDocument(workspace: string, bytes: Uint8Array): SearchDocument {
  return withEntry(workspace, bytes, parseEntry(bytes))
}

/** The same of an entry that this process has just sealed: nobody can have changed it, so it is not checked again. */
export function sealedDocument(workspace: string, bytes: Uint8Array): SearchDocument {
  return withEntry(workspace, bytes, JSON.parse(decoder.decode(bytes)) as LogEntry)
}

function withEntry(workspace: string, bytes: Uint8Array, entry: LogEntry): SearchDocument {
  return { ...documentOf(workspace, entry), committed: { bytes, entry } }
}
