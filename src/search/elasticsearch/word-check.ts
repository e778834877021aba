import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import type { SearchDocument } from '../search-index.ts'
import type { Dsl } from './compile.ts'
import { FIELDS, textName } from './fields.ts'

/** Words of one phrase: longer texts are asked for in pieces that share a word, so that their order is asked for, too. */
const PHRASE_WORDS = 256
/** Words of one search; a cluster bounds the clauses of a query, by its memory, at a thousand or more. */
const SEARCH_WORDS = 768
/** Searches of one request. */
const SEARCHES_AT_ONCE = 32

/** A document that the index has, and the words that it should have there. */
export interface Indexed {
  readonly document: SearchDocument
  /** `_id` and backing index of what a search finds. */
  readonly id: string
  readonly index: string
}

/**
 * Asks an index whether it finds documents by each of their words. The words are not kept anywhere but in the index itself, so there is
 * nothing to be read and compared: a word that is missing is found; one too many is not.
 */
export class WordCheck {
  readonly #elasticsearch: Elasticsearch
  /** Words asked for. */
  words = 0

  constructor(elasticsearch: Elasticsearch) {
    this.#elasticsearch = elasticsearch
  }

  /** Those that are not found by all of their words. All of one workspace. */
  async lacking(
    stream: string,
    workspace: string,
    documents: readonly Indexed[],
  ): Promise<ReadonlySet<Indexed>> {
    const searches = documents.flatMap((indexed) =>
      searchesOf(indexed.document).map(({ phrases, words }) => ({ indexed, phrases, words })),
    )
    const lacking = new Set<Indexed>()
    for (let at = 0; at < searches.length; at += SEARCHES_AT_ONCE) {
      const some = searches.slice(at, at + SEARCHES_AT_ONCE)
      const answers = await this.#elasticsearch.searchMany(
        stream,
        some.map(({ indexed, phrases }) => ({
          ...{ size: 0, track_total_hits: 1 },
          query: { bool: { filter: [{ term: { _id: indexed.id } }, ...phrases] } },
        })),
        workspace,
      )
      for (const [place, { indexed, words }] of some.entries()) {
        this.words += words
        if ((answers[place]?.total?.value ?? 0) === 0) lacking.add(indexed)
      }
    }
    return lacking
  }
}

interface WordSearch {
  readonly phrases: Dsl[]
  words: number
}

function searchesOf({ texts, paths }: SearchDocument): WordSearch[] {
  const searches: WordSearch[] = []
  const fields = Object.entries(texts).map(
    ([field, text]) => [`trailseal.text.${textName(field as keyof typeof texts)}`, text] as const,
  )
  for (const [field, text] of [...fields, [FIELDS.paths, paths] as const])
    for (const phrase of phrasesOf(text)) {
      let search = searches.at(-1)
      if (!search || search.words + phrase.length > SEARCH_WORDS)
        searches.push((search = { phrases: [], words: 0 }))
      search.phrases.push({ match_phrase: { [field]: { query: phrase.join(' ') } } })
      search.words += phrase.length
    }
  return searches
}

function phrasesOf(text: string): string[][] {
  if (text === '') return []
  const words = text.split(' ')
  const phrases = [words.slice(0, PHRASE_WORDS)]
  for (let at = PHRASE_WORDS; at < words.length; at += PHRASE_WORDS - 1)
    phrases.push(words.slice(at - 1, at - 1 + PHRASE_WORDS))
  return phrases
}
