import { describe, expect, test } from '@jest/globals'
import { canonicalTimestamp, formatTimestamp, parseTimestamp } from '../../../src/event/timestamp.ts'

const normalised = (text: string) => {
  const instant = parseTimestamp(text)
  return instant === null ? null : formatTimestamp(instant)
}

describe('timestamps, RFC 3339', () => {
  test.each([
    ['2026-11-23T12:00:00.123Z', '2026-11-23T12:00:00.123Z'],
    ['2026-11-23T12:00:00Z', '2026-11-23T12:00:00.000Z'],
    ['2026-11-23t13:30:00.5+01:30', '2026-11-23T12:00:00.500Z'],
    ['2026-11-23T00:00:00.123999-23:59', '2026-11-23T23:59:00.123Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.999Z'],
    ['2016-12-31T23:59:60.000Z', '2016-12-31T23:59:59.999Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['2199-12-31T23:59:59.999Z', '2199-12-31T23:59:59.999Z'],
  ])('%s is %s', (text, utc) => {
    expect(normalised(text)).toBe(utc)
    expect(canonicalTimestamp(text)).toBe(utc)
  })

  test.each([
    '2026-02-30T00:00:00Z',
    '2026-02-30T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-11-23T24:00:00.000Z',
    '2026-11-23T12:60:00.000Z',
    '2200-01-01T00:00:00.000Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T12:60:00Z',
    '2026-11-23T12:00:00',
    '2026-11-23',
    '2026-11-23 12:00:00Z',
    '2026-11-23T12:00:00+24:00',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:30:00+01:00',
    '2200-01-01T00:00:00Z',
    'yesterday',
    '',
    '2026-11-23T12:00:00Z\n',
  ])('%j is none', (text) => {
    expect(parseTimestamp(text)).toBeNull()
  })
})
