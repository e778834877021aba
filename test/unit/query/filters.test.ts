import { describe, expect, test } from '@jest/globals'
import { and, filtersQuery } from '../../../src/query/filters.ts'
import { parseTimeRange, timeRangeQuery } from '../../../src/query/time-range.ts'
import { parseQuery } from '../../../src/search/query-parser.ts'

const range = (from?: string, to?: string): (string | null)[] => {
  const bounds = parseTimeRange({ from, to })
  return [bounds.from, bounds.to].map((bound) => (bound === null ? null : new Date(bound).toISOString()))
}

describe('a time range', () => {
  test('takes dates as whole days and times with their offset', () => {
    expect(range('2026-02-28', '2026-02-28')).toEqual([
      '2026-02-28T00:00:00.000Z',
      '2026-02-28T23:59:59.999Z',
    ])
    expect(range('2026-11-23T12:00:00+05:30')).toEqual(['2026-11-23T06:30:00.000Z', null])
    expect(range(undefined, '2026-11-23t12:00:00.5z')).toEqual([null, '2026-11-23T12:00:00.500Z'])
    expect(range('2026-11-23T12:00:00.0001Z', '2026-11-23T12:00:00.0019Z')).toEqual([
      '2026-11-23T12:00:00.001Z',
      '2026-11-23T12:00:00.001Z',
    ])
  })

  test.each([
    ...[
      '',
      'now',
      '2026',
      '2026-02-30',
      '2026-13-01',
      '2026-1-1',
      '2026-11-23T12:00:00',
      '2026-11-23 12:00:00Z',
    ],
    ...['2026-11-23T24:00:00Z', '2026-11-23T12:60:00Z', '2026-11-23T12:00Z', '2026-11-23T12:00:00+24:00'],
    ...['2026-11-23Z', '+002026-11-23', '2026-11-23\n', '1700000000000', '２０２６-11-23'],
  ])('refuses %j', (text) => {
    expect(() => parseTimeRange({ from: text })).toThrow(/RFC 3339/)
  })

  test('refuses to end before it begins', () => {
    expect(() => parseTimeRange({ from: '2026-11-24', to: '2026-11-23' })).toThrow(/before it begins/)
  })

  test('stays within what an index can hold', () => {
    expect(timeRangeQuery(parseTimeRange({ from: '0001-01-01', to: '9999-12-31' }))).toMatchObject({
      from: 0,
      to: 2 ** 43 - 1,
    })
    expect(timeRangeQuery(parseTimeRange({ to: '1969-12-31' }))).toEqual({ type: 'none' })
    expect(timeRangeQuery(parseTimeRange({ from: '9999-12-31' }))).toEqual({ type: 'none' })
  })
})

describe('filters', () => {
  test('that are empty restrict nothing', () => {
    expect(filtersQuery({ q: ' ', action: [] }, parseQuery)).toEqual({ type: 'all' })
  })

  test('are the same query whatever the order of their values', () => {
    const one = filtersQuery({ action: ['b', 'a', 'b'] }, parseQuery)
    expect(one).toEqual(filtersQuery({ action: ['a', 'b'] }, parseQuery))
  })

  test('that are longer than what a record of the search could hold are refused', () => {
    expect(() => filtersQuery({ action: ['x'.repeat(9_000)] }, parseQuery)).toThrow(/8192 characters/)
  })

  test('keep an OR within its own part', () => {
    const scope = parseQuery('a')
    const query = parseQuery('b OR c')
    expect(and(scope, query)).toEqual({
      type: 'and',
      parts: [expect.objectContaining({ tokens: ['a'] }), query],
    })
    expect(and(scope, { type: 'none' })).toEqual({ type: 'none' })
  })
})
