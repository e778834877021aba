import { TrailsealError } from '../errors.ts'
import { FACET_FIELDS } from '../search/query-syntax.ts'
import type { FacetField } from '../search/query-syntax.ts'
import type { Bucket, SearchRequest } from '../search/search-index.ts'
import type { View } from './access.ts'
import type { QueryDependencies } from './dependencies.ts'
import { filtersQuery } from './filters.ts'
import type { Filters } from './query-facade.ts'
import { parseTimeRange } from './time-range.ts'

const FACET_LIMIT = 100

export async function countFacets(
  { search, parseQuery }: QueryDependencies,
  view: View,
  field: FacetField,
  filters: Filters,
): Promise<readonly Bucket<string>[]> {
  if (!FACET_FIELDS.includes(field)) {
    throw new TrailsealError('bad_request', `Facets are counted for ${FACET_FIELDS.join(', ')}.`)
  }
  return await search.facet(view.search(filtersQuery(filters, parseQuery)), field, FACET_LIMIT)
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY }
const ROUND_INTERVALS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90, 180, 365].map((count) => count * DAY),
]
const LONGEST_INTERVAL = 3_650 * DAY
const AUTO_BUCKETS = 60
const MAX_BUCKETS = 2_000

export interface Histogram {
  readonly interval_ms: number
  readonly buckets: readonly Bucket<string>[]
}

/** Counts over time; the key of a bucket is the RFC 3339 time of its start. Throws `bad_request`. */
export async function countHistogram(
  { search, parseQuery }: QueryDependencies,
  view: View,
  interval: string,
  filters: Filters,
): Promise<Histogram> {
  const asked = interval === 'auto' ? null : parseInterval(interval)
  const request = view.search(filtersQuery(filters, parseQuery))
  const span = await spanOf(search, request, filters)
  const intervalMs = asked ?? autoInterval(span ?? 0)
  // the whole answer is one object in memory here and in the browser
  if ((span ?? 0) / intervalMs > MAX_BUCKETS) {
    throw new TrailsealError(
      'bad_request',
      `This interval makes more than ${MAX_BUCKETS} buckets; take a longer one.`,
    )
  }
  const buckets = span === null ? [] : await search.histogram(request, intervalMs)
  return {
    interval_ms: intervalMs,
    buckets: buckets.map(({ key, count }) => ({ key: new Date(key).toISOString(), count })),
  }
}

/** Milliseconds between the bounds given, or else the events found; null where nothing matches. */
async function spanOf(
  search: QueryDependencies['search'],
  request: SearchRequest,
  filters: Filters,
): Promise<number | null> {
  const { from, to } = parseTimeRange(filters)
  if (from !== null && to !== null) return to - from
  const extent = await search.extent(request)
  return extent === null ? null : (to ?? extent.to) - (from ?? extent.from)
}

/** `15m`, `1h`, `7d`. */
function parseInterval(text: string): number {
  const [, count = '', unit = ''] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? []
  const intervalMs = Number(count) * (UNITS[unit] ?? 0)
  if (intervalMs > 0 && intervalMs <= LONGEST_INTERVAL) return intervalMs
  throw new TrailsealError(
    'bad_request',
    '"interval" is neither auto nor a number with s, m, h or d (15m, 1h, 7d).',
  )
}

/** The round interval that comes nearest to 60 buckets without making more. */
function autoInterval(span: number): number {
  return ROUND_INTERVALS.find((interval) => span / interval <= AUTO_BUCKETS) ?? roundYears(span)
}

function roundYears(span: number): number {
  const year = 365 * DAY
  return Math.min(LONGEST_INTERVAL, Math.ceil(span / AUTO_BUCKETS / year) * year)
}
