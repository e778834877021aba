import { simplify } from '../query-simplify.ts'
import type { Query } from '../query-syntax.ts'
import { pathPrefix } from '../tokenizer.ts'
import { columnOf, exactToken, prefixToken, workspaceToken } from './columns.ts'
import { COUNTERS, LAST_PLACE, placeOf } from './schema.ts'

/** A query as SQLite runs it: one full-text expression, bounds, and what only SQL can say. */
export interface Plan {
  readonly match: string
  /** Whether `match` is no more than the workspace. */
  readonly everything: boolean
  /** Inclusive bounds of `place`. */
  readonly low: bigint
  readonly high: bigint
  /** Inclusive bounds of `seq`. */
  readonly first: number
  readonly last: number
  /** Further condition over `e`, empty where there is none: ranges inside OR and NOT. */
  readonly condition: string
  readonly values: readonly (string | number | bigint)[]
}

/**
 * The terms of the index that begin like this; null where they are too many to be listed. FTS5 reads a prefix by merging
 * all of its terms from end to end first, whatever the limit; alternatives it reads as they come.
 */
export type Vocabulary = (beginning: string) => readonly string[] | null

interface Scope {
  /** Number of the workspace, and the token that all its events have. */
  readonly workspace: number
  readonly token: string
  readonly vocabulary: Vocabulary
}

type Range = Extract<Query, { type: 'range' }>
type Words = Extract<Query, { type: 'words' }>

/** Open upper bound of `seq`. */
export const LAST_SEQ = Number.MAX_SAFE_INTEGER
const LAST_MILLISECOND = 2 ** 43 - 1

/** Null: nothing can match. Text of the user only ever gets into quoted strings of the full-text expression. */
export function compile(query: Query, workspace: number, vocabulary: Vocabulary): Plan | null {
  const simple = simplify(query)
  if (simple.type === 'none') return null
  const scope: Scope = { workspace, token: quote(workspaceToken(workspace)), vocabulary }
  const conjuncts = simple.type === 'and' ? simple.parts : [simple]
  const words = conjuncts.filter((part) => !hasRange(part) && part.type !== 'all')
  const ranges = conjuncts.filter((part) => part.type === 'range')
  const mixed = conjuncts.filter((part) => part.type !== 'range' && hasRange(part))
  const places = bounds(ranges, 'timestamp').map(placeBounds)
  const low = places.reduce((most, [from]) => (from > most ? from : most), 0n)
  const high = places.reduce((least, [, to]) => (to < least ? to : least), LAST_PLACE)
  const seqs = bounds(ranges, 'seq')
  const values: (string | number | bigint)[] = []
  const conditions = mixed.map((part) => sqlCondition(part, { scope, low, high, values }))
  const relaxed = simplify({
    type: 'and',
    parts: [...words, ...mixed.map((part) => withoutRanges(part, true))],
  })
  const narrowed = relaxed.type === 'and' ? relaxed.parts : relaxed.type === 'all' ? [] : [relaxed]
  if (relaxed.type === 'none') return null
  return {
    match: all(scope, narrowed),
    everything: narrowed.length === 0,
    low,
    high,
    first: Math.max(0, ...seqs.map(({ from }) => from ?? 0)),
    last: Math.min(LAST_SEQ, ...seqs.map(({ to }) => to ?? LAST_SEQ)),
    condition: conditions.map((condition) => ` AND ${condition}`).join(''),
    values,
  }
}

function bounds(ranges: readonly Query[], field: Range['field']): Range[] {
  return ranges.filter((part): part is Range => part.type === 'range' && part.field === field)
}

function placeBounds({ from, to }: Range): readonly [bigint, bigint] {
  // Out of what a timestamp can be: nothing is before 0, and one past the last millisecond is past the last place.
  const low = from === null || from <= 0 ? 0n : placeOf(Math.min(from, LAST_MILLISECOND + 1))
  const high =
    to === null || to >= LAST_MILLISECOND ? LAST_PLACE : placeOf(Math.max(to, -1)) + BigInt(COUNTERS - 1)
  return [low > LAST_PLACE ? LAST_PLACE : low, high]
}

function hasRange(query: Query): boolean {
  if (query.type === 'range') return true
  if (query.type === 'not') return hasRange(query.part)
  return (query.type === 'and' || query.type === 'or') && query.parts.some(hasRange)
}

