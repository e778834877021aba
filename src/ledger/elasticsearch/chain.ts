import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { BATCH_META, toBase64, type BatchMeta, type BatchRef, type Names } from './documents.ts'
import type { FencedHead, Heads } from './heads.ts'
import { findBatch } from './moved-batch.ts'

/** A batch that is known to belong to the log. */
export interface KnownBatch {
  readonly ref: BatchRef
  readonly meta: BatchMeta
}

/** A batch has at most this many entries, so that reading one of them stays cheap. */
export const MAX_BATCH_ENTRIES = 1024
/** Of one search (Elasticsearch's `max_result_window`). */
const MAX_HITS = 10_000
const KEPT_BATCHES = 512
const KEPT_LOGS = 256
/** Batches that no refresh has made visible yet: some seconds of commits, far fewer than this. */
const LONGEST_WALK = 5000

/**
 * Finds the batches of a log. They form a chain from the head, which is the truth, but slow to walk; a search finds them at once,
 * but misses the youngest and also finds those that lost their race. So a search's hits are held against the log's tiles, and what
 * it misses is walked from the head, by realtime GET.
 */
export class Chain {
  readonly #elasticsearch: Elasticsearch
  readonly #names: Names
  readonly #heads: Heads
  readonly #known = new Map<string, KnownBatch[]>()

  constructor(elasticsearch: Elasticsearch, names: Names, heads: Heads) {
    this.#elasticsearch = elasticsearch
    this.#names = names
    this.#heads = heads
  }

  /** Remembers batches that are in the log for certain. */
  learn(workspace: string, batches: readonly KnownBatch[]): void {
    const known = new Map((this.#known.get(workspace) ?? []).map((batch) => [batch.ref.first, batch]))
    for (const batch of batches) known.set(batch.ref.first, batch)
    const sorted = [...known.values()].sort((one, other) => one.ref.first - other.ref.first)
    this.#known.delete(workspace)
    this.#known.set(workspace, sorted.slice(-KEPT_BATCHES))
    const [oldest] = this.#known.keys()
    if (this.#known.size > KEPT_LOGS && oldest !== undefined) this.#known.delete(oldest)
  }

  /** The batches that cover the entries from `first` up to `end` (exclusive), ascending; gaps where entries have left the store. */
  async locate(workspace: string, first: number, end: number): Promise<readonly KnownBatch[]> {
    const kept = this.#covering(workspace, first, end)
    if (covers(kept, first, end)) return kept
    const head = await this.#heads.read(workspace)
    const last = Math.min(end, head.source?.size ?? 0)
    if (last <= first) return []
    const hits = await this.#search(workspace, {
      query: {
        bool: {
          filter: [
            { term: { workspace } },
            { range: { first: { gt: first - MAX_BATCH_ENTRIES, lt: last } } },
          ],
        },
      },
      sort: [{ first: 'asc' }],
      size: Math.min(MAX_HITS, last - first + MAX_BATCH_ENTRIES),
    })
    let found = merged(kept, await this.committed(head, hits))
    if (!covers(found, first, last)) found = merged(found, await this.#walkInto(head, found, first, last))
    this.learn(workspace, found)
    return found.filter(({ ref }) => ref.first < last && ref.first + ref.count > first)
  }

  /** The first batch received at or after a moment; null where none is. */
  async receivedSince(head: FencedHead, receivedAt: number): Promise<KnownBatch | null> {
    if (head.source === null) return null
    const { workspace, last_batch: youngest, last_received_at: last } = head.source
    // The head alone is not believed: put back to an early time it would hide a whole log behind the plan's window.
    if (last < receivedAt && !isSince(await this.read(workspace, youngest), receivedAt)) return null
    const hits = await this.#search(workspace, {
      query: { bool: { filter: [{ term: { workspace } }, { range: { received_at: { gte: receivedAt } } }] } },
      sort: [{ first: 'asc' }],
      size: 64,
    })
    const [visible] = await this.committed(head, hits)
    let batch = visible ?? (await this.read(workspace, youngest))
    while (batch?.meta.previous) {
      const before = await this.read(workspace, batch.meta.previous)
      if (before === null || before.meta.received_at < receivedAt) break
      batch = before
    }
    return batch
  }

