import { encodeBase64 } from '../../src/tlog/encoding.ts'
import type { CommitOutcome, Ledger, LogCommit, LogHead } from '../../src/ledger/ledger.ts'

interface MemoryLog {
  head: LogHead
  readonly entries: Uint8Array[]
  readonly receivedAt: number[]
  readonly tiles: Map<string, Uint8Array>
  readonly seqOf: Map<string, number>
}

/** The ledger port in memory, for tests that need no durability; entries may be changed behind its back by `tamper`. */
export class MemoryLedger<Derived> implements Ledger<Derived> {
  readonly #logs = new Map<string, MemoryLog>()
  readonly #alongside: (commit: LogCommit<Derived>) => Promise<void>

  constructor(alongside: (commit: LogCommit<Derived>) => Promise<void> = () => Promise.resolve()) {
    this.#alongside = alongside
  }

  async append(commits: readonly LogCommit<Derived>[]): Promise<readonly CommitOutcome[]> {
    return await Promise.all(commits.map((commit) => this.#append(commit)))
  }

  async #append(commit: LogCommit<Derived>): Promise<CommitOutcome> {
    const log = this.#logs.get(commit.workspace) ?? emptyLog(commit.head)
    const expected = log.entries.length === 0 ? 0 : log.head.size
    if (commit.expected.size !== expected) return { status: 'moved' }
    const ids = commit.entries.filter((entry) => entry.clientId).map((entry) => entry.id)
    const seqOf = await this.seqOf(commit.workspace, ids)
    if (seqOf.size > 0) return { status: 'duplicate', seqOf }
    this.#logs.set(commit.workspace, log)
    for (const { seq, id, clientId, entry } of commit.entries) {
      log.entries[seq] = entry
      log.receivedAt[seq] = commit.head.lastReceivedAt
      if (clientId) log.seqOf.set(id, seq)
    }
    for (const { level, index, hashes } of commit.tiles) log.tiles.set(`${level}/${index}`, hashes)
    log.head = commit.head
    await this.#alongside(commit)
    return { status: 'committed' }
  }

  head(workspace: string): Promise<LogHead | null> {
    return Promise.resolve(this.#logs.get(workspace)?.head ?? null)
  }

  entries(workspace: string, first: number, count: number): Promise<readonly Uint8Array[]> {
    return Promise.resolve(
      this.#logs.get(workspace)?.entries.slice(first, first + Math.min(count, 4096)) ?? [],
    )
  }

  entriesAt(workspace: string, seqs: readonly number[]): Promise<readonly (Uint8Array | null)[]> {
    return Promise.resolve(seqs.map((seq) => this.#logs.get(workspace)?.entries[seq] ?? null))
  }

  tile(workspace: string, level: number, index: number, width: number): Promise<Uint8Array | null> {
    const hashes = this.#logs
      .get(workspace)
      ?.tiles.get(`${level}/${index}`)
      ?.subarray(0, width * 32)
    return Promise.resolve(hashes?.length === width * 32 ? hashes : null)
  }

  seqOf(workspace: string, clientIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const known = this.#logs.get(workspace)?.seqOf
    return Promise.resolve(new Map(clientIds.flatMap((id) => entryOf(id, known?.get(id)))))
  }

  firstReceivedSince(workspace: string, receivedAt: number): Promise<number> {
    const received = this.#logs.get(workspace)?.receivedAt ?? []
    const first = received.findIndex((at) => at >= receivedAt)
    return Promise.resolve(first < 0 ? received.length : first)
  }

  workspaces(): Promise<readonly string[]> {
    return Promise.resolve([...this.#logs.keys()])
  }

  /** Loses one entry behind the log's back. */
  lose(workspace: string, seq: number): void {
    const log = this.#logs.get(workspace)
    if (log) Reflect.deleteProperty(log.entries, seq)
  }

  /** Replaces a stored entry behind the back of its leaf hash. */
  tamper(workspace: string, seq: number, change: (entry: Uint8Array) => Uint8Array): void {
    const entries = this.#logs.get(workspace)?.entries
    const entry = entries?.[seq]
    if (entries === undefined || entry === undefined) throw new Error(`no entry ${seq}`)
    entries[seq] = change(entry)
    if (encodeBase64(entries[seq]) === encodeBase64(entry)) throw new Error('nothing was changed')
  }
}

function emptyLog(head: LogHead): MemoryLog {
  return { head, entries: [], receivedAt: [], tiles: new Map(), seqOf: new Map() }
}

function entryOf(id: string, seq: number | undefined): [string, number][] {
  return seq === undefined ? [] : [[id, seq]]
}
