import { setTimeout as pause } from 'node:timers/promises'
import type { SearchAnswer, SearchHit } from '../../drivers/elasticsearch/answers.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { pagesAtOneMoment } from '../../drivers/elasticsearch/point-in-time.ts'
import { TrailsealError } from '../../errors.ts'
import type { FacetField } from '../query-syntax.ts'
import type {
  Bucket,
  Hit,
  PageRequest,
  SearchDocument,
  SearchIndex,
  SearchRequest,
  Total,
} from '../search-index.ts'
import { compile, type Dsl } from './compile.ts'
import { DocumentWriter, streamOf, type Written } from './document-writer.ts'
import { FIELDS } from './fields.ts'
import { brokenIndices, IndexCheck, type IndexReport, type IsExpired } from './index-check.ts'
import {
  newGeneration,
  ProjectionStates,
  type FencedProjection,
  type Projection,
} from './projection-state.ts'
import { RolloverReview } from './rollover-review.ts'

export interface ElasticsearchSearchIndexOptions {
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
  /** Plan of a workspace: its documents are in that plan's data stream. `isFresh`: not one that is remembered. */
  readonly planOf: (workspace: string, isFresh?: true) => Promise<string>
  /** Default: of `RolloverReview`. */
  readonly settledMs?: number
}

/** Also for numbers that come in: in the default format `2000` is a year. */
const MILLISECONDS = 'epoch_millis'
const COUNTED = 10_000
/** Values that each shard brings to a count: up to so many different ones it is exact. */
const VALUES_PER_SHARD = 10_000
/** Buckets of one request (Elasticsearch's `search.max_buckets` is 65,536). */
const BUCKETS_AT_ONCE = 10_000
const MOST_CONFLICTS = 10

/** The index's refresh interval is a second. */
const REFRESHED_WITHIN_MS = 1500
const LONGEST_REFRESH_MS = 15_000
const SHOWN_PAUSE_MS = 50

interface HitSource {
  readonly event?: { readonly original?: string }
}

/**
 * The search projection in Elasticsearch: a data stream a plan, one ECS document an event, all of a workspace on one shard of
 * each backing index. Its own words are indexed and not stored.
 *
 * Durability: as of the cluster. Retry: a document's id is its place in the log, so writing it again changes nothing, but for a
 * rollover in between: ids are unique in one backing index only. That is seen in the answers, and by `review` where the process that
 * has seen it died, and the projection starts anew when it has doubled anything. What a failed `apply` leaves behind is completed by the
 * next.
 */
export class ElasticsearchSearchIndex implements SearchIndex {
  readonly #elasticsearch: Elasticsearch
  readonly #prefix: string
  readonly #planOf: ElasticsearchSearchIndexOptions['planOf']
  readonly #states: ProjectionStates
  readonly #writer: DocumentWriter
  readonly #review: RolloverReview

