import { hash } from 'node:crypto'
import { EXACT_FIELDS, FACET_FIELDS, TEXT_FIELDS, type ExactField, type FacetField } from '../query-syntax.ts'
import type { SearchDocument } from '../search-index.ts'
import { VALUE_BREAK } from '../tokenizer.ts'

/** The text columns of the full-text table, in their order: a change of it needs a new table. */
const SOURCES = [
  ...TEXT_FIELDS,
  'before',
  'after',
  'metadata',
  'other',
  'prefixes',
  'paths',
  'exact',
] as const
type Source = (typeof SOURCES)[number]

/** Each name begins with a letter of its own: verification tells the columns apart by it (index-check.ts). */
const NAMES = SOURCES.map((source, at) => `${String.fromCharCode(97 + at)}_${source.replace('.', '_')}`)
const NAME_OF = new Map<string, string>(SOURCES.map((source, at) => [source, NAMES[at] ?? '']))

export const TEXT_COLUMNS: readonly string[] = NAMES

export function columnOf(source: Source): string {
  return NAME_OF.get(source) ?? ''
}

/** Columns of `search_event` whose values are counted: named like the facets. */
export const FACET_COLUMNS: readonly FacetField[] = FACET_FIELDS

/** A document as it crosses to the writer: made beside the caller, so that the one writer thread only inserts. */
export interface DocumentRow {
  readonly workspace: string
  readonly seq: number
  readonly timestamp: number
  /** Values of FACET_COLUMNS. */
  readonly facets: readonly (string | null)[]
  /** Values of TEXT_COLUMNS. The last, `exact`, lacks the token of the workspace, which the writer adds. */
  readonly texts: readonly (string | null)[]
}

export function documentRow({ workspace, seq, timestamp, texts, paths, exact }: SearchDocument): DocumentRow {
  const values: (string | null)[] = []
  for (const field of TEXT_FIELDS) values.push(texts[field] ?? null)
  values.push(texts.before ?? null, texts.after ?? null, texts.metadata ?? null, texts.other ?? null)
  values.push(prefixTokens(values), paths === '' ? null : paths, exactTokens(exact))
  return {
    workspace,
    seq,
    timestamp,
    facets: FACET_FIELDS.map((field) => exact[field]?.[0] ?? null),
    texts: values,
  }
}

function exactTokens(exact: SearchDocument['exact']): string {
  let text = ''
  for (const field of EXACT_FIELDS)
    for (const value of exact[field] ?? []) text += ` ${exactToken(field, value)}`
  return text
}

/** First character of every token of the `prefixes` column. */
const PREFIX_START = '\u{E020}'
/** The longest beginning of a word that has a token of its own; the other is its first character. */
const PREFIX_LENGTH = 3

/**
 * How a prefix is found in `prefixes`: as this token, or as every token that begins with it. Null when it is longer
 * than any beginning there. Two characters have no token: their some thirty continuations are quick to list.
 */
export function prefixToken(beginning: string): { readonly token: string; readonly whole: boolean } | null {
  const length = Array.from(beginning).length
  return length > PREFIX_LENGTH ? null : { token: PREFIX_START + beginning, whole: length !== 2 }
}

/**
 * The beginnings of an event's words, each once. FTS5's own prefix index would also hold those of paths and exact
 * values: it halves the insert rate and doubles the file, this one costs a quarter.
 */
function prefixTokens(texts: readonly (string | null)[]): string | null {
  const beginnings = new Set<string>()
  for (const text of texts) {
    if (text === null) continue
    for (const word of text.split(' ')) {
      if (word === VALUE_BREAK) continue
      beginnings.add(beginningOf(word, 1))
      beginnings.add(beginningOf(word, PREFIX_LENGTH))
    }
  }
  let tokens = ''
  for (const beginning of beginnings) tokens += ` ${PREFIX_START}${beginning}`
  return tokens === '' ? null : tokens.slice(1)
}

const HIGH_SURROGATE = /[\ud800-\udbff]/

function beginningOf(word: string, length: number): string {
  if (word.length <= length) return word
  const beginning = word.slice(0, length)
  return HIGH_SURROGATE.test(beginning) ? Array.from(word).slice(0, length).join('') : beginning
}

/** First character of every token of the `exact` column: no word, path or prefix of one begins with it. */
const EXACT_START = '\u{E010}'
const FIELD_LETTERS: Readonly<Record<ExactField, string>> = {
  id: 'i',
  actor: 'a',
  category: 'c',
  action: 'n',
  verb: 'v',
  outcome: 'o',
  resource_type: 't',
  resource_id: 'r',
  touches: 'x',
}

/** By number, not by id: a workspace that is cleared gets a new number and is empty at once. */
export function workspaceToken(number: number): string {
  return `${EXACT_START}w${number}`
}

const MAX_EXACT_LENGTH = 160
const PLAIN = /^[a-z0-9_.:/@-]*$/
const FOLDED_OR_SPLIT = /[A-Z^\0- \x7f]|\p{Surrogate}/gu

/**
 * One token for one value, and no other value has it: FTS5's `ascii` tokenizer folds A–Z and splits at spaces and
 * control characters, so those are written as `^` with a letter, `^` or digits. A long value is its SHA-256.
 */
export function exactToken(field: ExactField, value: string): string {
  const start = EXACT_START + FIELD_LETTERS[field]
  if (value.length > MAX_EXACT_LENGTH) return `${start}^9${hash('sha256', value)}`
  return PLAIN.test(value) ? start + value : start + value.replace(FOLDED_OR_SPLIT, escaped)
}

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  if (code >= 0xd800) return `^8${code.toString(16)}`
  return code <= 0x20 || code === 0x7f
    ? `^${code.toString(16).padStart(2, '0')}`
    : `^${character.toLowerCase()}`
}
