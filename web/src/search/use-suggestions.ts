import { useState } from 'react'
import { address, getJson } from '../api/client.ts'
import type { Bucket } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import type { ListSource } from '../events/list-source.ts'
import { completingAt, keptQueries, QUERY_FIELDS, quoteValue, type Completing } from './completion.ts'

export interface Suggestion {
  readonly text: string
  readonly hint: string
  /** A whole query, or what replaces the word under the caret. */
  readonly kind: 'query' | 'word'
}

const MOST_SHOWN = 10

/** What could be written here: kept queries in an empty bar, else names of fields, or a field's most frequent values. */
export function useSuggestions(
  query: string,
  caret: number,
  isOpen: boolean,
  source: ListSource,
): { readonly completing: Completing; readonly suggestions: readonly Suggestion[] } {
  const completing = completingAt(query, caret)
  const field = QUERY_FIELDS.find(({ name }) => name === completing.field)
  const [known] = useState(() => new Map<string, readonly Bucket[]>())
  const { answer } = useRequest(
    isOpen && field?.facet ? `${source.path('facets')} ${field.facet}` : null,
    async (signal) => {
      // All values that there are, whatever the filters of the view.
      const { workspace } = source.parameters
      const path = address(source.path('facets'), { workspace, field: field?.facet ?? '' })
      const { buckets } = await getJson<{ buckets: readonly Bucket[] }>(path, signal)
      known.set(field?.facet ?? '', buckets)
      return known
    },
  )
  if (!isOpen) return { completing, suggestions: [] }
  if (query === '') return { completing, suggestions: kept() }
  if (completing.field === null) return { completing, suggestions: fieldsLike(completing.word) }
  const values = field?.facet ? ((answer ?? known).get(field.facet) ?? []) : []
  return { completing, suggestions: valuesLike(values, completing.word) }
}

function kept(): Suggestion[] {
  const { recent, saved } = keptQueries()
  return [
    ...saved.map((text) => ({ text, hint: 'saved', kind: 'query' as const })),
    ...recent
      .filter((text) => !saved.includes(text))
      .map((text) => ({ text, hint: 'recent', kind: 'query' as const })),
  ].slice(0, MOST_SHOWN)
}

function fieldsLike(word: string): Suggestion[] {
  if (word === '') return []
  const like = word.toLowerCase()
  return QUERY_FIELDS.filter(({ name }) => name.startsWith(like) || name.includes(`.${like}`))
    .slice(0, MOST_SHOWN)
    .map(({ name, hint }) => ({ text: name.endsWith('.') ? name : `${name}:`, hint, kind: 'word' }))
}

function valuesLike(buckets: readonly Bucket[], word: string): Suggestion[] {
  const like = word.toLowerCase()
  return buckets
    .filter(({ key }) => key.toLowerCase().includes(like) && key.toLowerCase() !== like)
    .slice(0, MOST_SHOWN)
    .map(({ key, count }) => ({ text: quoteValue(key), hint: count.toLocaleString(), kind: 'word' }))
}