/** A query without ranges that matches at least what this one does (`wider`), or at most: it narrows what SQL looks at. */
function withoutRanges(query: Query, wider: boolean): Query {
  if (query.type === 'range') return { type: wider ? 'all' : 'none' }
  if (query.type === 'not') return { type: 'not', part: withoutRanges(query.part, !wider) }
  if (query.type !== 'and' && query.type !== 'or') return query
  return { type: query.type, parts: query.parts.map((part) => withoutRanges(part, wider)) }
}

/**
 * Full-text expression for the conjunction; FTS5 has only a binary NOT, so negations hang on the rest. The workspace's own token has an
 * instance in each of its events, so it is left out where an exact value, whose token is of this workspace, narrows more.
 */
function all(scope: Scope, parts: readonly Query[]): string {
  const positive = parts.filter((part) => part.type !== 'not').map((part) => match(scope, part))
  const negative = parts.filter((part) => part.type === 'not').map(({ part }) => match(scope, part))
  const isScoped = parts.some((part) => part.type === 'exact')
  const rest = (isScoped ? positive : [scope.token, ...positive]).join(' AND ')
  return negative.length === 0 ? rest : `(${rest}) NOT (${negative.join(' OR ')})`
}

function match(scope: Scope, query: Query): string {
  switch (query.type) {
    case 'words':
      return matchWords(scope, query)
    case 'exact':
      return `(${query.values.map((value) => quote(exactToken(scope.workspace, query.field, value))).join(' OR ')})`
    case 'and':
      return query.parts.some((part) => part.type === 'not')
        ? `(${all(scope, query.parts)})`
        : `(${query.parts.map((part) => match(scope, part)).join(' AND ')})`
    case 'or':
      return `(${query.parts.map((part) => match(scope, part)).join(' OR ')})`
    case 'not':
      return `(${scope.token} NOT ${match(scope, query.part)})`
    case 'all':
      return scope.token
    case 'none':
    case 'range':
      throw new Error(`a ${query.type} cannot be part of a full-text expression`)
  }
}

function matchWords({ vocabulary }: Scope, query: Words): string {
  const { field } = query
  const { tokens, prefix } = stored(query)
  const terms = prefix ? vocabulary(tokens.at(-1) ?? '') : null
  const text = terms?.length
    ? `(${terms.map((term) => phrase([...tokens.slice(0, -1), term], false)).join(' OR ')})`
    : phrase(tokens, prefix)
  if (field === null || isPath(field)) return text
  const column = field.endsWith('.*') ? field.slice(0, -2) : field
  return `${columnOf(column as Parameters<typeof columnOf>[0])} : ${text}`
}

function isPath(field: string): boolean {
  return /^(before|after|metadata)\.(?!\*$)/.test(field)
}

/** The tokens as the full-text table has them: with their path, or a short beginning as a token of its own. */
function stored({ field, tokens, prefix }: Words): {
  readonly tokens: readonly string[]
  readonly prefix: boolean
} {
  if (field !== null) {
    const start = isPath(field) ? pathPrefix(field) : ''
    return { tokens: tokens.map((token) => start + token), prefix }
  }
  const beginning = prefix && tokens.length === 1 ? prefixToken(tokens.join('')) : null
  return beginning ? { tokens: [beginning.token], prefix: !beginning.whole } : { tokens, prefix }
}

function phrase(tokens: readonly string[], prefix: boolean): string {
  return prefix ? `${quote(tokens.join(' '))} *` : quote(tokens.join(' '))
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

interface SqlContext {
  readonly scope: Scope
  readonly low: bigint
  readonly high: bigint
  readonly values: (string | number | bigint)[]
}

function sqlCondition(query: Query, context: SqlContext): string {
  if (query.type === 'range') return sqlRange(query, context)
  if (query.type === 'not' && hasRange(query.part)) return `NOT ${sqlCondition(query.part, context)}`
  if ((query.type === 'and' || query.type === 'or') && hasRange(query)) {
    const parts = query.parts.map((part) => sqlCondition(part, context))
    return `(${parts.join(query.type === 'and' ? ' AND ' : ' OR ')})`
  }
  context.values.push(all(context.scope, [query]), context.low, context.high)
  return 'e.place IN (SELECT rowid FROM search_text WHERE search_text MATCH ? AND rowid BETWEEN ? AND ?)'
}

function sqlRange(range: Range, { values }: SqlContext): string {
  if (range.field === 'seq') {
    values.push(range.from ?? 0, range.to ?? LAST_SEQ)
    return '(e.seq BETWEEN ? AND ?)'
  }
  values.push(...placeBounds(range))
  return '(e.place BETWEEN ? AND ?)'
}
