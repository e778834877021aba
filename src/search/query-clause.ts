import { badQuery, type QueryScanner, type Word } from './query-scanner.ts'
import type { Query } from './query-syntax.ts'
import { fieldNamed, KNOWN_FIELDS, phraseOf, rangeOf, valueOf, type Field } from './query-values.ts'

export function isOperator(text: string): boolean {
  return text === 'AND' || text === 'OR' || text === 'NOT'
}

/**
 * The clause that begins with the word here: a word, or a field with its value. `group` when the value is a group,
 * which the parser reads; null for a word without letters and digits.
 *
 * What stands before a colon is a field when it is known. It is a mistake when it looks like one (letters, dots and
 * underscores) and what follows holds neither `//` nor another colon; so URLs, ARNs and times are words.
 */
export function clauseFromWord(
  scanner: QueryScanner,
  outer: Field | null,
): Query | { readonly type: 'group'; readonly field: Field } | null {
  const start = scanner.at
  const word = scanner.word()
  refuseForeign(scanner, word)
  const colon = colonOf(word)
  const name = colon < 0 ? '' : word.text.slice(0, colon)
  const field = colon < 0 ? null : fieldNamed(name)
  if (field) {
    if (outer)
      throw badQuery(
        start,
        `Expected a value of ${outer.name}: a field cannot stand inside the brackets of another.`,
      )
    scanner.at = (word.offsets[colon] ?? start) + 1
    return fieldClause(scanner, field)
  }
  if (!outer && colon >= 0 && looksLikeField(name, word.text.slice(colon + 1)))
    throw badQuery(
      start,
      `Expected a known field before the colon, not ${name}: ${KNOWN_FIELDS.join(', ')}. Put text that has a colon between quotation marks.`,
    )
  return valueOf(word, outer)
}

function colonOf(word: Word): number {
  let colon = word.text.indexOf(':')
  while (colon >= 0 && word.escaped[colon]) colon = word.text.indexOf(':', colon + 1)
  return colon
}

function looksLikeField(name: string, rest: string): boolean {
  return /^[A-Za-z_]+(\.[A-Za-z_]+)*\.?\*?$/.test(name) && !rest.startsWith('//') && !rest.includes(':')
}

function fieldClause(
  scanner: QueryScanner,
  known: Field,
): Query | { readonly type: 'group'; readonly field: Field } {
  const field = exactly(scanner, known)
  const next = scanner.peek()
  if (next === '(') return { type: 'group', field }
  if (next === '[' || next === '{') return rangeOf(scanner, field)
  const at = scanner.at
  if (scanner.atBreak()) throw badQuery(at, `Expected a value of ${field.name} right after the colon.`)
  if (next === '"') return phraseOf(scanner, field) ?? noWords(at, field)
  const word = scanner.word()
  if (isOperator(word.text) && !word.escaped.includes(true))
    throw badQuery(
      at,
      `Expected a value of ${field.name}, not ${word.text}: put it between quotation marks to search for it.`,
    )
  return valueOf(word, field) ?? noWords(at, field)
}

function noWords(at: number, field: Field): never {
  throw badQuery(at, `Expected a value with a letter or a digit for ${field.name}.`)
}

/** `field:=value` compares the whole value, byte by byte, as the filters of the API do. */
function exactly(scanner: QueryScanner, field: Field): Field {
  if (field.kind === 'exactOnly' && scanner.peek() !== '=')
    throw badQuery(
      scanner.at,
      `Expected = after ${field.name}: this field is compared as a whole, as in ${field.name}:="value".`,
    )
  if (field.kind === 'exact' || scanner.peek() !== '=') {
    if (scanner.peek() === '=') scanner.at++
    return field
  }
  if (field.exact === null)
    throw badQuery(scanner.at, `Expected a value of ${field.name}: it cannot be compared as a whole.`)
  scanner.at++
  return { kind: 'exact', name: field.name, exact: field.exact }
}

/** Signs of other query languages that would silently mean something else here. */
function refuseForeign(scanner: QueryScanner, { at, text, escaped }: Word): void {
  if (escaped[0]) return
  if (text === '&&') throw badQuery(at, 'Expected AND: && is not an operator here.')
  if (text === '||') throw badQuery(at, 'Expected OR: || is not an operator here.')
  const next = text.charAt(1) || scanner.peek()
  if (text.startsWith('!') && /[\p{L}\p{N}("]/u.test(next))
    throw badQuery(at, 'Expected NOT or -: ! is not an operator here.')
}
