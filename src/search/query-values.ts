import { badQuery, type QueryScanner, type Word } from './query-scanner.ts'
import {
  EXACT_FIELDS,
  TEXT_FIELDS,
  type ExactField,
  type PathField,
  type Query,
  type TextField,
} from './query-syntax.ts'
import { timeBound } from './time-bound.ts'
import { tokens } from './tokenizer.ts'

/** What stands before a colon. */
export type Field =
  | { readonly kind: 'text'; readonly name: TextField | PathField; readonly exact: ExactField | null }
  | { readonly kind: 'range'; readonly name: 'seq' | 'timestamp'; readonly exact: null }
  | { readonly kind: 'exact'; readonly name: string; readonly exact: ExactField }
  /** A filter of the API whose name is no text field: it needs the `=`. */
  | { readonly kind: 'exactOnly'; readonly name: string; readonly exact: ExactField }

/** As error messages list them. */
export const KNOWN_FIELDS = [
  ...TEXT_FIELDS,
  'before.*',
  'after.*',
  'metadata.*',
  'id',
  'seq',
  'timestamp',
] as const

const FIELDS = new Map<string, Field>([
  ...EXACT_FIELDS.map((name): [string, Field] => [name, { kind: 'exactOnly', name, exact: name }]),
  ['id', { kind: 'exact', name: 'id', exact: 'id' }],
  ['seq', { kind: 'range', name: 'seq', exact: null }],
  ['timestamp', { kind: 'range', name: 'timestamp', exact: null }],
  ...TEXT_FIELDS.map((name): [string, Field] => [
    name,
    { kind: 'text', name, exact: EXACT_FIELDS.find((exact) => exact === name) ?? null },
  ]),
])

/** Names are taken in any case; `before` alone is `before.*`, all of it. Null where there is no such field. */
export function fieldNamed(name: string): Field | null {
  const lower = name.toLowerCase()
  const known = FIELDS.get(lower)
  if (known) return known
  const path = /^(before|after|metadata)(?:\.(.+))?$/isu.exec(name)
  if (!path) return null
  const root = lower.slice(0, path[1]?.length) as 'before'
  return { kind: 'text', name: `${root}.${path[2] ?? '*'}`, exact: null }
}

/** A phrase in quotation marks, with `*` right behind it for words that begin like its last. Null when it has no words. */
export function phraseOf(scanner: QueryScanner, field: Field | null): Query | null {
  const at = scanner.at
  const text = scanner.quoted()
  const prefix = scanner.take('*')
  if (prefix && !/[\p{L}\p{N}\p{M}]$/u.test(text))
    throw badQuery(scanner.at - 1, 'Expected a letter or a digit before the *.')
  return query(field, text, prefix, at)
}

/** A word as free text or as the value of a field. */
export function valueOf(word: Word, field: Field | null): Query | null {
  const { text, prefix } = withoutStar(word)
  return query(field, text, prefix, word.at)
}

function withoutStar({ text, offsets, escaped, end }: Word): { text: string; prefix: boolean } {
  for (let at = 0; at < text.length; at++) {
    if (text.charAt(at) !== '*' || escaped[at]) continue
    const place = offsets[at] ?? end
    if (at === 0 && text.length === 1)
      throw badQuery(place, 'Expected a letter or a digit before the *: it stands for the rest of a word.')
    if (at === 0)
      throw badQuery(place, 'Expected a letter or a digit first: a * can only stand at the end of a word.')
    if (at < text.length - 1)
      throw badQuery(place + 1, 'Expected the end of the word: a * can only stand there.')
    const kept = text.slice(0, at)
    // `risk_*`: the * stands for whole words, so the word before it is all there is to find.
    return { text: kept, prefix: /[\p{L}\p{N}\p{M}]$/u.test(kept) }
  }
  return { text, prefix: false }
}

function query(field: Field | null, text: string, prefix: boolean, at: number): Query | null {
  if (field?.kind === 'exact' || field?.kind === 'exactOnly') {
    if (prefix) throw badQuery(at, `Expected a whole value of ${field.name}, without *.`)
    return { type: 'exact', field: field.exact, values: [text] }
  }
  if (field?.kind === 'range') {
    if (prefix) throw badQuery(at, `Expected a whole value of ${field.name}, without *.`)
    return {
      type: 'range',
      field: field.name,
      from: bound(field.name, text, 'from', at),
      to: bound(field.name, text, 'to', at),
    }
  }
  const words = tokens(text)
  return words.length === 0 ? null : { type: 'words', field: field?.name ?? null, tokens: words, prefix }
}

/** `[x TO y]`; the scanner stands on the bracket. */
export function rangeOf(scanner: QueryScanner, field: Field): Query {
  if (field.kind !== 'range')
    throw badQuery(
      scanner.at,
      `Expected a word or a phrase: ranges are for seq and timestamp, not for ${field.name}.`,
    )
  if (!scanner.take('[')) throw badQuery(scanner.at, 'Expected [: ranges include both ends, as in [x TO y].')
  const from = rangeEnd(scanner, field.name, 'from')
  scanner.skipSpaces()
  const at = scanner.at
  if (scanner.word(']').text !== 'TO')
    throw badQuery(at, 'Expected TO between the two ends of the range, as in [x TO y].')
  const to = rangeEnd(scanner, field.name, 'to')
  scanner.skipSpaces()
  if (!scanner.take(']')) throw badQuery(scanner.at, 'Expected ] at the end of the range.')
  return { type: 'range', field: field.name, from, to }
}

function rangeEnd(scanner: QueryScanner, name: 'seq' | 'timestamp', side: 'from' | 'to'): number | null {
  scanner.skipSpaces()
  const at = scanner.at
  const text = scanner.peek() === '"' ? scanner.quoted() : scanner.word(']').text
  return text === '*' ? null : bound(name, text, side, at)
}

function bound(name: 'seq' | 'timestamp', text: string, side: 'from' | 'to', at: number): number {
  if (name === 'timestamp') {
    const time = timeBound(text, side)
    if (time === null)
      throw badQuery(
        at,
        'Expected a date such as 2026-11-23 or a time such as 2026-11-23T12:00:00Z (RFC 3339).',
      )
    return time
  }
  const number = /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : NaN
  if (!Number.isSafeInteger(number))
    throw badQuery(at, 'Expected a whole number, the place of an entry in the log.')
  return number
}
