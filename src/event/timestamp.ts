/** RFC 3339 §5.6: full-date, `T`, partial-time with any fraction, offset. */
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** What `formatTimestamp` writes, and most senders too. */
const CANONICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d\.\d{3}Z$/

/** 2200-01-01T00:00:00Z: later instants do not fit the search index's row ids. */
const END = 7_258_118_400_000

/**
 * Milliseconds since 1970 of an RFC 3339 date and time, finer fractions cut off; null where the text is none, names no real
 * day or time, or lies outside 1970 … 2199. A leap second counts as the last millisecond of its minute.
 */
export function parseTimestamp(text: string): number | null {
  const instant = CANONICAL.test(text) ? parseCanonical(text) : parseAny(text)
  return instant !== null && instant >= 0 && instant < END ? instant : null
}

/** Several times as fast as taking the text apart. */
function parseCanonical(text: string): number | null {
  const instant = Date.parse(text)
  // it carries 30 February over into March, and 24:00 into the next day
  return new Date(instant).getUTCDate() === Number(text.slice(8, 10)) ? instant : null
}

function parseAny(text: string): number | null {
  const parts = DATE_TIME.exec(text)
  if (parts === null) return null
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const leap = second === 60
  if (hour > 23 || minute > 59 || second > 60) return null
  const fraction = leap ? 999 : Number((parts[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const local = Date.UTC(year, month - 1, day, hour, minute, leap ? 59 : second, fraction)
  // Date.UTC carries 30 February over into March
  if (month < 1 || month > 12 || day < 1 || new Date(local).getUTCDate() !== day) return null
  const offsetHours = Number(parts[9] ?? 0)
  const offsetMinutes = Number(parts[10] ?? 0)
  if (offsetHours > 23 || offsetMinutes > 59) return null
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000
  return parts[8] === '-' ? local + offset : local - offset
}

/** The text in the form of a log; null where `parseTimestamp` gives null. */
export function canonicalTimestamp(text: string): string | null {
  const instant = parseTimestamp(text)
  if (instant === null) return null
  return CANONICAL.test(text) ? text : formatTimestamp(instant)
}

/** RFC 3339 in UTC with milliseconds: the only form in a log. */
export function formatTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
