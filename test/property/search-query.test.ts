import { isDeepStrictEqual } from 'node:util'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { TrailsealError } from '../../src/errors.ts'
import { parseQuery } from '../../src/search/query-parser.ts'
import { printQuery } from '../../src/search/query-printer.ts'
import { simplify } from '../../src/search/query-simplify.ts'
import { EXACT_FIELDS, TEXT_FIELDS, type Query } from '../../src/search/query-syntax.ts'
import { tokens } from '../../src/search/tokenizer.ts'

const word = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    fc.constantFrom('and', 'AND', 'to', 'Risk', 'ß', '漢字'),
  )
  .map((text) => tokens(text)[0] ?? 'a')
const path = fc
  .tuple(
    fc.constantFrom('before', 'after', 'metadata'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
  )
  .map(([root, rest]) => `${root}.${rest}`)
const bound = (max: number) => fc.option(fc.integer({ min: 0, max }))

const leaf = fc.oneof(
  fc.record({
    type: fc.constant('words'),
    field: fc.oneof(fc.constant(null), fc.constantFrom(...TEXT_FIELDS), path),
    tokens: fc.array(word, { minLength: 1, maxLength: 3 }),
    prefix: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('exact'),
    field: fc.constantFrom(...EXACT_FIELDS),
    values: fc.array(fc.string({ unit: 'binary', maxLength: 8 }), { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('range'), field: fc.constant('seq'), from: bound(1e9), to: bound(1e9) }),
  fc.record({
    type: fc.constant('range'),
    field: fc.constant('timestamp'),
    from: bound(2 ** 43),
    to: bound(2 ** 43),
  }),
  fc.constantFrom({ type: 'all' }, { type: 'none' }),
)
const query = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf as fc.Arbitrary<Query>,
    fc.record({ type: fc.constantFrom('and', 'or'), parts: fc.array(tie('query'), { maxLength: 4 }) }),
    fc.record({ type: fc.constant('not'), part: tie('query') }),
  ),
})).query

/** Duplicates within one list of values are dropped by reading. */
const distinct = (one: Query): Query => {
  if (one.type === 'exact') return { ...one, values: [...new Set(one.values)] }
  if (one.type === 'and' || one.type === 'or') return { ...one, parts: one.parts.map(distinct) }
  return one.type === 'not' ? { type: 'not', part: distinct(one.part) } : one
}

test('what is printed reads as the same query', () => {
  fc.assert(
    fc.property(query, (one) => {
      expect(parseQuery(printQuery(one))).toEqual(distinct(simplify(one)))
    }),
    { numRuns: 2000 },
  )
})

function outcomeOf(text: string): Query | TrailsealError {
  try {
    return parseQuery(text)
  } catch (error) {
    if (error instanceof TrailsealError) return error
    throw error
  }
}

test('any text is a query or a bad query with a position in the text', () => {
  const syntax = fc.constantFrom(
    'a',
    'b*',
    '*',
    '"',
    '(',
    ')',
    ' ',
    '-',
    ':',
    'AND',
    'OR',
    'NOT',
    'action:',
    'seq:',
    '[',
    ']',
    ' TO ',
    '\\',
    '=',
    '1',
    'x.y:',
    '…',
  )
  const text = fc.oneof(
    fc.array(syntax, { maxLength: 14 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(text, (one) => {
      const outcome = outcomeOf(one)
      if (!(outcome instanceof TrailsealError)) return isDeepStrictEqual(simplify(outcome), outcome)
      const { code, message, position = -1 } = outcome
      return (
        code === 'bad_query' && /^Expected .*[.]$/s.test(message) && position >= 0 && position <= one.length
      )
    }),
    { numRuns: 5000 },
  )
})

test('words of words are the same words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(tokens(tokens(text).join(' '))).toEqual(tokens(text))
    }),
  )
})
