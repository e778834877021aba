import { TrailsealError } from '../../errors.ts'
import type { SearchAnswer, SearchHit } from './answers.ts'
import type { Elasticsearch } from './elasticsearch.ts'

/** From one page to the next; each page asks for it anew. A consumer may be slow: an export waits for its disk. */
const KEEP_ALIVE = '5m'

export interface PageSearch {
  readonly index: string
  readonly routing?: string
  /** A search with `size` and `sort`; hits that sort alike are told apart by where they are stored. */
  readonly body: Readonly<Record<string, unknown>> & { readonly size: number }
  /**
   * When the cluster has let go of the moment (a node restarted, or the consumer took longer than minutes): goes on behind the last
   * hit in a new one. Only where a sort by `sort` alone tells all hits apart, and hits come into being once and stay.
   */
  readonly resumable: boolean
}

/**
 * Every hit of a search, page by page, as the index was at one moment: what is written, refreshed or merged meanwhile neither
 * shifts nor hides one. The next page is on its way while one is used; the moment is let go at the end, also at an early one.
 * Errors: `store_unavailable`.
 */
export async function* pagesAtOneMoment<Source>(
  elasticsearch: Elasticsearch,
  search: PageSearch,
): AsyncGenerator<readonly SearchHit<Source>[], void> {
  const { size } = search.body
  const sortKeys = (search.body['sort'] as readonly unknown[]).length
  let moment = await Moment.open(elasticsearch, search)
  let coming: Promise<SearchAnswer<Source> | null> | null = null
  let after: readonly unknown[] | null = null
  try {
    for (;;) {
      const answer: SearchAnswer<Source> | null = await (coming ?? moment.search<Source>(search.body, after))
      coming = null
      if (answer === null) {
        if (!search.resumable) throw expired(elasticsearch)
        moment = await Moment.open(elasticsearch, search)
        // Where a hit is stored means nothing in another moment.
        after &&= after.slice(0, sortKeys)
        continue
      }
      const last: SearchHit<Source> | undefined = answer.hits.at(-1)
      if (last === undefined) return
      after = last.sort
      const more = answer.hits.length === size
      if (more) {
        coming = moment.search<Source>(search.body, after)
        // A failure shows when the page is asked for, and nowhere else.
        coming.catch(() => undefined)
      }
      yield answer.hits
      if (!more) return
    }
  } finally {
    await coming?.catch(() => undefined)
    await moment.close()
  }
}

function expired({ host }: Elasticsearch): TrailsealError {
  return new TrailsealError(
    'store_unavailable',
    `Elasticsearch at ${host} has let go of a search before it was read to its end: start again.`,
    { retryAfterSeconds: 1 },
  )
}

/** A point in time of the cluster. */
class Moment {
  readonly #elasticsearch: Elasticsearch
  /** Null: there is no such index, so nothing to find. */
  #id: string | null

  private constructor(elasticsearch: Elasticsearch, id: string | null) {
    this.#elasticsearch = elasticsearch
    this.#id = id
  }

  static async open(
    elasticsearch: Elasticsearch,
    { index, routing }: Pick<PageSearch, 'index' | 'routing'>,
  ): Promise<Moment> {
    const opened = await elasticsearch.request<{ id: string }>({
      method: 'POST',
      path: `/${encodeURIComponent(index)}/_pit`,
      query: {
        ...{ keep_alive: KEEP_ALIVE, ignore_unavailable: true },
        ...(routing === undefined ? {} : { routing, preference: routing }),
      },
    })
    return new Moment(elasticsearch, opened?.id ?? null)
  }

  /** Null when the cluster no longer has it. */
  async search<Source>(
    body: PageSearch['body'],
    after: readonly unknown[] | null,
  ): Promise<SearchAnswer<Source> | null> {
    if (this.#id === null) return { hits: [], total: null, aggregations: {} }
    const answer = await this.#elasticsearch.searchAt<Source>({
      ...{ track_total_hits: false, ...body, pit: { id: this.#id, keep_alive: KEEP_ALIVE } },
      ...(after === null ? {} : { search_after: after }),
    })
    // Each answer may bring another name for the same moment.
    if (answer !== null) this.#id = answer.moment ?? this.#id
    return answer
  }

  /** What fails to be let go goes by itself, minutes later. */
  async close(): Promise<void> {
    if (this.#id === null) return
    const body = { id: this.#id }
    await this.#elasticsearch.request({ method: 'DELETE', path: '/_pit', body }).catch(() => null)
  }
}
