import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { scanEntry } from '../../../src/verify/entry-scan.ts'

const CHAIN = { v: 'v', log: 'log', seq: 'seq', prev: 'prev', receivedAt: 'received_at' } as const

/** Whatever the scanner decides on must be what JSON.parse says. Answers whether it decided. */
function expectSameAsParser(text: string): boolean {
  const scanned = scanEntry(text)
  if (scanned === undefined) return false
  const parsed = JSON.parse(text) as Record<string, unknown>
  for (const [field, key] of Object.entries(CHAIN)) {
    const raw = scanned[field as keyof typeof CHAIN]
    const value: unknown = raw === undefined ? undefined : JSON.parse(raw)
    expect([text, value]).toEqual([text, Object.hasOwn(parsed, key) ? parsed[key] : undefined])
  }
  return true
}

const key = fc.oneof(
  fc.constantFrom(...Object.values(CHAIN), 'id', 'meta', '__proto__', 'sEq', ''),
  fc.string(),
)
const object = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.constantFrom(true, false, null),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 6 }),
})).object

describe('the entry scanner never says anything else than JSON.parse', () => {
  test('on random objects, and decides on most that need no escapes', () => {
    let decided = 0
    fc.assert(
      fc.property(object, (value) => void (decided += Number(expectSameAsParser(JSON.stringify(value))))),
      {
        numRuns: 1_000,
      },
    )
    expect(decided).toBeGreaterThan(200)
  })

  test('on objects with characters put in, taken out and moved', () => {
    const change = fc.record({
      at: fc.nat(80),
      cut: fc.nat(3),
      put: fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        ',',
        ':',
        '0',
        '-',
        '.5',
        'e',
        ' ',
        '\\',
        '\n',
        't',
        'v',
        'null',
        '',
      ),
    })
    fc.assert(
      fc.property(object, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        let text = JSON.stringify(value)
        for (const { at, cut, put } of changes) text = text.slice(0, at) + put + text.slice(at + cut)
        expectSameAsParser(text)
      }),
      { numRuns: 3_000 },
    )
  })

  test.each([
    '{"seq":1,"seq":2}',
    '{"v":1,}',
    '{"v":01}',
    '{"v":-}',
    '{"v":1}{',
    '{"v":1}}',
    '{"a":[1,]}',
    '{"a":{"seq":5},"seq":6}',
    '{"a":"\\",\\"seq\\":7,\\"b\\":\\"","seq":8}',
    '{"\\u0073eq":9}',
    '{"v":1',
    '{}',
    '',
    `{"a":${'['.repeat(10_000)}`,
  ])('on %j', (text) => {
    expect(() => expectSameAsParser(text)).not.toThrow()
  })
})
