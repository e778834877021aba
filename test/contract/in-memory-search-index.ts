import type { FacetField, Query } from '../../src/search/query-syntax.ts'
import type {
  Hit,
  PageRequest,
  SearchDocument,
  SearchIndex,
  SearchRequest,
  Total,
  SortKey,
} from '../../src/search/search-index.ts'
import { pathPrefix, VALUE_BREAK } from '../../src/search/tokenizer.ts'

/** The meaning of the port, written down without any regard for speed: what every adapter is compared with. */
export class InMemorySearchIndex implements SearchIndex {
  readonly #logs = new Map<string, SearchDocument[]>()

  apply(documents: readonly SearchDocument[]): Promise<void> {
    for (const document of documents) {
      const log = this.#logs.get(document.workspace) ?? []
      this.#logs.set(document.workspace, log)
      if (document.seq >= next(log)) log.push(document)
    }
    return Promise.resolve()
  }

  position(workspace: string): Promise<number> {
    return Promise.resolve(next(this.#logs.get(workspace) ?? []))
  }

  page(request: PageRequest): Promise<readonly Hit[]> {
    const { order, direction, limit, after } = request
    const sign = direction === 'asc' ? 1 : -1
    const compare = (one: SortKey, other: SortKey) =>
      sign * (order === 'seq' ? one.seq - other.seq : one.timestamp - other.timestamp || one.seq - other.seq)
    const hits = this.#matching(request)
      .map(({ timestamp, seq }) => ({ timestamp, seq, entry: null }))
      .sort(compare)
    return Promise.resolve(hits.filter((hit) => after === null || compare(hit, after) > 0).slice(0, limit))
  }

  async pageAndTotal(request: PageRequest): Promise<{ hits: readonly Hit[]; total: Total }> {
    const value = this.#matching(request).length
    const total: Total = value > 10_000 ? { value: 10_000, relation: 'gte' } : { value, relation: 'eq' }
    return { hits: await this.page(request), total }
  }

  facet(request: SearchRequest, field: FacetField, limit: number) {
    const counts = count(this.#matching(request).flatMap(({ exact }) => exact[field]?.slice(0, 1) ?? []))
    counts.sort(
      (one, other) => other.count - one.count || Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)),
    )
    return Promise.resolve(counts.slice(0, limit))
  }

  histogram(request: SearchRequest, intervalMs: number) {
    const counts = count(
      this.#matching(request).map(({ timestamp }) => Math.floor(timestamp / intervalMs) * intervalMs),
    )
    return Promise.resolve(counts.sort((one, other) => one.key - other.key))
  }

  extent(request: SearchRequest) {
    const times = this.#matching(request).map(({ timestamp }) => timestamp)
    return Promise.resolve(times.length === 0 ? null : { from: Math.min(...times), to: Math.max(...times) })
  }

  clear(workspace: string): Promise<void> {
    this.#logs.delete(workspace)
    return Promise.resolve()
  }

  #matching({ workspace, query, firstSeq }: SearchRequest): SearchDocument[] {
    const log = this.#logs.get(workspace) ?? []
    return log.filter((document) => document.seq >= firstSeq && matches(document, query))
  }
}

function next(log: readonly SearchDocument[]): number {
  return (log.at(-1)?.seq ?? -1) + 1
}

function count<Key>(keys: readonly Key[]): { key: Key; count: number }[] {
  return [...Map.groupBy(keys, (key) => key)].map(([key, same]) => ({ key, count: same.length }))
}

function matches(document: SearchDocument, query: Query): boolean {
  switch (query.type) {
    case 'all':
      return true
    case 'none':
      return false
    case 'and':
      return query.parts.every((part) => matches(document, part))
    case 'or':
      return query.parts.some((part) => matches(document, part))
    case 'not':
      return !matches(document, query.part)
    case 'exact':
      return query.values.some((value) => document.exact[query.field]?.includes(value))
    case 'range':
      return (
        document[query.field] >= (query.from ?? -Infinity) && document[query.field] <= (query.to ?? Infinity)
      )
    case 'words':
      return matchesWords(document, query)
  }
}

function matchesWords(
  { texts, paths }: SearchDocument,
  { field, tokens, prefix }: Extract<Query, { type: 'words' }>,
): boolean {
  if (field === null) return Object.values(texts).some((text) => hasPhrase(text, tokens, prefix))
  const whole = /^(before|after|metadata)\.\*$/.exec(field)?.[1] as 'before' | undefined
  if (whole || Object.hasOwn(texts, field))
    return hasPhrase(texts[whole ?? (field as 'action')] ?? '', tokens, prefix)
  const start = pathPrefix(field)
  return hasPhrase(
    paths,
    tokens.map((token) => start + token),
    prefix,
  )
}

function hasPhrase(text: string, tokens: readonly string[], prefix: boolean): boolean {
  return text.split(` ${VALUE_BREAK} `).some((value) => {
    const words = value.split(' ')
    return words.some((_, at) =>
      tokens.every((token, index) => {
        const word = words[at + index] ?? ''
        return prefix && index === tokens.length - 1 ? word.startsWith(token) : word === token
      }),
    )
  })
}
