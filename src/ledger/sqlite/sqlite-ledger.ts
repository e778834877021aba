import type { SqliteCall } from '../../drivers/sqlite/procedures.ts'
import { moduleBeside, type Sqlite } from '../../drivers/sqlite/sqlite.ts'
import type {
  CommitOutcome,
  CommittedEntries,
  Ledger,
  LogCommit,
  LogHead,
  SequencedEntry,
} from '../ledger.ts'
import { ENTRIES_PER_BUNDLE, parted, type JoinedEntries } from './bundles.ts'
import type { LedgerFacts, PackedCommit, WantedTile } from './procedures.ts'

export const ledgerModule = moduleBeside(import.meta.url, './procedures')

const MOST_ENTRIES = 4_096
const MOST_SPARE = 4
/** In one message: 8 KiB each at most. */
const MOST_TILES = 64

/**
 * The ledger in the embedded store: entries, tiles, ids, head and whatever is committed `alongside` (the search
 * projection) are one SQLite transaction with `synchronous=FULL`, so that there is no state between them to recover from.
 * Compare-and-swap is a read of the head inside that transaction: other processes on the same file are fenced too.
 */
export class SqliteLedger<Derived> implements Ledger<Derived> {
  readonly #sqlite: Sqlite
  readonly #alongside: (commit: LogCommit<Derived>) => readonly SqliteCall[]
  /** Memory that was given back: to make it anew for each read costs more time than to fill it, and leaves gaps that add up. */
  readonly #spare: ArrayBuffer[] = []

  /** Asked for in this turn of the event loop. */
  readonly #tiles: AskedTile[] = []

  constructor(sqlite: Sqlite, alongside: (commit: LogCommit<Derived>) => readonly SqliteCall[]) {
    this.#sqlite = sqlite
    this.#alongside = alongside
  }

  async append(commits: readonly LogCommit<Derived>[]): Promise<readonly CommitOutcome[]> {
    const argument = commits.map((commit) => pack(commit, this.#alongside(commit)))
    const [outcomes] = await this.#sqlite.write([{ procedure: 'ledger.append', argument }])
    return outcomes as CommitOutcome[]
  }

  async head(workspace: string): Promise<LogHead | null> {
    return (await this.#sqlite.read({ procedure: 'ledger.head', argument: workspace })) as LogHead | null
  }

  async entries(workspace: string, first: number, count: number): Promise<readonly Uint8Array[]> {
    const argument = { workspace, first, count: Math.min(count, MOST_ENTRIES) }
    const call = { procedure: 'ledger.entries', argument }
    const { bytes, lengths } = (await this.#sqlite.scan(call)) as JoinedEntries
    return parted(bytes, lengths).filter((entry) => entry !== null)
  }

  async committed(
    workspace: string,
    seqs: Float64Array<ArrayBuffer>,
    size: number,
  ): Promise<CommittedEntries> {
    const spare = this.#spare.pop() ?? null
    const call = { procedure: 'ledger.committed', argument: { workspace, seqs, size, spare } }
    const handed = spare === null ? [seqs.buffer] : [seqs.buffer, spare]
    return (await this.#sqlite.scan(call, handed)) as CommittedEntries
  }

  release(bytes: ArrayBuffer): void {
    // what still looks at the entries sees nothing, rather than others
    if (this.#spare.length < MOST_SPARE) this.#spare.push(bytes.transfer())
  }

  async entriesAt(workspace: string, seqs: readonly number[]): Promise<readonly (Uint8Array | null)[]> {
    const call = { procedure: 'ledger.entriesAt', argument: { workspace, seqs } }
    const { bytes, lengths } = (await this.#sqlite.read(call)) as JoinedEntries
    return parted(bytes, lengths)
  }

  tile(workspace: string, level: number, index: number, width: number): Promise<Uint8Array | null> {
    const wanted = { workspace, level, index, width }
    const answer = Promise.withResolvers<Uint8Array | null>()
    // Proofs and verification ask for many at once: together they cross threads in the time of one.
    if (this.#tiles.push({ wanted, answer }) === 1) queueMicrotask(() => this.#readTiles())
    if (this.#tiles.length === MOST_TILES) this.#readTiles()
    return answer.promise
  }

  async seqOf(workspace: string, clientIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const argument = { workspace, ids: clientIds }
    return (await this.#sqlite.read({ procedure: 'ledger.seqOf', argument })) as Map<string, number>
  }

  async firstReceivedSince(workspace: string, receivedAt: number): Promise<number> {
    const argument = { workspace, receivedAt }
    return (await this.#sqlite.read({ procedure: 'ledger.firstReceivedSince', argument })) as number
  }

  #readTiles(): void {
    const asked = this.#tiles.splice(0)
    if (asked.length === 0) return
    this.#sqlite.read({ procedure: 'ledger.tiles', argument: asked.map(({ wanted }) => wanted) }).then(
      (tiles) => {
        for (const [at, { answer }] of asked.entries())
          answer.resolve((tiles as (Uint8Array | null)[])[at] ?? null)
      },
      (error: unknown) => {
        for (const { answer } of asked) answer.reject(error)
      },
    )
  }

  /** For verification: bundles that begin in the range, times of receipt, and the number of client ids. */
  async facts(workspace: string, first: number, count: number): Promise<LedgerFacts> {
    return (await this.#sqlite.scan({
      procedure: 'ledger.facts',
      argument: { workspace, first, count },
    })) as LedgerFacts
  }

  async workspaces(): Promise<readonly string[]> {
    return (await this.#sqlite.read({ procedure: 'ledger.workspaces', argument: null })) as string[]
  }
}

interface AskedTile {
  readonly wanted: WantedTile
  readonly answer: PromiseWithResolvers<Uint8Array | null>
}

function pack<Derived>(commit: LogCommit<Derived>, alongside: readonly SqliteCall[]): PackedCommit {
  const bundles: { count: number; bytes: Uint8Array }[] = []
  for (let at = 0; at < commit.entries.length; at += ENTRIES_PER_BUNDLE) {
    const entries = commit.entries.slice(at, at + ENTRIES_PER_BUNDLE)
    bundles.push({ count: entries.length, bytes: bundle(entries) })
  }
  return {
    workspace: commit.workspace,
    expected: commit.expected,
    bundles,
    clientIds: commit.entries.filter((entry) => entry.clientId).map(({ id, seq }) => ({ id, seq })),
    tiles: commit.tiles,
    head: commit.head,
    alongside,
  }
}

/** Entry bundle of C2SP tlog-tiles: big-endian uint16 length before each entry. */
function bundle(entries: readonly SequencedEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, { entry }) => sum + 2 + entry.length, 0))
  let at = 0
  for (const { entry } of entries) {
    bytes[at] = entry.length >> 8
    bytes[at + 1] = entry.length & 0xff
    bytes.set(entry, at + 2)
    at += 2 + entry.length
  }
  return bytes
}
