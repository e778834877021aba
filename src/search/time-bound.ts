/** RFC 3339 date-time (section 5.6), or its full-date alone, which is a whole day in UTC. */
const FORM =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2}))?$/

const DAY = 86_400_000

/**
 * Inclusive bound of a time range in milliseconds since 1970; null when the text is no date or time. A day begins
 * with its first and ends with its last millisecond; fractions finer than a millisecond are rounded into the range.
 */
export function timeBound(text: string, side: 'from' | 'to'): number | null {
  const parts = FORM.exec(text)
  if (!parts) return null
  const [, year, month, day, hour, minute, second, fraction = '', zone] = parts
  const midnight = Date.UTC(2000, Number(month) - 1, Number(day))
  const date = new Date(midnight)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null
  if (zone === undefined) return side === 'from' ? date.getTime() : date.getTime() + DAY - 1
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  const offset = zoneMinutes(zone)
  if (offset === null) return null
  const seconds = (Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)
  const finer = side === 'from' && /[1-9]/.test(fraction.slice(3)) ? 1 : 0
  return date.getTime() + seconds * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0')) + finer
}

function zoneMinutes(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4, 6))
  if (hours > 23 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
