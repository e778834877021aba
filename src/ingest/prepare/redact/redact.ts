import type { Json, JsonObject } from '../../../event/audit-event.ts'
import { describe, replaceFileContents } from './file-contents.ts'
import { isSecretName, nameKind } from './secret-names.ts'
import type { NameKind } from './secret-names.ts'
import { isHarmlessValue, mayHoldSecret, REDACTED, redactText } from './secret-values.ts'
import type { Tally } from './secret-values.ts'

export type { Tally }

/** JSON inside a text inside JSON …: deeper than anyone writes. */
const MAX_EMBEDDED = 4
/** An access key id names a key, as a user name names a user: auditors search for it. The secret beside it goes. */
const ACCESS_KEY_ID = /^A(?:KIA|SIA)[A-Z0-9]{16}$/
/** A password written as a number; fewer digits are counts and switches. */
const MIN_NUMERIC_PASSWORD = 1_000

/** `{"name": "DB_PASSWORD", "value": "…"}`: variables, headers and changed fields written as pairs. */
const PAIR_NAMES = [
  'attribute',
  'property',
  'setting',
  'name',
  'key',
  'field',
  'header',
  'variable',
  'parameterName',
  'parameterKey',
]
const PAIR_VALUES = new Set([
  'value',
  'values',
  'parameterValue',
  'before',
  'after',
  'old',
  'new',
  'from',
  'to',
  'oldValue',
  'newValue',
  'old_value',
  'new_value',
])

/**
 * An object without secrets and file contents, at any depth, by field name and by value; counts what was taken out. The same object
 * where nothing was; never changes its input. Deterministic, so a retried event stays the same event.
 */
export function redactObject(object: JsonObject, tally: Tally): JsonObject {
  return members(object, false, tally, 0)
}

/** The same for a text of its own, outside any object. */
export function redactString(text: string, tally: Tally): string {
  return string(text, 'plain', tally, 0)
}

/** `secret`: an enclosing field was named for a secret, so every text below that doesn't just describe it goes. */
function members(object: JsonObject, secret: boolean, tally: Tally, embedded: number): JsonObject {
  const namesSecret = isPairOfSecret(object)
  let copy: Record<string, Json> | null = null
  for (const key of Object.keys(object)) {
    const value = object[key] as Json
    const redacted = member(key, value, secret || (namesSecret && PAIR_VALUES.has(key)), tally, embedded)
    const safeKey = redactText(key, tally)
    if (redacted === value && safeKey === key) continue
    copy ??= { ...object }
    if (safeKey !== key) Reflect.deleteProperty(copy, key)
    copy[safeKey] = redacted
  }
  return copy ?? object
}

function member(key: string, value: Json, secret: boolean, tally: Tally, embedded: number): Json {
  if (value === null || typeof value === 'boolean') return value
  const kind = effectiveKind(nameKind(key), secret)
  if (typeof value === 'string') return string(value, kind, tally, embedded)
  if (typeof value === 'number') {
    if (kind !== 'password' || Math.abs(value) < MIN_NUMERIC_PASSWORD) return value
    tally.count++
    return REDACTED
  }
  return value instanceof Array
    ? items(value, kind, tally, embedded)
    : members(value, kind === 'secret' || kind === 'password', tally, embedded)
}

function effectiveKind(kind: NameKind, secret: boolean): NameKind {
  return secret && (kind === 'plain' || kind === 'content') ? 'secret' : kind
}

function items(array: readonly Json[], kind: NameKind, tally: Tally, embedded: number): readonly Json[] {
  let copy: Json[] | null = null
  for (let index = 0; index < array.length; index++) {
    const item = array[index] as Json
    const redacted = arrayItem(item, announced(array[index - 1]) ? 'secret' : kind, tally, embedded)
    if (redacted === item) continue
    copy ??= [...array]
    copy[index] = redacted
  }
  return copy ?? array
}

/** Whether the item before announces a secret: `["--password", "…"]`. */
function announced(previous: Json | undefined): boolean {
  return typeof previous === 'string' && previous.startsWith('-') && isSecretName(previous)
}

function arrayItem(item: Json, kind: NameKind, tally: Tally, embedded: number): Json {
  if (typeof item === 'string') return string(item, kind, tally, embedded)
  if (typeof item !== 'object' || item === null) return item
  return item instanceof Array
    ? items(item, kind, tally, embedded)
    : members(item, kind === 'secret' || kind === 'password', tally, embedded)
}

function string(text: string, kind: NameKind, tally: Tally, embedded: number): string {
  if (text === '' || (text.length === 20 && ACCESS_KEY_ID.test(text))) return text
  if (kind === 'secret' || kind === 'password') {
    if (isHarmlessValue(text)) return text
    tally.count++
    return REDACTED
  }
  if (kind === 'opaque' && !isHarmlessValue(text)) {
    tally.count++
    return describe(Buffer.from(text, 'utf8'))
  }
  const file = replaceFileContents(text, kind === 'content')
  if (file !== null) {
    tally.count++
    return file
  }
  if (!mayHoldSecret(text)) return text
  return redactDocument(text, tally, embedded) ?? redactText(text, tally)
}

/** A text that is a JSON document, as policies and request bodies often are, plain or percent-encoded. Null where it is none. */
function redactDocument(text: string, tally: Tally, embedded: number): string | null {
  const encoded =
    text.startsWith('%7B') || text.startsWith('%5B') || text.startsWith('%7b') || text.startsWith('%5b')
  if (embedded >= MAX_EMBEDDED || !(encoded || /^\s*[{[]/.test(text))) return null
  try {
    const document: unknown = JSON.parse(encoded ? decodeURIComponent(text) : text)
    const redacted = arrayItem(document as Json, 'plain', tally, embedded + 1)
    if (redacted === document) return text
    return encoded ? encodeURIComponent(JSON.stringify(redacted)) : JSON.stringify(redacted)
  } catch {
    return null
  }
}

function isPairOfSecret(object: JsonObject): boolean {
  for (const pairName of PAIR_NAMES) {
    const name = Object.hasOwn(object, pairName) ? object[pairName] : undefined
    if (typeof name === 'string' && isSecretName(name)) return true
  }
  return false
}
