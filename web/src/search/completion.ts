import { remember, remembered } from '../storage.ts'

/** Fields of the query language (contract §6) and, where their values can be counted, the facet that has them. */
export const QUERY_FIELDS: readonly {
  readonly name: string
  readonly facet?: string
  readonly hint: string
}[] = [
  { name: 'actor.id', facet: 'actor', hint: 'who, by id' },
  { name: 'actor.email', hint: 'who, by e-mail' },
  { name: 'actor.name', hint: 'who, by name' },
  { name: 'actor.type', hint: 'user, api_token or system' },
  { name: 'category', facet: 'category', hint: 'action type' },
  { name: 'action', facet: 'action', hint: 'what was done' },
  { name: 'verb', facet: 'verb', hint: 'CREATE, UPDATE, LOGIN …' },
  { name: 'outcome', facet: 'outcome', hint: 'success or failure' },
  { name: 'resource.type', facet: 'resource_type', hint: 'kind of thing' },
  { name: 'resource.id', hint: 'thing, by id' },
  { name: 'resource.name', hint: 'thing, by name' },
  { name: 'source.ip', hint: 'network address' },
  { name: 'justification', hint: 'reason given' },
  { name: 'before.', hint: 'value before, by its path' },
  { name: 'after.', hint: 'value after, by its path' },
  { name: 'metadata.', hint: 'further data, by its path' },
  { name: 'timestamp', hint: '[2026-01-01 TO 2026-02-01]' },
  { name: 'seq', hint: 'place in the log' },
]

export interface Completing {
  /** Where the word under the caret begins in the query, behind its `field:` if it has one. */
  readonly start: number
  readonly word: string
  /** Field whose value is being written; null: a field's name, or a free word. */
  readonly field: string | null
}

/** What is being written at the caret. Null inside a finished phrase or behind a space that ends a word. */
export function completingAt(query: string, caret: number): Completing {
  const before = query.slice(0, caret)
  const [, field, word = ''] = /(?:^|[\s(])-?(?:([a-z_.]+):)?("?[^\s()":]*)$/i.exec(before) ?? []
  return { start: caret - word.length, word: word.replace(/^"/, ''), field: field ?? null }
}

/** The query with the word at the caret replaced, and where the caret goes. */
export function complete(
  query: string,
  caret: number,
  { start }: Completing,
  replacement: string,
): { readonly query: string; readonly caret: number } {
  const end = replacement.endsWith(':') || replacement.endsWith('.') ? '' : ' '
  const rest = query
    .slice(caret)
    .replace(/^[^\s)]*/, '')
    .replace(/^ /, '')
  const written = query.slice(0, start) + replacement + end
  return { query: written + rest, caret: written.length }
}

/** A value as the query language takes it: quoted where it is more than one plain word. */
export function quoteValue(value: string): string {
  if (/^[\p{L}\p{N}_]+$/u.test(value) && !/^(AND|OR|NOT|TO)$/.test(value)) return value
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}

const KEPT = 'trailseal-queries'
const MOST_KEPT = 8

export interface KeptQueries {
  readonly recent: readonly string[]
  readonly saved: readonly string[]
}

/** Queries of this browser; a broken record is as good as none. */
export function keptQueries(): KeptQueries {
  try {
    const { recent, saved } = JSON.parse(remembered(KEPT) ?? '{}') as Partial<KeptQueries>
    return { recent: texts(recent), saved: texts(saved) }
  } catch {
    return { recent: [], saved: [] }
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

export function keepRecent(query: string): void {
  if (query === '') return
  const { recent, saved } = keptQueries()
  write({ recent: [query, ...recent.filter((each) => each !== query)].slice(0, MOST_KEPT), saved })
}

export function toggleSaved(query: string): KeptQueries {
  const { recent, saved } = keptQueries()
  const kept = saved.includes(query) ? saved.filter((each) => each !== query) : [query, ...saved]
  write({ recent, saved: kept })
  return { recent, saved: kept }
}

function write(queries: KeptQueries): void {
  remember(KEPT, JSON.stringify(queries))
}
