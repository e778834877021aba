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
  /**
   * Values of TEXT_COLUMNS but the last, joined: one text crosses the thread border at a fraction of what twenty cost.
   * See `textsOf`.
   */
  readonly words: string
  /** Value of the last column, `exact`, without the tokens of the workspace and of the id, and without its number in the others. */
  readonly exact: string
  readonly id: string
}

/** No token has a control character. */
const BETWEEN_COLUMNS = '\u001f'

/** Everything of the row but its place in the log, which is known only at the commit. */
export type UnplacedRow = Omit<DocumentRow, 'seq' | 'id'>

export function unplacedRow({
  workspace,
  timestamp,
  texts,
  paths,
  exact,
}: Omit<SearchDocument, 'seq'>): UnplacedRow {
  const values: string[] = []
  for (const field of TEXT_FIELDS) values.push(texts[field] ?? '')
  values.push(texts.before ?? '', texts.after ?? '', texts.metadata ?? '', texts.other ?? '')
  values.push(prefixTokens(values), paths)
  return {
    workspace,
    timestamp,
    facets: FACET_FIELDS.map((field) => exact[field]?.[0] ?? null),
    words: values.join(BETWEEN_COLUMNS),
    exact: exactTokens(exact),
  }
}

export function documentRow(document: SearchDocument): DocumentRow {
  return { ...unplacedRow(document), seq: document.seq, id: document.exact.id?.[0] ?? '' }
}

/** Values of TEXT_COLUMNS for a workspace of this number. */
export function textsOf({ words, exact, id }: DocumentRow, workspace: number): string[] {
  const texts = words.split(BETWEEN_COLUMNS)
  // No token has a space in it.
  const scoped = exact.replaceAll(` ${EXACT_START}`, ` ${EXACT_START}${workspace}`)
  texts.push(`${workspaceToken(workspace)} ${exactToken(workspace, 'id', id)}${scoped}`)
  return texts
}

function exactTokens(exact: SearchDocument['exact']): string {
  let text = ''
  for (const field of EXACT_FIELDS) {
    if (field === 'id') continue
    for (const value of exact[field] ?? []) text += ` ${rememberedToken(field, value)}`
  }
  return text
}

/** Tokens of fields that have the same few values in event after event, up to a bound that hostile ones can't move. */
const remembered = new Map<ExactField, Map<string, string>>(FACET_FIELDS.map((field) => [field, new Map()]))
const MOST_REMEMBERED = 4096

function rememberedToken(field: ExactField, value: string): string {
  const tokens = remembered.get(field)
  const known = tokens?.get(value)
  if (known !== undefined) return known
  const token = exactToken('', field, value)
  if (tokens === undefined || value.length > MAX_EXACT_LENGTH) return token
  if (tokens.size >= MOST_REMEMBERED) tokens.clear()
  tokens.set(value, token)
  return token
}

/** First character of every token of the `prefixes` column. */
const PREFIX_START = '^'
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
function prefixTokens(texts: readonly string[]): string {
  const beginnings = new Beginnings()
  for (const text of texts) beginnings.addAll(text)
  return beginnings.tokens.slice(1)
}

/** Two letters of ASCII have 14 bits, three have 21. */
const LETTER_BITS = 7
/** Which beginnings of ASCII words the current event has: its number, by the letters' codes. No set is as fast. */
const seenBy = new Uint32Array(2 ** (PREFIX_LENGTH * LETTER_BITS))
let currentEvent = 0
/** Their tokens: letters and digits alone make at most some fifty thousand. */
const asciiTokens = new Map<number, string>()

/** Gathers the beginnings of the words of one event, in the order in which they first come. */
class Beginnings {
  tokens = ''
  readonly #others = new Set<string>()

  constructor() {
    currentEvent += 1
    if (currentEvent < 2 ** 32) return
    seenBy.fill(0)
    currentEvent = 1
  }

  /** Words with single spaces between them. */
  addAll(text: string): void {
    for (let start = 0; start < text.length;) {
      const space = text.indexOf(' ', start)
      const end = space < 0 ? text.length : space
      this.#add(text, start, end)
      start = end + 1
    }
  }

  #add(text: string, start: number, end: number): void {
    const length = Math.min(end - start, PREFIX_LENGTH)
    let code = 0
    let isAscii = true
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(start + at)
      if (unit >= 128) isAscii = false
      code |= unit << (at * LETTER_BITS)
    }
    if (!isAscii) {
      this.#addOther(text.slice(start, end))
      return
    }
    this.#addAscii(code & 127, text, start, 1)
    if (length > 1) this.#addAscii(code, text, start, length)
  }

  #addAscii(code: number, text: string, start: number, length: number): void {
    if (seenBy[code] === currentEvent) return
    seenBy[code] = currentEvent
    let token = asciiTokens.get(code)
    if (token === undefined) {
      token = ` ${PREFIX_START}${text.slice(start, start + length)}`
      asciiTokens.set(code, token)
    }
    this.tokens += token
  }

  #addOther(word: string): void {
    if (word === VALUE_BREAK) return
    for (const length of [1, PREFIX_LENGTH]) {
      const beginning = Array.from(word).slice(0, length).join('')
      if (this.#others.has(beginning)) continue
      this.#others.add(beginning)
      this.tokens += ` ${PREFIX_START}${beginning}`
    }
  }
}

/** First character of every token of the `exact` column: no word, path or prefix of one begins with it. */
const EXACT_START = '='
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
 * One token for one value in one workspace (by number; empty where that is not known yet), and no other value has it. With the workspace in
 * it a filter reads the events of its own workspace only, however many others the store has, and needs no second token to stay in there.
 *
 * FTS5's `ascii` tokenizer folds A–Z and splits at spaces and
 * control characters, so those are written as `^` with a letter, `^` or digits. A long value is its SHA-256.
 */
export function exactToken(workspace: number | '', field: ExactField, value: string): string {
  const start = `${EXACT_START}${workspace}${FIELD_LETTERS[field]}`
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
