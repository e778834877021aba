import { describe, expect, test } from '@jest/globals'
import { canonicalize, MAX_CANONICAL_DEPTH } from '../../../src/event/canonical-json.ts'

/** RFC 8785, Appendix B: IEEE 754 bits and their text. */
const NUMBERS: readonly (readonly [bits: string, text: string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
]

const refused = expect.objectContaining({ code: 'invalid_event' })
const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown

describe('canonical JSON, RFC 8785', () => {
  test.each(NUMBERS)('writes the number with bits %s as %s', (bits, text) => {
    expect(canonicalize(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text)
  })

  test('writes the sample of §3.2.2 as §3.2.4 has it', () => {
    const sample = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    expect(canonicalize(JSON.parse(sample))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  test('sorts keys by UTF-16 code units, as in §3.2.3', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6']
    const canonical = canonicalize(Object.fromEntries(keys.map((key) => [key, 0])))
    expect(Object.keys(JSON.parse(canonical) as object).sort()).toEqual([...keys].sort())
    expect(canonical).toBe('{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\ud83d\ude00":0,"\ufb33":0}')
  })

  test('sorts many keys as it sorts few', () => {
    const keys = Array.from({ length: 100 }, (_, index) => `k${(index * 37) % 100}`)
    expect(canonicalize(Object.fromEntries(keys.map((key) => [key, 1])))).toBe(
      `{${[...keys]
        .sort()
        .map((key) => `"${key}":1`)
        .join(',')}}`,
    )
  })

  test('takes an own __proto__ as the data that it is, and nothing inherited', () => {
    expect(canonicalize(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}')
    expect(canonicalize(Object.create({ inherited: 1 }))).toBe('{}')
  })

  test.each([
    ['half a surrogate pair in a value', { a: '\ud800' }],
    ['half a surrogate pair in a key', { '\udc00': 1 }],
    ['NaN', Number.NaN],
    ['infinity', JSON.parse('1e999')],
    ['undefined', { a: undefined }],
    ['a bigint', 1n],
    ['a function', canonicalize],
    ['nesting that would overflow the stack', nested(100_000)],
    ['nesting beyond the limit', nested(MAX_CANONICAL_DEPTH + 1)],
  ])('refuses %s', (_what, value) => {
    expect(() => canonicalize(value)).toThrow(refused)
  })

  test('takes nesting up to the limit', () => {
    expect(canonicalize(nested(MAX_CANONICAL_DEPTH))).toHaveLength(2 * MAX_CANONICAL_DEPTH)
  })
})
