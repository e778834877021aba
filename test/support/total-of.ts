import type { PageRequest, SearchIndex, SearchRequest, Total } from '../../src/search/search-index.ts'

const FIRST: Pick<PageRequest, 'order' | 'direction' | 'limit' | 'after'> = {
  order: 'timestamp',
  direction: 'desc',
  limit: 1,
  after: null,
}

/** How many events match, whatever page is asked for. */
export async function totalOf(index: SearchIndex, request: SearchRequest): Promise<Total> {
  return (await index.pageAndTotal({ ...FIRST, ...request })).total
}