  constructor({ elasticsearch, prefix, planOf, settledMs }: ElasticsearchSearchIndexOptions) {
    this.#elasticsearch = elasticsearch
    this.#prefix = prefix
    this.#planOf = planOf
    this.#states = new ProjectionStates(elasticsearch, prefix)
    this.#writer = new DocumentWriter(elasticsearch, prefix)
    const states = this.#states
    this.#review = new RolloverReview({
      ...{ elasticsearch, prefix, states },
      ...(settledMs === undefined ? {} : { settledMs }),
    })
  }

  async apply(documents: Iterable<SearchDocument>, position = 0): Promise<void> {
    const [first] = documents
    if (first) await this.#applyLog(first.workspace, documents, position)
  }

  /** A workspace whose plan has changed begins again, in the stream of the new one. */
  async position(workspace: string): Promise<number> {
    const state = await this.#states.read(workspace)
    if (state === null) return 0
    const { plan, position: indexed } = state.value
    if (plan === (await this.#planOf(workspace)) || plan === (await this.#planOf(workspace, true)))
      return indexed
    await this.clear(workspace)
    return 0
  }

  /** Of every workspace that has any: as `position`, but a moment old, and blind to a plan that has changed. */
  async positions(): Promise<ReadonlyMap<string, number>> {
    return await this.#states.positions()
  }

  /**
   * Called now and then: looks for events that a rollover has doubled, a few logs at a time. One error for each log that it begins
   * anew, for whoever keeps the index up. Errors: `store_unavailable`.
   */
  async review(): Promise<ReadonlyMap<string, TrailsealError>> {
    const begun = await this.#review.next()
    return new Map(begun.map((workspace) => [workspace, replayed(workspace, ROLLED_OVER)]))
  }

  async page(request: PageRequest): Promise<readonly Hit[]> {
    return (await this.#page(request, false)).hits.flatMap(hitOf)
  }

  /** Counting and sorting are one search: two would find the same matches twice. */
  async pageAndTotal(request: PageRequest): Promise<{ hits: readonly Hit[]; total: Total }> {
    const { hits, total } = await this.#page(request, COUNTED)
    return { hits: hits.flatMap(hitOf), total: total ?? { value: 0, relation: 'eq' } }
  }

  async #page(request: PageRequest, counted: number | false): Promise<SearchAnswer<HitSource>> {
    const { order, after } = request
    return await this.#search<HitSource>(request, {
      ...pageBody(request),
      track_total_hits: counted,
      ...(after === null
        ? {}
        : { search_after: order === 'seq' ? [after.seq] : [after.timestamp, after.seq] }),
    })
  }

  /** At a point in time, and of the generation that it was then: a replay meanwhile fills another one. */
  async *scan(request: Omit<PageRequest, 'after'>): AsyncGenerator<readonly Hit[], void> {
    const state = await this.#states.read(request.workspace)
    if (state === null) return
    const pages = pagesAtOneMoment<HitSource>(this.#elasticsearch, {
      ...{ index: this.#stream(state.value.plan), routing: request.workspace },
      body: { ...pageBody(request), query: queryOf(state.value, request) },
      resumable: true,
    })
    for await (const hits of pages) yield hits.flatMap(hitOf)
  }

  async facet(request: SearchRequest, field: FacetField, limit: number): Promise<readonly Bucket<string>[]> {
    const terms = {
      ...{ field: `trailseal.facet.${field}`, size: limit, shard_size: Math.max(limit, VALUES_PER_SHARD) },
      order: [{ _count: 'desc' }, { _key: 'asc' }],
    }
    const { aggregations } = await this.#search(request, {
      size: 0,
      track_total_hits: false,
      aggs: { values: { terms } },
    })
    const { buckets = [] } = (aggregations['values'] ?? {}) as {
      buckets?: { key: string; doc_count: number }[]
    }
    return buckets.map(({ key, doc_count: count }) => ({ key, count }))
  }

  async histogram(request: SearchRequest, intervalMs: number): Promise<readonly Bucket<number>[]> {
    const found: Bucket<number>[] = []
    const interval = { date_histogram: { field: FIELDS.timestamp, fixed_interval: `${intervalMs}ms` } }
    for (let after: object | undefined; ;) {
      const composite = { size: BUCKETS_AT_ONCE, sources: [{ time: interval }], ...(after && { after }) }
      const { aggregations } = await this.#search(request, {
        size: 0,
        track_total_hits: false,
        aggs: { times: { composite } },
      })
      const { buckets = [], after_key: next } = (aggregations['times'] ?? {}) as {
        buckets?: { key: { time: number }; doc_count: number }[]
        after_key?: object
      }
      for (const { key, doc_count: count } of buckets) found.push({ key: key.time, count })
      if (!next || buckets.length < BUCKETS_AT_ONCE) return found
      after = next
    }
  }

  async extent(request: SearchRequest): Promise<{ readonly from: number; readonly to: number } | null> {
    const { aggregations } = await this.#search(request, {
      ...{ size: 0, track_total_hits: false },
      aggs: { from: { min: { field: FIELDS.timestamp } }, to: { max: { field: FIELDS.timestamp } } },
    })
    const { from, to } = aggregations as Partial<Record<'from' | 'to', { value: number | null }>>
    return typeof from?.value === 'number' && typeof to?.value === 'number'
      ? { from: from.value, to: to.value }
      : null
  }

  async clear(workspace: string): Promise<void> {
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      const state = (await this.#states.read(workspace)) ?? { fence: null }
      const fresh = newGeneration(workspace, await this.#planOf(workspace, true))
      if (await this.#states.replace({ ...state, value: fresh }, fresh)) return
    }
    throw busy(workspace)
  }

  /** For verification: compares the index with documents of committed entries, each batch of one workspace and ascending by seq. */
  async check(
    documents: AsyncIterable<readonly SearchDocument[]>,
    progress: (wordsCompared: number) => void = () => undefined,
    isExpired: IsExpired = () => false,
  ): Promise<IndexReport> {
    return await new IndexCheck(this.#elasticsearch, this.#prefix, isExpired).run(documents, progress)
  }

  /** What the cluster knows to be broken, one sentence each. */
  async integrity(): Promise<readonly string[]> {
    return await brokenIndices(this.#elasticsearch, this.#prefix)
  }

  async #applyLog(workspace: string, documents: Iterable<SearchDocument>, position: number): Promise<void> {
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      const state = (await this.#states.read(workspace)) ?? {
        value: newGeneration(workspace, await this.#planOf(workspace, true)),
        fence: null,
      }
      // Begun anew since the caller asked: what comes before these documents is missing now.
      if (state.value.position < position) throw replayed(workspace, 'has begun anew and')
      const written = await this.#writer.write(state.value, from(documents, state.value.position))
      if (written === null) return
      // If we die here, the documents are there and the next apply writes them again, to no effect.
      const { backing, isRepeated, last } = written
      const isRolledOver = state.value.backing !== '' && state.value.backing !== backing
      if (isRolledOver) await pause(REFRESHED_WITHIN_MS)
      if (isRolledOver || isRepeated) {
        const shown = await this.#untilShown(state.value, written)
        // An earlier attempt at these documents got into the backing index before the rollover.
        if (shown > written.count) return await this.#startAnew(state)
      }
      if (await this.#states.replace(state, { ...state.value, position: last + 1, backing })) return
    }
    throw busy(workspace)
  }

  /**
   * How many of these documents searches show, once that is all of them: what another process has written a moment ago may wait for
   * a refresh yet, and nobody must be told of a position before that.
   */
  async #untilShown(state: Projection, { first, last, count }: Written): Promise<number> {
    const filter = [
      { term: { [FIELDS.log]: state.log } },
      { range: { [FIELDS.seq]: { gte: first, lte: last } } },
    ]
    const body = { query: { bool: { filter } }, size: 0, track_total_hits: true }
    for (let waited = 0; waited < LONGEST_REFRESH_MS; waited += SHOWN_PAUSE_MS) {
      const { total } = await this.#elasticsearch.search(this.#stream(state.plan), body, state.workspace)
      if (total !== null && total.value >= count) return total.value
      await pause(SHOWN_PAUSE_MS)
    }
    throw replayed(state.workspace, 'does not show what was written to it, and')
  }

  async #startAnew({ value }: FencedProjection): Promise<never> {
    await this.clear(value.workspace)
    throw replayed(value.workspace, ROLLED_OVER)
  }

  async #search<Source>(request: SearchRequest, body: object): Promise<SearchAnswer<Source>> {
    const state = await this.#states.recent(request.workspace)
    if (state === null) return NOTHING
    const query = queryOf(state, request)
    return await this.#elasticsearch.search(this.#stream(state.plan), { query, ...body }, request.workspace)
  }

  #stream(plan: string): string {
    return streamOf(this.#prefix, plan)
  }
}

