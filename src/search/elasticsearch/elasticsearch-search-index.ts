import type { BulkItem, BulkOperation } from '../../drivers/elasticsearch/bulk.ts'
import type { Elasticsearch, SearchAnswer } from '../../drivers/elasticsearch/elasticsearch.ts'
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
import { eventDocument } from './event-document.ts'
import { FIELDS } from './fields.ts'
import {
  newGeneration,
  ProjectionStates,
  type FencedProjection,
  type Projection,
} from './projection-state.ts'

export interface ElasticsearchSearchIndexOptions {
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
  /** Plan of a workspace: its documents are in that plan's data stream. */
  readonly planOf: (workspace: string) => Promise<string>
}

/** Also for numbers that come in: in the default format `2000` is a year. */
const MILLISECONDS = 'epoch_millis'
const COUNTED = 10_000
/** Values that each shard brings to a count: up to so many different ones it is exact. */
const VALUES_PER_SHARD = 10_000
/** Buckets of one request (Elasticsearch's `search.max_buckets` is 65,536). */
const BUCKETS_AT_ONCE = 10_000
/** From so many documents on a refresh of its own costs less than waiting for the next one. */
const LARGE = 256
/** Documents of one request; some are on their way side by side. */
const AT_ONCE = 1000
const MOST_CONFLICTS = 10

interface HitSource {
  readonly event?: { readonly original?: string }
}

/**
 * The search projection in Elasticsearch: a data stream a plan, one ECS document an event, all of a workspace on one shard of
 * each backing index. Its own words are indexed and not stored.
 *
 * Durability: as of the cluster. Retry: a document's id is its place in the log, so writing it again changes nothing, but for a
 * rollover in between: ids are unique in one backing index only. That is seen in the answers, and the projection starts anew when
 * it has doubled anything. What a failed `apply` leaves behind is completed by the next.
 */
export class ElasticsearchSearchIndex implements SearchIndex {
  readonly #elasticsearch: Elasticsearch
  readonly #prefix: string
  readonly #planOf: (workspace: string) => Promise<string>
  readonly #states: ProjectionStates

  constructor({ elasticsearch, prefix, planOf }: ElasticsearchSearchIndexOptions) {
    this.#elasticsearch = elasticsearch
    this.#prefix = prefix
    this.#planOf = planOf
    this.#states = new ProjectionStates(elasticsearch, prefix)
  }

  async apply(documents: readonly SearchDocument[]): Promise<void> {
    const logs = Map.groupBy(documents, ({ workspace }) => workspace)
    await Promise.all([...logs].map(([workspace, own]) => this.#applyLog(workspace, own)))
  }

  /** A workspace whose plan has changed begins again, in the stream of the new one. */
  async position(workspace: string): Promise<number> {
    const state = await this.#states.read(workspace)
    if (state === null) return 0
    const plan = await this.#planOf(workspace)
    if (state.value.plan === plan) return state.value.position
    await this.clear(workspace)
    return 0
  }

  async page(request: PageRequest): Promise<readonly Hit[]> {
    const { order, direction, limit, after } = request
    const answer = await this.#search<HitSource>(request, {
      size: limit,
      track_total_hits: false,
      _source: [FIELDS.original],
      sort: [
        ...(order === 'seq' ? [] : [{ [FIELDS.timestamp]: { order: direction, format: MILLISECONDS } }]),
        { [FIELDS.seq]: direction },
      ],
      // The sort values of a hit say where it stands: both, whatever the order.
      docvalue_fields: [{ field: FIELDS.timestamp, format: MILLISECONDS }],
      ...(after === null
        ? {}
        : { search_after: order === 'seq' ? [after.seq] : [after.timestamp, after.seq] }),
    })
    return answer.hits.map(({ sort, source, fields }) => ({
      seq: Number(sort.at(-1)),
      timestamp: Number(fields[FIELDS.timestamp]?.[0]),
      entry: source.event?.original === undefined ? null : new TextEncoder().encode(source.event.original),
    }))
  }

