import { hash } from 'node:crypto'
import type { ExactField, PathField, TextField } from '../query-syntax.ts'
import type { SearchDocument } from '../search-index.ts'
import { pathPrefix } from '../tokenizer.ts'

/** Names as in index-templates/component/trailseal-events.json. */
export const FIELDS = {
  log: 'trailseal.log',
  seq: 'event.sequence',
  timestamp: '@timestamp',
  exact: 'trailseal.exact',
  /** Of every text but the paths (`copy_to`). */
  anyText: 'trailseal.text.all',
  paths: 'trailseal.text.paths',
  original: 'event.original',
} as const

/** Name of a text under `trailseal.text`: without dots, which would make objects. */
export function textName(field: keyof SearchDocument['texts']): string {
  return field.replace('.', '_')
}

/** Where the words of a query are looked for, and what each of them begins with there. */
export function placeOf(field: TextField | PathField | null): {
  readonly name: string
  readonly start: string
} {
  if (field === null) return { name: FIELDS.anyText, start: '' }
  const path = /^(before|after|metadata)\.(.*)$/s.exec(field)
  if (path === null) return { name: `trailseal.text.${textName(field as TextField)}`, start: '' }
  if (path[2] === '*') return { name: `trailseal.text.${path[1] ?? ''}`, start: '' }
  return { name: FIELDS.paths, start: pathPrefix(field) }
}

const MAX_PLAIN_LENGTH = 256

/**
 * One term for one value of one field, and no other value has it. What is long, or has lone surrogates, which no UTF-8 can
 * keep apart, stands there as a hash of its UTF-16 code units. `=` and `#` tell the two forms apart.
 */
export function exactTerm(field: ExactField, value: string): string {
  if (value.length <= MAX_PLAIN_LENGTH && value.isWellFormed()) return `${field}=${value}`
  return `${field}#${hash('sha256', Buffer.from(value, 'utf16le'), 'base64')}`
}
