import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { TrailsealError } from '../errors.ts'
import type { LogEntry } from '../event/audit-event.ts'
import { serverId } from '../event/server-id.ts'
import { parseEntry, sealEntry } from '../event/entry.ts'
import type { CommitOutcome, Ledger, LogCommit, SequencedEntry } from '../ledger/ledger.ts'
import type { Signer } from '../signing/signer.ts'
import { formatCheckpointText } from '../tlog/checkpoint.ts'
import { encodeUtf8, equalBytes } from '../tlog/encoding.ts'
import { leafHash } from '../tlog/leaf.ts'
import type { Sha256 } from '../tlog/sha256.ts'
import { formatNote, keyIdOf } from '../tlog/signed-note.ts'
import type { Item, LogBatch } from './log-batch.ts'
import { EMPTY_HEAD, loadLogState, type LogState } from './log-state.ts'
import type { Receipt } from './receipt.ts'
import { Slices } from '../slices.ts'

export interface LogWriterOptions<Derived> {
  readonly ledger: Ledger<Derived>
  readonly signer: Signer
  readonly clock: Clock
  readonly sha256: Sha256
  /** Name of a workspace's log. */
  readonly origin: (workspace: string) => string
}

/** The head that a batch was chained to is not that of the ledger: it has to be chained again. */
export class StaleHead extends Error {}

/** Heads kept between flushes; a log beyond them is read again. */
const MAX_KEPT_LOGS = 1024
const SALT_BYTES = 16
const READ_AT_ONCE = 500

/** Chains, hashes and signs the next batch of a log (docs/format.md, Entry), and keeps the heads it has seen. */
export class LogWriter<Derived> {
  readonly #options: LogWriterOptions<Derived>
  readonly #states = new Map<string, LogState>()

  constructor(options: LogWriterOptions<Derived>) {
    this.#options = options
  }

  /** Fills the batch's commit and receipts. Errors: `tampered`, `store_unavailable`. */
  async sequence(batch: LogBatch<Derived>): Promise<void> {
    batch.commit = null
    const { items, sharing } = batch.fresh()
    if (items.length > 0) {
      const state = await this.#take(batch.workspace)
      batch.commit = await this.#chain(batch, items, state)
      // Ahead of the commit: a next flush may build on it now. Should this one fail, the ledger refuses that one too.
      this.#keep(batch.workspace, { head: batch.commit.head, edge: state.edge })
      batch.checkpoint = batch.commit.head.checkpoint
    } else {
      // Not the state that is kept, which may be ahead of the ledger: nothing unpublished is handed out.
      batch.checkpoint = (await this.#options.ledger.head(batch.workspace))?.checkpoint ?? ''
    }
    for (const [item, first] of sharing) item.receipt = first.receipt && { ...first.receipt, known: true }
  }

  /** One outcome a batch; batches without anything new count as committed. Never throws. */
  async commit(batches: readonly LogBatch<Derived>[]): Promise<readonly (CommitOutcome | TrailsealError)[]> {
    const commits = batches.flatMap(({ commit }) => commit ?? [])
    if (commits.length === 0) return batches.map(() => ({ status: 'committed' }))
    try {
      const outcomes = await this.#options.ledger.append(commits)
      return batches.map(({ commit }) =>
        commit ? (outcomes[commits.indexOf(commit)] ?? unclear(null)) : { status: 'committed' },
      )
    } catch (error) {
      const outcomes: (CommitOutcome | TrailsealError)[] = []
      for (const { commit } of batches)
        outcomes.push(commit ? await this.#afterFailure(commit, error) : { status: 'committed' })
      return outcomes
    }
  }

  /** Records the checkpoint of a committed batch as published: the last step before its callers are answered. */
  async publish({ commit, workspace }: LogBatch<Derived>): Promise<void> {
    if (!commit) return
    // If we die before this line, the log is longer than the record says, which is never held against it.
    await this.#options.signer.published({
      origin: this.#options.origin(workspace),
      size: commit.head.size,
      root: commit.head.root,
    })
  }

  /** Reads what is in the log under these client ids, and lets the batch compare. */
  async recognise(batch: LogBatch<Derived>, seqOf: ReadonlyMap<string, number>): Promise<void> {
    const found = new Map<string, { receipt: Receipt; entry: LogEntry }>()
    const wanted = [...seqOf]
    for (let at = 0; at < wanted.length; at += READ_AT_ONCE)
      await this.#read(batch.workspace, wanted.slice(at, at + READ_AT_ONCE), found)
    batch.recognise(found)
  }

