import { TrailsealError } from '../errors.ts'
import type { Query } from '../search/query-syntax.ts'
import type { Hit, PageRequest, Total } from '../search/search-index.ts'
import type { View } from './access.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { ListDependencies, QueryDependencies } from './dependencies.ts'
import { and, filtersQuery } from './filters.ts'
import { untilIndexed } from './index-progress.ts'
import { listedEvents } from './listed-events.ts'
import type { EventList, ListRequest } from './query-facade.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1_000

/** One page of what the view shows, narrowed by the request's filters and by `also`. */
export async function listEvents(
  dependencies: ListDependencies,
  view: View,
  request: ListRequest,
  { also, direction }: { readonly also: Query; readonly direction: 'asc' | 'desc' },
): Promise<EventList> {
  const limit = wholeNumber(request.limit ?? DEFAULT_LIMIT, 1, MAX_LIMIT, 'limit')
  const search = view.search(and(also, filtersQuery(request, dependencies.parseQuery)))
  const context = { ...search, order: 'timestamp', direction: request.order ?? direction } as const
  const after =
    request.cursor === undefined ? null : decodeCursor(request.cursor, context, dependencies.sha256)
  if (request.min_seq !== undefined) {
    const minSeq = wholeNumber(request.min_seq, 0, Number.MAX_SAFE_INTEGER, 'min_seq')
    await untilIndexed(dependencies, view.workspace, minSeq)
  }
  const { hits, more, total } = await pageAndMore(dependencies, { ...context, limit, after })
  const last = hits.at(-1)
  return {
    events: await listedEvents(dependencies, view.workspace, hits),
    next_cursor: more && last !== undefined ? encodeCursor(last, context, dependencies.sha256) : null,
    total,
  }
}

/** Looks one hit further, to know whether there is another page. */
async function pageAndMore(
  { search }: QueryDependencies,
  request: PageRequest,
): Promise<{ hits: readonly Hit[]; more: boolean; total: Total }> {
  const { limit } = request
  const { hits, total } = await search.pageAndTotal({ ...request, limit: Math.min(limit + 1, MAX_LIMIT) })
  const last = hits.at(-1)
  // an index gives at most 1,000 at once
  if (limit === MAX_LIMIT && hits.length === limit && last !== undefined) {
    return { hits, total, more: (await search.page({ ...request, after: last, limit: 1 })).length > 0 }
  }
  return { hits: hits.slice(0, limit), total, more: hits.length > limit }
}

export function wholeNumber(value: number, least: number, most: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new TrailsealError('bad_request', `"${name}" is not a whole number from ${least} to ${most}.`)
}
