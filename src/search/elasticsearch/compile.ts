import { simplify } from '../query-simplify.ts'
import type { Query } from '../query-syntax.ts'
import { exactTerm, FIELDS, placeOf } from './fields.ts'

/** A query of Elasticsearch's query DSL. */
export type Dsl = Readonly<Record<string, unknown>>

/** Elasticsearch reads 30 levels (`indices.query.bool.max_nested_depth`); the query language allows more. */
const LEVELS_AT_ONCE = 20
/** As many words as a phrase's last one may stand for: all of them. */
const EVERY_EXPANSION = 2 ** 31 - 1
const LATEST = 2 ** 43

/**
 * Text of the user only ever becomes a value: a term, or the words of a phrase, which are cut at spaces just as the documents
 * are. Everything is a filter, nothing is scored.
 */
export function compile(query: Query): Dsl {
  return dsl(simplify(query), 1)
}

function dsl(query: Query, level: number): Dsl {
  if (level > LEVELS_AT_ONCE)
    return { wrapper: { query: Buffer.from(JSON.stringify(dsl(query, 1))).toString('base64') } }
  switch (query.type) {
    case 'all':
      return { match_all: {} }
    case 'none':
      return { match_none: {} }
    case 'words':
      return words(query)
    case 'exact':
      return { terms: { [FIELDS.exact]: query.values.map((value) => exactTerm(query.field, value)) } }
    case 'range':
      return range(query)
    case 'and':
      return conjunction(query.parts, level)
    case 'or':
      return { bool: { should: query.parts.map((part) => dsl(part, level + 1)), minimum_should_match: 1 } }
    case 'not':
      return conjunction([query], level)
  }
}

/** With its negations in the same `bool`, which saves a level for each. */
function conjunction(parts: readonly Query[], level: number): Dsl {
  const filter: Dsl[] = []
  const not: Dsl[] = []
  for (const part of parts)
    if (part.type === 'not') not.push(dsl(part.part, level + 1))
    else filter.push(dsl(part, level + 1))
  return { bool: { filter, must_not: not } }
}

function words({ field, tokens, prefix }: Extract<Query, { type: 'words' }>): Dsl {
  const { name, start } = placeOf(field)
  const terms = tokens.map((token) => start + token)
  const [only = ''] = terms
  if (terms.length === 1)
    return prefix ? { prefix: { [name]: { value: only } } } : { term: { [name]: { value: only } } }
  const query = terms.join(' ')
  return prefix
    ? { match_phrase_prefix: { [name]: { query, max_expansions: EVERY_EXPANSION } } }
    : { match_phrase: { [name]: { query } } }
}

function range({ field, from, to }: Extract<Query, { type: 'range' }>): Dsl {
  const most = field === 'seq' ? Number.MAX_SAFE_INTEGER : LATEST
  const bounds = {
    ...(from === null ? {} : { gte: Math.min(Math.max(from, -1), most) }),
    ...(to === null ? {} : { lte: Math.min(Math.max(to, -1), most) }),
  }
  return field === 'seq'
    ? { range: { [FIELDS.seq]: bounds } }
    : { range: { [FIELDS.timestamp]: { ...bounds, format: 'epoch_millis' } } }
}
