import { TrailsealError } from '../errors.ts'

/** Levels of arrays and objects beyond which `canonicalize` refuses, long before the stack would overflow. */
export const MAX_CANONICAL_DEPTH = 256

/** Quoted object keys with their colon: a log repeats a few hundred keys millions of times. */
const quotedKeys = new Map<string, string>()
const MAX_QUOTED_KEYS = 4_096
const MAX_CACHED_KEY_LENGTH = 64

/**
 * The canonical text of a JSON value: RFC 8785 (JCS). Own enumerable keys only, sorted by UTF-16 code units (§3.2.3);
 * numbers as ECMAScript writes them (§3.2.2.3), so -0 becomes 0; no white space.
 *
 * Throws `invalid_event` for what has no canonical form: lone surrogates (§3.2.2.2), NaN and infinities,
 * undefined, functions, symbols, bigints, and nesting beyond `MAX_CANONICAL_DEPTH`.
 */
export function canonicalize(value: unknown): string {
  return write(value, 0)
}

/** One member of an object, `"key":value`, in canonical form. */
export function canonicalMember(key: string, value: unknown): string {
  return quoteKey(key) + write(value, 1)
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      if (!Number.isFinite(value)) throw refused('A number must be finite.')
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      // the depth of a submitted value is chosen by whoever sends it
      if (depth >= MAX_CANONICAL_DEPTH) throw refused('The value is nested too deeply.')
      return Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1)
    case 'undefined':
    case 'function':
    case 'symbol':
    case 'bigint':
      throw refused(`A value of type ${typeof value} has no JSON form.`)
  }
}

function writeArray(items: readonly unknown[], depth: number): string {
  let text = '['
  for (let index = 0; index < items.length; index++) {
    text += (index === 0 ? '' : ',') + write(items[index], depth)
  }
  return text + ']'
}

function writeObject(object: object, depth: number): string {
  const keys = canonicalKeys(object)
  let text = '{'
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    text += (index === 0 ? '' : ',') + quoteKey(key) + write((object as Record<string, unknown>)[key], depth)
  }
  return text + '}'
}

/** Own enumerable keys in the order of the canonical form (RFC 8785 §3.2.3). */
export function canonicalKeys(object: object): string[] {
  const keys = Object.keys(object)
  sortByCodeUnits(keys)
  return keys
}

/** Objects of events have few keys, often in order already: inserting beats the general sort several times. */
function sortByCodeUnits(keys: string[]): void {
  if (keys.length > 24) {
    keys.sort()
    return
  }
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index] as string
    let hole = index
    while (hole > 0 && (keys[hole - 1] as string) > key) {
      keys[hole] = keys[hole - 1] as string
      hole--
    }
    keys[hole] = key
  }
}

function quoteKey(key: string): string {
  const known = quotedKeys.get(key)
  if (known !== undefined) return known
  const quoted = quote(key) + ':'
  if (key.length <= MAX_CACHED_KEY_LENGTH) {
    // keys come from outside: the cache starts anew instead of growing
    if (quotedKeys.size >= MAX_QUOTED_KEYS) quotedKeys.clear()
    quotedKeys.set(key, quoted)
  }
  return quoted
}

/** `JSON.stringify` escapes exactly what RFC 8785 §3.2.2.2 does, but would write a lone surrogate as an escape. */
function quote(text: string): string {
  if (!text.isWellFormed()) throw refused('A text contains half of a surrogate pair.')
  return JSON.stringify(text)
}

function refused(message: string): TrailsealError {
  return new TrailsealError('invalid_event', message)
}
