import type { Query } from './query-syntax.ts'

export const ALL: Query = { type: 'all' }
const NONE: Query = { type: 'none' }

/**
 * The same query in its one shortest form: nested AND and OR flattened, `all` and `none` only at the top, no double
 * negation, no list of one part, one list for the alternatives of an exact field. The parser returns this form, and indexes compile it.
 */
export function simplify(query: Query): Query {
  switch (query.type) {
    case 'and':
      return join('and', query.parts.map(simplify), ALL, NONE)
    case 'or':
      return join('or', query.parts.map(simplify), NONE, ALL)
    case 'not':
      return negate(simplify(query.part))
    case 'exact':
      return query.values.length === 0 ? NONE : query
    case 'range':
      return query.from === null && query.to === null ? ALL : query
    case 'all':
    case 'none':
    case 'words':
      return query
  }
}

/** `neutral` is what a part may be without changing the whole, `absorbing` what decides it. */
function join(type: 'and' | 'or', parts: readonly Query[], neutral: Query, absorbing: Query): Query {
  const kept: Query[] = []
  for (const part of parts) {
    if (part.type === absorbing.type) return absorbing
    if (part.type === type) kept.push(...part.parts)
    else if (part.type !== neutral.type) kept.push(part)
  }
  const parted = type === 'or' ? mergeExact(kept) : kept
  const [only] = parted
  if (only === undefined) return neutral
  return parted.length === 1 ? only : { type, parts: parted }
}

/** Alternatives of one exact field are one list, at the place of the first. */
function mergeExact(parts: readonly Query[]): Query[] {
  const merged: Query[] = []
  for (const part of parts) {
    const at = merged.findIndex((other) => isExactLike(other, part))
    const other = merged[at]
    if (other?.type === 'exact' && part.type === 'exact')
      merged[at] = { ...other, values: [...new Set([...other.values, ...part.values])] }
    else merged.push(part)
  }
  return merged
}

function isExactLike(one: Query, other: Query): boolean {
  return one.type === 'exact' && other.type === 'exact' && one.field === other.field
}

function negate(part: Query): Query {
  if (part.type === 'not') return part.part
  if (part.type === 'all') return NONE
  return part.type === 'none' ? ALL : { type: 'not', part }
}