  async total(request: SearchRequest): Promise<Total> {
    const { total } = await this.#search(request, { size: 0, track_total_hits: COUNTED })
    return total ?? { value: 0, relation: 'eq' }
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
      const fresh = newGeneration(workspace, await this.#planOf(workspace))
      if (await this.#states.replace({ ...state, value: fresh }, fresh)) return
    }
    throw busy(workspace)
  }

  async #applyLog(workspace: string, documents: readonly SearchDocument[]): Promise<void> {
    for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
      const state = (await this.#states.read(workspace)) ?? {
        value: newGeneration(workspace, await this.#planOf(workspace)),
        fence: null,
      }
      const fresh = documents.filter(({ seq }) => seq >= state.value.position)
      const last = fresh.at(-1)
      if (!last) return
      const backing = await this.#write(state.value, fresh)
      // If we die here, the documents are there and the next apply writes them again, to no effect.
      if (state.value.backing !== backing && (await this.#hasDoubles(state.value, fresh)))
        return await this.#startAnew(state)
      if (await this.#states.replace(state, { ...state.value, position: last.seq + 1, backing })) return
    }
    throw busy(workspace)
  }

  /** Returns the backing index that has the last document, once searches see all of them. */
  async #write(state: Projection, documents: readonly SearchDocument[]): Promise<string> {
    const parts: Promise<string>[] = []
    for (let at = 0; at < documents.length; at += AT_ONCE)
      parts.push(this.#writePart(state, documents.slice(at, at + AT_ONCE)))
    return (await Promise.all(parts)).at(-1) ?? ''
  }

  async #writePart({ log, plan }: Projection, documents: readonly SearchDocument[]): Promise<string> {
    const refresh = documents.length < LARGE ? 'wait_for' : true
    const operations = documents.map((document) => this.#operation(document, log, plan, false))
    const items = [...(await this.#elasticsearch.bulk(operations, { refresh }))]
    // A value that the cluster can't map must not hold up the log: then without the fields that are only for Kibana.
    const unmapped = [...items.keys()].filter((at) => items[at]?.status === 400)
    const bare = unmapped
      .flatMap((at) => documents[at] ?? [])
      .map((document) => this.#operation(document, log, plan, true))
    const again = bare.length === 0 ? [] : await this.#elasticsearch.bulk(bare, { refresh })
    for (const [at, place] of unmapped.entries()) items[place] = again[at] ?? NO_ANSWER
    const failed = items.find(({ status }) => status >= 300 && status !== 409)
    if (failed) throw this.#elasticsearch.refusedItem(failed)
    return items.at(-1)?.index ?? ''
  }

  #operation(document: SearchDocument, log: string, plan: string, bare: boolean): BulkOperation {
    const { workspace, seq } = document
    const source = JSON.stringify(eventDocument(document, log, bare))
    return { action: 'create', index: this.#stream(plan), id: `${log}/${seq}`, routing: workspace, source }
  }

  /** Whether an earlier attempt at these documents got into the backing index before a rollover. */
  async #hasDoubles(state: Projection, documents: readonly SearchDocument[]): Promise<boolean> {
    const from = documents[0]?.seq ?? 0
    const to = documents.at(-1)?.seq ?? 0
    const filter = [
      { term: { [FIELDS.log]: state.log } },
      { range: { [FIELDS.seq]: { gte: from, lte: to } } },
    ]
    const { total } = await this.#elasticsearch.search(
      this.#stream(state.plan),
      { query: { bool: { filter } }, size: 0, track_total_hits: true },
      state.workspace,
    )
    return (total?.value ?? 0) > documents.length
  }

  async #startAnew({ value }: FencedProjection): Promise<never> {
    await this.clear(value.workspace)
    throw new TrailsealError(
      'store_unavailable',
      `The search index of ${value.workspace} was rolled over while events were written to it, and is replayed.`,
      { retryAfterSeconds: 1 },
    )
  }

  async #search<Source>(request: SearchRequest, body: object): Promise<SearchAnswer<Source>> {
    const state = await this.#states.recent(request.workspace)
    if (state === null) return NOTHING
    const filter: Dsl[] = [{ term: { [FIELDS.log]: state.log } }, compile(request.query)]
    if (request.firstSeq > 0) filter.push({ range: { [FIELDS.seq]: { gte: request.firstSeq } } })
    const query = { bool: { filter } }
    return await this.#elasticsearch.search(this.#stream(state.plan), { query, ...body }, request.workspace)
  }

  #stream(plan: string): string {
    return `${this.#prefix}-events-${plan}`
  }
}

const NOTHING = { hits: [], total: null, aggregations: {} }
const NO_ANSWER: BulkItem = { status: 500, index: '', seqNo: -1, primaryTerm: -1, error: null }

function busy(workspace: string): TrailsealError {
  return new TrailsealError(
    'store_unavailable',
    `Too many processes index the log of ${workspace} at once.`,
    {
      retryAfterSeconds: 1,
    },
  )
}
