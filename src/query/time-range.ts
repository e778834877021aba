import { TrailsealError } from '../errors.ts'
import type { Query } from '../search/query-syntax.ts'

/** The timestamps that a search index holds: 0 … 2^43 − 1 ms. */
const LAST_TIMESTAMP = 2 ** 43 - 1
const MS_PER_DAY = 86_400_000

/** A date, or a date-time with its offset (RFC 3339 §5.6). */
const INSTANT =
  /^(\d{4}-\d\d-\d\d)(?:[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d)))?$/

/** Inclusive bounds in milliseconds since 1970; null: open. */
export interface TimeRange {
  readonly from: number | null
  readonly to: number | null
}

/** Both bounds inclusive; a bare date is the whole day in UTC. Throws `bad_request`. */
export function parseTimeRange(range: {
  readonly from?: string | undefined
  readonly to?: string | undefined
}): TimeRange {
  const from = range.from === undefined ? null : parseInstant(range.from, 'from')
  const to = range.to === undefined ? null : parseInstant(range.to, 'to')
  if (from !== null && to !== null && from > to) {
    throw new TrailsealError('bad_request', 'The time range ends before it begins.')
  }
  return { from, to }
}

export function timeRangeQuery({ from, to }: TimeRange): Query {
  if (from === null && to === null) return { type: 'all' }
  if ((from ?? 0) > LAST_TIMESTAMP || (to ?? 0) < 0) return { type: 'none' }
  return {
    type: 'range',
    field: 'timestamp',
    from: from === null ? null : Math.max(0, from),
    to: to === null ? null : Math.min(LAST_TIMESTAMP, to),
  }
}

function parseInstant(text: string, bound: 'from' | 'to'): number {
  const [, date, time, fraction = '', sign, offsetHours = '00', offsetMinutes = '00'] =
    INSTANT.exec(text) ?? []
  if (date === undefined) throw notAnInstant(bound)
  const utc = Date.parse(`${date}T${time ?? '00:00:00'}Z`)
  // Date.parse takes 24:00:00, and rolls over 30 February in some engines
  if (Number.isNaN(utc) || !new Date(utc).toISOString().startsWith(date)) throw notAnInstant(bound)
  if (time === undefined) return bound === 'from' ? utc : utc + MS_PER_DAY - 1
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000
  return utc - (sign === '-' ? -offset : offset) + fractionMs(fraction, bound)
}

/** Events have milliseconds: a finer bound is the next one inside the range. */
function fractionMs(fraction: string, bound: 'from' | 'to'): number {
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3))
  return bound === 'from' && /[1-9]/.test(fraction.slice(3)) ? milliseconds + 1 : milliseconds
}

function notAnInstant(bound: string): TrailsealError {
  return new TrailsealError(
    'bad_request',
    `"${bound}" is neither a date (2026-11-23) nor an RFC 3339 time with its offset (2026-11-23T12:00:00Z).`,
  )
}