/** Those from this entry on. */
function from(documents: Iterable<SearchDocument>, seq: number): Iterable<SearchDocument> {
  return {
    *[Symbol.iterator]() {
      for (const document of documents) if (document.seq >= seq) yield document
    },
  }
}

function pageBody({ order, direction, limit }: Omit<PageRequest, 'after'>) {
  return {
    size: limit,
    track_total_hits: false,
    _source: [FIELDS.original],
    sort: [
      ...(order === 'seq' ? [] : [{ [FIELDS.timestamp]: { order: direction, format: MILLISECONDS } }]),
      { [FIELDS.seq]: direction },
    ],
    // Where a hit stands: both, whatever the order.
    docvalue_fields: [{ field: FIELDS.timestamp, format: MILLISECONDS }, FIELDS.seq],
  }
}

function queryOf({ log }: Projection, { query, firstSeq }: Omit<SearchRequest, 'workspace'>): Dsl {
  const filter: Dsl[] = [{ term: { [FIELDS.log]: log } }, compile(query)]
  if (firstSeq > 0) filter.push({ range: { [FIELDS.seq]: { gte: firstSeq } } })
  return { bool: { filter } }
}

/** None for a document that somebody put there without saying which event it is of. */
function hitOf({ source, fields }: SearchHit<HitSource>): Hit[] {
  const seq = Number(fields[FIELDS.seq]?.[0])
  if (!Number.isSafeInteger(seq)) return []
  const original = source.event?.original
  return [
    {
      seq,
      timestamp: Number(fields[FIELDS.timestamp]?.[0]),
      entry: original === undefined ? null : new TextEncoder().encode(original),
    },
  ]
}

const ROLLED_OVER = 'was rolled over while events were written to it, and'
const NOTHING = { hits: [], total: null, aggregations: {} }

function replayed(workspace: string, why: string): TrailsealError {
  const sentence = `The search index of ${workspace} ${why} is replayed.`
  return new TrailsealError('store_unavailable', sentence, { retryAfterSeconds: 1 })
}

function busy(workspace: string): TrailsealError {
  return new TrailsealError(
    'store_unavailable',
    `Too many processes index the log of ${workspace} at once.`,
    {
      retryAfterSeconds: 1,
    },
  )
}
