import { describe, expect, test } from '@jest/globals'
import { TrailsealError } from '../../../src/errors.ts'
import { parseQuery } from '../../../src/search/query-parser.ts'
import { printQuery } from '../../../src/search/query-printer.ts'
import type { Query } from '../../../src/search/query-syntax.ts'

const words = (text: string, field: string | null = null, prefix = false): Query =>
  ({ type: 'words', field, tokens: text.split(' '), prefix }) as Query
const and = (...parts: Query[]): Query => ({ type: 'and', parts })
const or = (...parts: Query[]): Query => ({ type: 'or', parts })
const not = (part: Query): Query => ({ type: 'not', part })
const exact = (field: string, ...values: string[]) => ({ type: 'exact', field, values }) as Query
const range = (field: 'seq' | 'timestamp', from: number | null, to: number | null): Query => ({
  type: 'range',
  field,
  from,
  to,
})

const DAY = Date.UTC(2026, 10, 23)

test.each<[string, Query]>([
  ['', { type: 'all' }],
  ['  \t ', { type: 'all' }],
  ['Risk', words('risk')],
  ['risk_assessment', words('risk assessment')],
  ['a@b.com', words('a b com')],
  ['"A  phrase, here"', words('a phrase here')],
  ['"risk ass"*', words('risk ass', null, true)],
  ['risk_ass*', words('risk ass', null, true)],
  ['risk_*', words('risk')],
  ['a\\*b \\AND', and(words('a b'), words('and'))],
  ['a b OR c AND NOT d', or(and(words('a'), words('b')), and(words('c'), not(words('d'))))],
  ['(a OR b) c', and(or(words('a'), words('b')), words('c'))],
  ['-a -action:b -(c d)', and(not(words('a')), not(words('b', 'action')), not(and(words('c'), words('d'))))],
  ['NOT NOT a', words('a')],
  ['and or not', and(words('and'), words('or'), words('not'))],
  ['action:uploaded', words('uploaded', 'action')],
  ['ACTION:uploaded', words('uploaded', 'action')],
  ['action:"evidence uploaded"', words('evidence uploaded', 'action')],
  ['action:up*', words('up', 'action', true)],
  ['action:(a OR b -c)', or(words('a', 'action'), and(words('b', 'action'), not(words('c', 'action'))))],
  ['source.ip:2001:db8::1', words('2001 db8 1', 'source.ip')],
  ['before.Status:Gap', words('gap', 'before.Status')],
  ['before.a\\ key:x', words('x', 'before.a key')],
  ['metadata:x', words('x', 'metadata.*')],
  ['id:AbC-1', exact('id', 'AbC-1')],
  ['action:="evidence.uploaded"', exact('action', 'evidence.uploaded')],
  ['actor:=(u_1 OR "u 2")', exact('actor', 'u_1', 'u 2')],
  ['touches:="FILE/f_1" outcome:failure', and(exact('touches', 'FILE/f_1'), words('failure', 'outcome'))],
  ['seq:5', range('seq', 5, 5)],
  ['seq:[5 TO *]', range('seq', 5, null)],
  ['seq:(1 OR 3)', or(range('seq', 1, 1), range('seq', 3, 3))],
  ['timestamp:2026-11-23', range('timestamp', DAY, DAY + 86_399_999)],
  ['timestamp:[2026-11-23 TO 2026-11-23T12:00:00.5+01:00]', range('timestamp', DAY, DAY + 39_600_500)],
  ['timestamp:[ * TO "2026-11-23" ]', range('timestamp', null, DAY + 86_399_999)],
  // a colon that belongs to the text
  ['arn:aws:iam::1:user/x', words('arn aws iam 1 user x')],
  ['https://example.com/a', words('https example com a')],
  ['12:30', words('12 30')],
  ['s3:GetObject', words('s3 getobject')],
  ['action\\:x', words('action x')],
  // words of punctuation count for nothing beside others
  ['a -- b …', and(words('a'), words('b'))],
  ['a OR …', words('a')],
  ['foo"bar"', and(words('foo'), words('bar'))],
])('%s', (text, expected) => {
  expect(parseQuery(text)).toEqual(expected)
})

test.each<[string, number, RegExp]>([
  ['a AND', 5, /after AND, not the end of the query/],
  ['NOT', 3, /after NOT, not the end/],
  ['a OR OR b', 5, /after OR, not OR/],
  ['AND a', 0, /here, not AND/],
  ['(a', 2, /closing \) for the \( at position 0/],
  ['a (b c', 6, /closing \) for the \( at position 2/],
  ['a)', 1, /end of the query/],
  ['()', 1, /here, not \)/],
  ['"a b', 4, /closing quotation mark for the one at position 0/],
  ['a\\', 2, /after the backslash/],
  ['a *', 2, /letter or a digit before the \*/],
  ['action:*', 7, /letter or a digit before the \*/],
  ['a *b', 2, /only stand at the end of a word/],
  ['a a*b', 4, /end of the word/],
  ['x colour:red', 2, /known field before the colon, not colour: actor\.email, .*timestamp/],
  ['note: x', 0, /known field/],
  ['action: x', 7, /value of action right after the colon/],
  ['action:', 7, /value of action/],
  ['action:AND', 7, /value of action, not AND/],
  ['action:--', 7, /letter or a digit for action/],
  ['action:(a outcome:b)', 10, /cannot stand inside the brackets/],
  ['action:[a TO b]', 7, /ranges are for seq and timestamp/],
  ['seq:{1 TO 2}', 4, /include both ends/],
  ['seq:[1 2]', 7, /Expected TO/],
  ['seq:[1 TO', 9, /whole number/],
  ['seq:[1 TO 2', 11, /Expected \]/],
  ['seq:0x5', 4, /whole number/],
  ['seq:5*', 4, /without \*/],
  ['timestamp:2026-02-30', 10, /a date such as/],
  ['timestamp:[2026-11-23 TO 25:00]', 25, /a date such as/],
  ['id:a*', 3, /whole value of id/],
  ['touches:x', 8, /Expected = after touches/],
  ['justification:=x', 14, /cannot be compared as a whole/],
  ['a && b', 2, /Expected AND/],
  ['a || b', 2, /Expected OR/],
  ['!a', 0, /Expected NOT or -/],
  ['…', 0, /at least one letter or digit/],
  ['a'.repeat(4097), 4096, /at most 4096 characters/],
  ['('.repeat(33) + 'a' + ')'.repeat(33), 33, /at most 32 levels/],
  ['NOT '.repeat(40) + 'a', 131, /at most 32 levels/],
  ['a '.repeat(257), 512, /at most 256/],
])('refuses %s', (text, position, sentence) => {
  let error: unknown
  try {
    parseQuery(text)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(TrailsealError)
  expect(error).toMatchObject({ code: 'bad_query', position, message: expect.stringMatching(sentence) })
})

describe('printing', () => {
  test('says filters in the words of the query language', () => {
    const query = and(
      exact('actor', 'u "7"'),
      range('timestamp', DAY, null),
      or(words('a b'), not(words('c', 'action', true))),
    )
    expect(printQuery(query)).toBe(
      'actor:="u \\"7\\"" AND timestamp:[2026-11-23T00:00:00.000Z TO *] AND ("a b" OR NOT action:c*)',
    )
  })

  test('every event is the empty text, no event is not', () => {
    expect(printQuery({ type: 'all' })).toBe('')
    expect(parseQuery(printQuery({ type: 'none' }))).toEqual({ type: 'none' })
  })
})
