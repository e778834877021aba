import { backingIndices } from '../../drivers/elasticsearch/backing-indices.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { streamOf } from './document-writer.ts'
import { FIELDS } from './fields.ts'
import { newGeneration, type Projection, type ProjectionStates } from './projection-state.ts'

export interface RolloverReviewOptions {
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
  readonly states: ProjectionStates
  /** Milliseconds; default a minute: twice what the cluster has to answer a write in. */
  readonly settledMs?: number
}

const SETTLED_MS = 60_000
/** How often the cluster is asked for its backing indices. */
const EVERY_MS = 10_000
/** Logs of one call: it is made between two surveys, which must not wait long. */
const LOGS_AT_ONCE = 32
const MOST_CONFLICTS = 10
const MOST_BACKING_INDICES = 10_000

interface Newest {
  readonly index: string
  readonly seenAt: number
}

interface Extent {
  readonly first: number
  readonly last: number
}

/**
 * Finds what a rollover has doubled, whoever did it and whether or not that process lives: an `_id` is unique in one backing index
 * only, so two projectors that write the same entries, one before and one after the rollover, leave two documents of each.
 *
 * Each log is looked at once a rollover of its stream, when nothing that was under way then can still be: that this is done stands
 * beside its position. Where something is doubled the projection begins a new generation, which the next survey finds behind.
 */
export class RolloverReview {
  readonly #options: RolloverReviewOptions
  readonly #settledMs: number
  /** By stream: the index that is written to, and since when this process knows. */
  readonly #newest = new Map<string, Newest>()
  #nextAt = -Infinity
  #due: Projection[] = []
  /** The indices that every log has been looked at for: what begins later is in the newest one alone. */
  #finished = ''

  constructor(options: RolloverReviewOptions) {
    this.#options = options
    this.#settledMs = options.settledMs ?? SETTLED_MS
  }

  /** Looks at some of the logs that are due; returns the workspaces that it has begun anew. Errors: `store_unavailable`. */
  async next(): Promise<readonly string[]> {
    if (this.#due.length === 0) {
      if (performance.now() < this.#nextAt) return []
      this.#nextAt = performance.now() + EVERY_MS
      await this.#look()
    }
    const some = this.#due.splice(0, LOGS_AT_ONCE)
    const begun = await Promise.all(some.map((state) => this.#review(state)))
    return some.flatMap(({ workspace }, at) => (begun[at] ? [workspace] : []))
  }

  async #look(): Promise<void> {
    const { elasticsearch, prefix, states } = this.#options
    const now = performance.now()
    const settled = new Map<string, string>()
    for (const [stream, indices] of await backingIndices(elasticsearch, streamOf(prefix, '*'))) {
      const index = indices.at(-1)
      if (index === undefined) continue
      const known = this.#newest.get(stream)
      if (known?.index !== index) this.#newest.set(stream, { index, seenAt: now })
      // Nothing is doubled within one index.
      if (indices.length > 1 && now - (this.#newest.get(stream)?.seenAt ?? now) >= this.#settledMs)
        settled.set(stream, index)
    }
    const all = JSON.stringify([...settled])
    if (settled.size === 0 || all === this.#finished) return
    let isFinished = true
    for await (const state of states.all()) {
      const newest = settled.get(streamOf(prefix, state.plan))
      if (newest === undefined || state.reviewed === newest) continue
      isFinished = false
      // Before its first batch has been counted, nothing says where that is.
      if (state.backing !== '') this.#due.push(state)
    }
    if (isFinished) this.#finished = all
  }

  /** Whether the projection has been begun anew. */
  async #review({ workspace, log }: Projection): Promise<boolean> {
    const { prefix, states } = this.#options
    let isDoubled: boolean | null = null
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      const state = await states.read(workspace)
      const newest = this.#newest.get(streamOf(prefix, state?.value.plan ?? ''))?.index
      // Begun anew meanwhile, or another gateway has looked.
      if (state?.value.log !== log || newest === undefined || state.value.reviewed === newest) return false
      isDoubled ??= await this.#isDoubled(state.value)
      const next = isDoubled
        ? newGeneration(workspace, state.value.plan)
        : { ...state.value, reviewed: newest }
      if (await states.replace(state, next)) return isDoubled
    }
    // A log that is written to all the time: at the next look.
    return false
  }

  /** A log goes through its indices in order, so what two of them have of one stretch is doubled, or what one lacks the other has. */
  async #isDoubled(state: Projection): Promise<boolean> {
    const extents = await this.#extents(state)
    let [end, doubled] = [-1, false]
    for (const { first, last } of extents) {
      const [from, to] = [first, Math.min(last, end)]
      if (from <= to) doubled ||= (await this.#count(state, from, to)) > to - from + 1
      end = Math.max(end, last)
    }
    return doubled
  }

  /** Of each backing index, by its first event: what it has of the log. */
  async #extents(state: Projection): Promise<readonly Extent[]> {
    const aggs = { first: { min: { field: FIELDS.seq } }, last: { max: { field: FIELDS.seq } } }
    const terms = { field: '_index', size: MOST_BACKING_INDICES }
    const { aggregations } = await this.#search(state, [], { aggs: { indices: { terms, aggs } } })
    const { buckets } = aggregations['indices'] as {
      buckets: { first: { value: number }; last: { value: number } }[]
    }
    return buckets
      .map(({ first, last }) => ({ first: first.value, last: last.value }))
      .sort((a, b) => a.first - b.first)
  }

  async #count(state: Projection, from: number, to: number): Promise<number> {
    const range = { range: { [FIELDS.seq]: { gte: from, lte: to } } }
    return (await this.#search(state, [range], { track_total_hits: true })).total?.value ?? 0
  }

  async #search({ plan, log, workspace }: Projection, filter: readonly object[], body: object) {
    const query = { bool: { filter: [{ term: { [FIELDS.log]: log } }, ...filter] } }
    return await this.#options.elasticsearch.search(
      streamOf(this.#options.prefix, plan),
      { size: 0, track_total_hits: false, query, ...body },
      workspace,
    )
  }
}