  async #read(
    workspace: string,
    wanted: readonly (readonly [id: string, seq: number])[],
    found: Map<string, { receipt: Receipt; entry: LogEntry }>,
  ): Promise<void> {
    const entries = await this.#options.ledger.entriesAt(
      workspace,
      wanted.map(([, seq]) => seq),
    )
    for (const [at, [id]] of wanted.entries()) {
      const bytes = entries[at]
      if (!bytes)
        throw new TrailsealError(
          'gone',
          `The event with the id ${JSON.stringify(id)} has left the online log.`,
        )
      const entry = parseEntry(bytes)
      found.set(id, {
        receipt: { id, seq: entry.seq, leafHash: leafHash(bytes, this.#options.sha256), known: true },
        entry,
      })
    }
  }

  /** Drops what is kept of a log, after anything unexpected. */
  forget(workspace: string): void {
    this.#states.delete(workspace)
  }

  async #chain(
    batch: LogBatch<Derived>,
    items: readonly Item<Derived>[],
    { head, edge }: LogState,
  ): Promise<LogCommit<Derived>> {
    const { sha256, clock, origin } = this.#options
    const log = origin(batch.workspace)
    // A clock that went backwards must not make the log's time do so: retention cuts off a prefix.
    const receivedAt = Math.max(clock.now(), head.lastReceivedAt)
    const receivedText = new Date(receivedAt).toISOString()
    const salts = randomBytes(SALT_BYTES * items.length)
    const entries: SequencedEntry<Derived>[] = []
    const slices = new Slices()
    let last = head.lastLeaf
    for (const [at, item] of items.entries()) {
      const seq = head.size + at
      const id = item.retry?.id ?? serverId(seq)
      const salt = salts.toString('base64', at * SALT_BYTES, (at + 1) * SALT_BYTES)
      const prev = Buffer.from(last.buffer, last.byteOffset, last.length).toString('base64')
      const entry = sealEntry(item.parts, { id, log, seq, prev, salt, received_at: receivedText })
      last = leafHash(entry, sha256)
      edge.append(last)
      entries.push({
        seq,
        id,
        clientId: item.retry !== null,
        entry,
        leafHash: last,
        derived: item.derived,
      })
      item.receipt = { id, seq, leafHash: last }
      if (slices.isOver()) await slices.next()
    }
    return await this.#sign(
      batch.workspace,
      { head, edge },
      { entries, lastLeaf: last, lastReceivedAt: receivedAt },
    )
  }

  async #sign(
    workspace: string,
    { head, edge }: LogState,
    chained: { entries: readonly SequencedEntry<Derived>[]; lastLeaf: Uint8Array; lastReceivedAt: number },
  ): Promise<LogCommit<Derived>> {
    const { signer, sha256 } = this.#options
    const origin = this.#options.origin(workspace)
    const size = edge.size
    const root = edge.root()
    const text = formatCheckpointText({ origin, size, root })
    const signature = await this.#signature(workspace, { origin, previous: head, text: encodeUtf8(text) })
    const keyId = keyIdOf(origin, signer.publicKey, sha256)
    const checkpoint = formatNote(text, [{ name: origin, keyId, signature }])
    const { entries, lastLeaf, lastReceivedAt } = chained
    return {
      workspace,
      expected: { size: head.size, root: head.root },
      entries,
      tiles: edge.takeChanged(),
      head: { size, root, compactRange: edge.compactRange(), lastLeaf, lastReceivedAt, checkpoint },
    }
  }

  /**
   * The signer's record may be ahead of the head that we have: then another commit got in between, and this is no rollback.
   * Only the head that is in the ledger right now can be one.
   */
  async #signature(
    workspace: string,
    checkpoint: Parameters<Signer['signCheckpoint']>[0],
  ): Promise<Uint8Array> {
    try {
      return await this.#options.signer.signCheckpoint(checkpoint)
    } catch (error) {
      const current = (await this.#options.ledger.head(workspace)) ?? EMPTY_HEAD
      const { previous } = checkpoint
      if (current.size !== previous.size || !equalBytes(current.root, previous.root)) throw new StaleHead()
      throw error
    }
  }

  /** The ledger failed: the batch may be in it all the same. The log itself is asked, since only it knows. */
  async #afterFailure(commit: LogCommit<Derived>, cause: unknown): Promise<CommitOutcome | TrailsealError> {
    const last = commit.entries.at(-1)
    const failure = cause instanceof TrailsealError ? cause : unclear(cause)
    if (!last) return failure
    try {
      const width = (last.seq % 256) + 1
      const tile = await this.#options.ledger.tile(commit.workspace, 0, Math.floor(last.seq / 256), width)
      const isThere = tile !== null && equalBytes(tile.subarray(-32), last.leafHash)
      return isThere ? { status: 'committed' } : failure
    } catch {
      return failure
    }
  }

  /** Whoever takes a state owns it: its edge is about to change. Another one has to ask the ledger. */
  async #take(workspace: string): Promise<LogState> {
    const kept = this.#states.get(workspace)
    this.#states.delete(workspace)
    if (kept) return kept
    const { ledger, signer, sha256, origin } = this.#options
    const state = await loadLogState(ledger, workspace, sha256)
    // Another process may have moved it here: nothing is built on what our key has not signed.
    if (state.head.size > 0) await signer.acknowledge({ origin: origin(workspace), ...state.head })
    return state
  }

  #keep(workspace: string, state: LogState): void {
    this.#states.set(workspace, state)
    const [oldest] = this.#states.keys()
    if (this.#states.size > MAX_KEPT_LOGS && oldest !== undefined) this.#states.delete(oldest)
  }
}

function unclear(cause: unknown): TrailsealError {
  return new TrailsealError(
    'store_unavailable',
    'The store failed while committing; the events may or may not be in the log.',
    {
      cause,
      retryAfterSeconds: 2,
    },
  )
}
