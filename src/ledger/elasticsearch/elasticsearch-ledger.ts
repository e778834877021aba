import type { Clock } from '../../clock.ts'
import type { BulkItem, BulkOperation } from '../../drivers/elasticsearch/bulk.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { TrailsealError } from '../../errors.ts'
import type { Sha256 } from '../../tlog/sha256.ts'
import type { CommitOutcome, Ledger, LogCommit, LogHead } from '../ledger.ts'
import { draftBatches, packCommit, type Draft, type PackedCommit } from './batches.ts'
import { Chain, type KnownBatch } from './chain.ts'
import { ClientIds } from './client-ids.ts'
import { headOf, headSource, metaOf, Names, tileId, toBase64 } from './documents.ts'
import { ENTRIES_PER_BUNDLE } from './entry-bundles.ts'
import { readEntries } from './entry-reader.ts'
import { Heads, type FencedHead } from './heads.ts'
import { LedgerDocuments } from './ledger-documents.ts'

export interface ElasticsearchLedgerOptions {
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
  readonly clock: Clock
  /** Plan of a workspace: its batches are in that plan's indices. */
  readonly planOf: (workspace: string) => Promise<string>
}

/** A commit on its way, on top of the head that it was sequenced on. */
interface Attempt<Derived> extends PackedCommit<Derived> {
  readonly place: number
  readonly head: FencedHead
}

type Drafted<Derived> = Attempt<Derived> & { readonly draft: Draft }

const MAX_ENTRIES = 4096
const KEPT_MOMENTS = 10_000
const HEADS_AT_ONCE = 5000
/**
 * The ledger in Elasticsearch. A commit is two writes: batches (and the full tiles of the commit before), then the head with
 * `if_seq_no`: the fence between any number of gateways. What no head leads to is garbage that nobody reads.
 *
 * Durability: that of the cluster (an answered write is in the translog of the shard's copies, fsynced). If we die between the two
 * writes, nothing was committed. If the second one's answer is lost, the head says which it was.
 */
export class ElasticsearchLedger<Derived> implements Ledger<Derived> {
  readonly #elasticsearch: Elasticsearch
  readonly #names: Names
  readonly #clock: Clock
  readonly #planOf: (workspace: string) => Promise<string>
  readonly #heads: Heads
  readonly #chain: Chain
  readonly #ids: ClientIds
  /** Of what was received from one moment to another, the first entry: true for as long as that is in the store. Each read asks for it. */
  readonly #received = new Map<string, { since: number; at: number; first: number }>()
  /** Settles when the last append handed over for a log has ended. */
  readonly #turns = new Map<string, Promise<null>>()

  constructor({ elasticsearch, prefix, clock, planOf }: ElasticsearchLedgerOptions) {
    this.#elasticsearch = elasticsearch
    this.#names = new Names(prefix)
    this.#clock = clock
    this.#planOf = planOf
    this.#heads = new Heads(elasticsearch, this.#names)
    this.#chain = new Chain(elasticsearch, this.#names, this.#heads)
    this.#ids = new ClientIds(elasticsearch, this.#names, this.#chain, clock)
  }