  /** By realtime GET, so from the moment it was written. Null where it has left the store. */
  async read(workspace: string, ref: BatchRef): Promise<KnownBatch | null> {
    const known = this.#known.get(workspace)?.find((batch) => batch.ref.id === ref.id)
    if (known) return known
    const found = await findBatch<BatchMeta>(this.#elasticsearch, this.#names, { workspace, ref }, BATCH_META)
    return found && { ref: { ...ref, index: found.index }, meta: found.source }
  }

  /** Those of the batches that the log committed to: their last leaf is the log's. */
  async committed(head: FencedHead, batches: readonly KnownBatch[]): Promise<KnownBatch[]> {
    const size = head.source?.size ?? 0
    const inside = batches.filter(({ ref }) => ref.first + ref.count <= size)
    const indexes = [...new Set(inside.map(({ ref }) => Math.floor((ref.first + ref.count - 1) / 256)))]
    const tiles = await this.#heads.tiles(
      head,
      indexes.map((index) => ({ level: 0, index, width: Math.min(256, size - index * 256) })),
    )
    return inside.filter(({ ref, meta }) => {
      const last = ref.first + ref.count - 1
      const tile = tiles[indexes.indexOf(Math.floor(last / 256))]
      const at = (last % 256) * 32
      return tile ? toBase64(tile.subarray(at, at + 32)) === meta.last_leaf : false
    })
  }

  #covering(workspace: string, first: number, end: number): KnownBatch[] {
    return (this.#known.get(workspace) ?? []).filter(
      ({ ref }) => ref.first < end && ref.first + ref.count > first,
    )
  }

  async #search(workspace: string, body: object): Promise<KnownBatch[]> {
    const { hits } = await this.#elasticsearch.search<BatchMeta>(
      this.#names.everyLedger,
      { track_total_hits: false, _source: BATCH_META, ...body },
      workspace,
    )
    return hits.map(({ index, id, source }) => ({
      ref: { index, id, first: source.first, count: source.count },
      meta: source,
    }))
  }

  /** From the youngest batch known above the gap, else from the head, down to the gap's beginning. */
  async #walkInto(
    head: FencedHead,
    found: readonly KnownBatch[],
    first: number,
    end: number,
  ): Promise<KnownBatch[]> {
    if (head.source === null || (await this.#hasLeft(head.source.workspace, end))) return []
    const { workspace, last_batch: youngest } = head.source
    const walked: KnownBatch[] = []
    let start: BatchRef = youngest
    for (const { ref } of [...(this.#known.get(workspace) ?? []), ...found])
      if (ref.first + ref.count >= end && ref.first < start.first) start = ref
    for (let ref: BatchRef | null = start; ref !== null && walked.length < LONGEST_WALK;) {
      const batch = await this.read(workspace, ref)
      if (batch === null) break
      walked.push(batch)
      if (batch.ref.first <= first) break
      ref = batch.meta.previous
    }
    return walked
  }

  /** Whether everything before `end` has left the store: a search sees all that was written before the oldest it sees. */
  async #hasLeft(workspace: string, end: number): Promise<boolean> {
    const query = { term: { workspace } }
    const [oldest] = await this.#search(workspace, { query, sort: [{ first: 'asc' }], size: 1 })
    return oldest !== undefined && oldest.ref.first >= end
  }
}

/** One of each: a batch that was moved to another plan's ledger is in both until the former one is removed. */
function merged(kept: readonly KnownBatch[], found: readonly KnownBatch[]): KnownBatch[] {
  const batches = new Map([...found, ...kept].map((batch) => [batch.ref.id, batch]))
  return [...batches.values()].sort((one, other) => one.ref.first - other.ref.first)
}

function covers(batches: readonly KnownBatch[], first: number, end: number): boolean {
  let at = first
  for (const { ref } of batches) if (ref.first <= at) at = Math.max(at, ref.first + ref.count)
  return at >= end
}

function isSince(batch: KnownBatch | null, receivedAt: number): boolean {
  return batch !== null && batch.meta.received_at >= receivedAt
}
