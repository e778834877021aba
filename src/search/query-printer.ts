import { simplify } from './query-simplify.ts'
import type { Query } from './query-syntax.ts'

/**
 * The query as text of the query language: `parseQuery` gives the same tree again (simplified). Filters that were
 * given as parameters are written as `field:="value"`.
 */
export function printQuery(query: Query): string {
  const simple = simplify(query)
  return simple.type === 'all' ? '' : print(simple)
}

function print(query: Query): string {
  switch (query.type) {
    case 'all':
      return ''
    case 'none':
      return 'id:=()'
    case 'words':
      return printWords(query)
    case 'exact':
      return `${query.field}:=${printValues(query.values)}`
    case 'range':
      return `${query.field}:[${end(query.field, query.from)} TO ${end(query.field, query.to)}]`
    case 'not':
      return `NOT ${operand(query.part)}`
    case 'and':
    case 'or':
      return query.parts.map(operand).join(query.type === 'and' ? ' AND ' : ' OR ')
  }
}

function operand(query: Query): string {
  return query.type === 'and' || query.type === 'or' ? `(${print(query)})` : print(query)
}

function printWords({ field, tokens, prefix }: Extract<Query, { type: 'words' }>): string {
  const [only = ''] = tokens
  const words = tokens.length === 1 ? only : `"${tokens.join(' ')}"`
  return (field === null ? '' : `${field.replace(/[\s()":\\]/gu, '\\$&')}:`) + words + (prefix ? '*' : '')
}

function printValues(values: readonly string[]): string {
  const texts = values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`)
  return texts.length === 1 ? texts.join('') : `(${texts.join(' OR ')})`
}

function end(field: 'timestamp' | 'seq', bound: number | null): string {
  if (bound === null) return '*'
  return field === 'seq' ? String(bound) : new Date(bound).toISOString()
}