  /**
   * A commit may be handed over while the one that it builds on is still on its way: commits of one log move its head one after
   * the other.
   */
  async append(commits: readonly LogCommit<Derived>[]): Promise<readonly CommitOutcome[]> {
    const before = commits.map(({ workspace }) => this.#turns.get(workspace) ?? Promise.resolve(null))
    const { promise: turn, resolve: done } = Promise.withResolvers<null>()
    for (const { workspace } of commits) this.#turns.set(workspace, turn)
    try {
      const packed = await Promise.all(commits.map(packCommit))
      await Promise.all(before)
      return await this.#append(packed)
    } finally {
      done(null)
      for (const { workspace } of commits)
        if (this.#turns.get(workspace) === turn) this.#turns.delete(workspace)
    }
  }

  async #append(commits: readonly PackedCommit<Derived>[]): Promise<readonly CommitOutcome[]> {
    const outcomes = new Array<CommitOutcome | TrailsealError>(commits.length)
    const attempts = await this.#onExpectedHeads(commits, outcomes)
    const fresh = await this.#withoutKnownIds(attempts, outcomes)
    const drafted = await Promise.all(fresh.map((attempt) => this.#draft(attempt)))
    // If we die before the heads move, these batches are garbage.
    const stored = await this.#storeBatches(drafted, outcomes)
    await this.#moveHeads(stored, outcomes)
    // The caller asks the log about each commit when one failed: those that are in it count as committed.
    const failure = outcomes.find((outcome) => outcome instanceof TrailsealError)
    if (failure) throw failure
    return outcomes as CommitOutcome[]
  }

  async head(workspace: string): Promise<LogHead | null> {
    const { source } = await this.#heads.read(workspace)
    return source && headOf(source)
  }

  async tile(workspace: string, level: number, index: number, width: number): Promise<Uint8Array | null> {
    return await this.#heads.tile(workspace, { level, index, width })
  }

  async seqOf(workspace: string, clientIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return await this.#ids.find(await this.#heads.read(workspace), workspace, clientIds)
  }

  async entries(workspace: string, first: number, count: number): Promise<readonly Uint8Array[]> {
    const end = first + Math.min(count, MAX_ENTRIES)
    const batches = await this.#chain.locate(workspace, first, end)
    const found = await readEntries(
      this.#elasticsearch,
      this.#names,
      workspace,
      batches,
      (seq) => seq >= first && seq < end,
    )
    const entries: Uint8Array[] = []
    for (let seq = first; seq < end; seq++) {
      const entry = found.get(seq)
      if (!entry) break
      entries.push(entry)
    }
    return entries
  }

  async entriesAt(workspace: string, seqs: readonly number[]): Promise<readonly (Uint8Array | null)[]> {
    const wanted = new Set(seqs)
    const batches = new Map<string, KnownBatch>()
    for (const [first, end] of runs([...wanted]))
      for (const batch of await this.#chain.locate(workspace, first, end)) batches.set(batch.ref.id, batch)
    const found = await readEntries(
      this.#elasticsearch,
      this.#names,
      workspace,
      [...batches.values()],
      (seq) => wanted.has(seq),
    )
    return seqs.map((seq) => found.get(seq) ?? null)
  }

  async firstReceivedSince(workspace: string, receivedAt: number): Promise<number> {
    const known = this.#received.get(workspace)
    if (known && receivedAt >= known.since && receivedAt <= known.at) return known.first
    const head = await this.#heads.read(workspace)
    const batch = await this.#chain.receivedSince(head, receivedAt)
    if (!batch) return head.source?.size ?? 0
    const { first } = batch.ref
    if (this.#received.size >= KEPT_MOMENTS) this.#received.clear()
    // What has left the store is asked for by the beginning of time: that answer changes.
    if (receivedAt > 0)
      this.#received.set(workspace, { since: receivedAt, at: batch.meta.received_at, first })
    return first
  }

  async workspaces(): Promise<readonly string[]> {
    return [...(await this.sizes()).keys()].sort()
  }

  /**
   * Every log, and how long it was a moment ago. Logs whose first commit no refresh has made visible yet are missing, unless it was
   * made here.
   */
  async sizes(): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>()
    for (let after: readonly unknown[] = ['']; ;) {
      const { hits } = await this.#elasticsearch.search(this.#names.heads, {
        query: { term: { kind: 'head' } },
        sort: [{ workspace: 'asc' }],
        search_after: after,
        size: HEADS_AT_ONCE,
        track_total_hits: false,
        // Not the sources: each carries the partial tiles of its log.
        _source: false,
        docvalue_fields: ['size'],
      })
      for (const { sort, fields } of hits) sizes.set(String(sort[0]), Number(fields['size']?.[0]))
      const last = hits.at(-1)
      if (!last || hits.length < HEADS_AT_ONCE) break
      after = last.sort
    }
    for (const workspace of this.#heads.workspaces()) {
      const size = this.#heads.kept(workspace)?.source?.size ?? 0
      sizes.set(workspace, Math.max(size, sizes.get(workspace) ?? 0))
    }
    return sizes
  }

  /** For verification. */
  documents(sha256: Sha256): LedgerDocuments {
    const [elasticsearch, names, heads, chain] = [this.#elasticsearch, this.#names, this.#heads, this.#chain]
    return new LedgerDocuments({ elasticsearch, names, heads, chain, sha256 })
  }

  /** Leaves out, as `moved`, the commits whose log has another head by now. */
  async #onExpectedHeads(
    packed: readonly PackedCommit<Derived>[],
    outcomes: (CommitOutcome | TrailsealError)[],
  ): Promise<Attempt<Derived>[]> {
    const unknown = packed.filter(({ commit }) => !isExpected(this.#heads.kept(commit.workspace), commit))
    const read = await this.#heads.readMany(unknown.map(({ commit }) => commit.workspace))
    const attempts: Attempt<Derived>[] = []
    for (const [place, { commit, parts }] of packed.entries()) {
      const head = read.get(commit.workspace) ?? this.#heads.kept(commit.workspace)
      if (head && isExpected(head, commit)) attempts.push({ place, commit, parts, head })
      else outcomes[place] = { status: 'moved' }
    }
    return attempts
  }

  async #withoutKnownIds(
    attempts: readonly Attempt<Derived>[],
    outcomes: (CommitOutcome | TrailsealError)[],
  ): Promise<Attempt<Derived>[]> {
    const found = await Promise.all(
      attempts.map(({ commit, head }) =>
        this.#ids.find(
          head,
          commit.workspace,
          commit.entries.filter(({ clientId }) => clientId).map(({ id }) => id),
        ),
      ),
    )
    return attempts.filter(({ place }, at) => {
      const seqOf = found[at]
      if (!seqOf || seqOf.size === 0) return true
      outcomes[place] = { status: 'duplicate', seqOf }
      return false
    })
  }

  async #draft(attempt: Attempt<Derived>): Promise<Drafted<Derived>> {
    const { commit, parts, head } = attempt
    const index = this.#names.ledger(await this.#planOf(commit.workspace), commit.head.lastReceivedAt)
    const previous = head.source?.last_batch ?? null
    return {
      ...attempt,
      draft: draftBatches(commit, parts, { index, previous, writtenAt: this.#clock.now() }),
    }
  }

  /**
   * Writes the batches, and beside them the full tiles of the commits before: those are part of the log already, so they may
   * have fixed ids. Leaves out, with their failure, the commits of which anything was refused.
   */
  async #storeBatches(
    drafted: readonly Drafted<Derived>[],
    outcomes: (CommitOutcome | TrailsealError)[],
  ): Promise<Drafted<Derived>[]> {
    const operations: BulkOperation[] = []
    const owners: number[] = []
    for (const { place, commit, draft, head } of drafted) {
      const pending = head.pending ?? (head.source ? await this.#heads.pendingTiles(head.source) : [])
      for (const batch of draft.batches)
        operations.push(create(batch.ref.index, batch.ref.id, commit.workspace, batch.source))
      for (const tile of pending)
        operations.push(create(this.#names.tiles, tileId(tile), commit.workspace, tile))
      while (owners.length < operations.length) owners.push(place)
    }
    if (operations.length === 0) return []
    const items = await this.#elasticsearch.bulk(operations)
    // 409: it is there already, from a retry or from another gateway, and what has this id can only be the same.
    for (const [at, item] of items.entries())
      if (!isWritten(item) && item.status !== 409)
        outcomes[owners[at] ?? -1] = this.#elasticsearch.refusedItem(item)
    return drafted.filter(({ place }) => outcomes[place] === undefined)
  }

  async #moveHeads(
    stored: readonly Drafted<Derived>[],
    outcomes: (CommitOutcome | TrailsealError)[],
  ): Promise<void> {
    if (stored.length === 0) return
    // Until the answer is here, what is kept must not be taken for the log.
    for (const { commit } of stored) this.#heads.forget(commit.workspace)
    const sources = stored.map(({ commit, head, draft }) => headSource(commit, draft.last, head.source))
    const items = await this.#elasticsearch.bulk(
      stored.map(({ commit, head }, at): BulkOperation => {
        const document = {
          index: this.#names.heads,
          id: commit.workspace,
          source: JSON.stringify(sources[at]),
        }
        return head.fence
          ? { action: 'index', fence: head.fence, ...document }
          : { action: 'create', ...document }
      }),
    )
    for (const [at, item] of items.entries()) {
      const attempt = stored[at]
      const source = sources[at]
      if (!attempt || !source) continue
      if (isWritten(item)) this.#committed(attempt, { source, fence: item, pending: attempt.draft.tiles })
      outcomes[attempt.place] = await this.#outcomeOf(item, attempt.commit)
    }
  }

  #committed({ commit: { workspace }, draft }: Drafted<Derived>, head: FencedHead): void {
    this.#heads.keep(workspace, head)
    this.#ids.committed(workspace, draft.batches)
    this.#chain.learn(
      workspace,
      draft.batches.map(({ ref, source }) => ({ ref, meta: metaOf(source) })),
    )
  }

  async #outcomeOf(item: BulkItem, commit: LogCommit<Derived>): Promise<CommitOutcome | TrailsealError> {
    if (isWritten(item)) return { status: 'committed' }
    if (item.status !== 409) return this.#elasticsearch.refusedItem(item)
    // A write that the cluster repeated by itself meets its own first attempt: the log knows.
    const last = commit.entries.at(-1)
    const width = ((last?.seq ?? 0) % 256) + 1
    const tile = await this.tile(commit.workspace, 0, Math.floor((last?.seq ?? 0) / 256), width)
    const isIn =
      last !== undefined && tile !== null && toBase64(tile.subarray(-32)) === toBase64(last.leafHash)
    return { status: isIn ? 'committed' : 'moved' }
  }
}

function isExpected(head: FencedHead | undefined, { expected }: LogCommit): boolean {
  if (!head) return false
  if (head.source === null) return expected.size === 0
  return head.source.size === expected.size && head.source.root === toBase64(expected.root)
}

function isWritten({ status }: BulkItem): boolean {
  return status === 200 || status === 201
}

function create(index: string, id: string, workspace: string, source: object): BulkOperation {
  return { action: 'create', index, id, routing: workspace, source: JSON.stringify(source) }
}

/** Ranges that hold the numbers, ascending; neighbours that one search finds together are in one. */
function runs(seqs: number[]): [first: number, end: number][] {
  const found: [number, number][] = []
  for (const seq of seqs.sort((one, other) => one - other)) {
    const last = found.at(-1)
    if (last && seq < last[1] + ENTRIES_PER_BUNDLE && seq < last[0] + MAX_ENTRIES) last[1] = seq + 1
    else found.push([seq, seq + 1])
  }
  return found
}
