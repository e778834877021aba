import { backingIndices } from '../../drivers/elasticsearch/backing-indices.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'

/** When a data stream gets its next backing index: as the lifecycle policies of index-templates/ilm say. */
const ROLLOVER = { max_age: '7d', max_primary_shard_size: '50gb' }

/** A backing index that nothing is written to any more. */
export interface ClosedBackingIndex {
  readonly index: string
  /** When the next one took over, milliseconds: everything in it was received before. */
  readonly closedAt: number
}

type CreationDates = Readonly<
  Record<string, { readonly settings: { readonly index: { readonly creation_date: string } } }>
>

/** The data streams of events, for clusters without ILM. */
export class EventStreams {
  readonly #elasticsearch: Elasticsearch
  readonly #prefix: string
  readonly #conditions: object

  constructor(options: {
    readonly elasticsearch: Elasticsearch
    readonly prefix: string
    readonly rollover?: object
  }) {
    this.#elasticsearch = options.elasticsearch
    this.#prefix = options.prefix
    this.#conditions = options.rollover ?? ROLLOVER
  }

  /**
   * Rolls the plan's stream over when it is due; false where it is not, or there is no stream yet. The cluster checks the
   * conditions and acts in one step, so of several workers one does it.
   */
  async rollOver(plan: string): Promise<boolean> {
    const answer = await this.#elasticsearch.request<{ rolled_over: boolean }>({
      method: 'POST',
      path: `/${this.#stream(plan)}/_rollover`,
      body: { conditions: this.#conditions },
    })
    return answer?.rolled_over ?? false
  }

  /** Oldest first; the index that is written to is not among them. */
  async closed(plan: string): Promise<readonly ClosedBackingIndex[]> {
    const stream = this.#stream(plan)
    const indices = (await backingIndices(this.#elasticsearch, stream)).get(stream) ?? []
    if (indices.length < 2) return []
    const dates = await this.#elasticsearch.request<CreationDates>({
      method: 'GET',
      path: `/${stream}/_settings/index.creation_date`,
    })
    return indices.slice(0, -1).flatMap((index, at) => {
      const next = dates?.[indices[at + 1] ?? '']
      return next ? [{ index, closedAt: Number(next.settings.index.creation_date) }] : []
    })
  }

  /** Of each workspace in a backing index, the seq behind its last event there. */
  async ends(index: string): Promise<ReadonlyMap<string, number>> {
    const ends = new Map<string, number>()
    for (let after: object | undefined; ;) {
      const sources = [{ workspace: { terms: { field: 'organization.id' } } }]
      const { aggregations } = await this.#elasticsearch.search(index, {
        size: 0,
        track_total_hits: false,
        aggs: {
          logs: {
            composite: { size: 5000, sources, ...(after && { after }) },
            aggs: { last: { max: { field: 'event.sequence' } } },
          },
        },
      })
      const { buckets = [], after_key: next } = (aggregations['logs'] ?? {}) as {
        buckets?: { key: { workspace: string }; last: { value: number | null } }[]
        after_key?: object
      }
      for (const { key, last } of buckets) ends.set(key.workspace, (last.value ?? -1) + 1)
      if (!next) return ends
      after = next
    }
  }

  #stream(plan: string): string {
    return `${this.#prefix}-events-${plan}`
  }
}
