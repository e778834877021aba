import { TrailsealError } from '../errors.ts'
import { simplify } from '../search/query-simplify.ts'
import { FILTER_FIELDS, type Query } from '../search/query-syntax.ts'
import type { Filters } from './query-facade.ts'
import { parseTimeRange, timeRangeQuery } from './time-range.ts'

/**
 * Longest filters of one request, UTF-16 units as JSON. Bounds the work of one search, and lets the record of an auditor's
 * search hold all of them within one event.
 */
export const MAX_FILTER_LENGTH = 8_192

/** Values of one filter are alternatives, filters are joined with AND. Throws `bad_query` and `bad_request`. */
export function filtersQuery(filters: Filters, parseQuery: (text: string) => Query): Query {
  if (JSON.stringify(pickFilters(filters)).length > MAX_FILTER_LENGTH) {
    throw new TrailsealError(
      'bad_request',
      `Query and filters have more than ${MAX_FILTER_LENGTH} characters.`,
    )
  }
  const exact = FILTER_FIELDS.map((field): Query => {
    const values = filters[field] ?? []
    // sorted, so that a cursor does not depend on the order in which a client names the values
    return values.length === 0
      ? { type: 'all' }
      : { type: 'exact', field, values: [...new Set(values)].sort() }
  })
  return and(textQuery(filters.q, parseQuery), timeRangeQuery(parseTimeRange(filters)), ...exact)
}

/** No text, no restriction. */
export function textQuery(text: string | undefined, parseQuery: (text: string) => Query): Query {
  return text === undefined || text.trim() === '' ? { type: 'all' } : parseQuery(text)
}

/** What all parts match. A part is a finished tree, so nothing inside it can reach beyond it. */
export function and(...parts: readonly Query[]): Query {
  return simplify({ type: 'and', parts })
}

/** Only the filters of a request that may carry more, without those that are not set. */
export function pickFilters(request: Filters): Filters {
  const given = (['q', ...FILTER_FIELDS, 'from', 'to'] as const).filter((name) => request[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, request[name]]))
}
