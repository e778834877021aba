/** Levels of objects and arrays in `before`, `after` and `metadata`. */
export const MAX_JSON_DEPTH = 16
export const MAX_KEY_LENGTH = 256

/** Where a value breaks a rule that holds anywhere in an event. */
export interface JsonFault {
  /** JSON Pointer (RFC 6901). */
  readonly path: string
  readonly message: string
}

interface Walk {
  readonly faults: JsonFault[]
  /** Upper bound of the canonical form's bytes. */
  bytes: number
}

/** A UTF-16 unit needs at most three bytes in UTF-8 and six as a `\u00XX` escape. */
const BYTES_PER_UNIT = 6
const BYTES_PER_NUMBER = 25

/**
 * Checks what holds for every value of an event, whatever its field: well-formed texts without NUL, finite numbers, keys that
 * are short and safe, bounded nesting. `__proto__` is refused by name: it would be an own key here, and set or lose a
 * prototype in the first careless reader downstream.
 *
 * Returns the faults and an upper bound of the canonical form's length in bytes.
 */
export function checkJson(event: object): {
  readonly faults: readonly JsonFault[]
  readonly maxBytes: number
} {
  const walk: Walk = { faults: [], bytes: 0 }
  // the event object is one level around `before`, `after` and `metadata`
  visit(event, '', MAX_JSON_DEPTH + 1, walk)
  return { faults: walk.faults, maxBytes: walk.bytes }
}

function visit(value: object, path: string, levels: number, walk: Walk): void {
  walk.bytes += 3
  if (levels === 0) report(walk, path, `Values may be nested at most ${MAX_JSON_DEPTH} levels deep.`)
  else if (Array.isArray(value)) visitItems(value, path, levels - 1, walk)
  else visitMembers(value as Record<string, unknown>, path, levels - 1, walk)
}

// paths are only built for containers and faults: building one for each value would double the work

function visitItems(items: readonly unknown[], path: string, levels: number, walk: Walk): void {
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (typeof item === 'object' && item !== null) visit(item, `${path}/${index}`, levels, walk)
    else {
      const fault = leafFault(item, walk)
      if (fault !== null) report(walk, `${path}/${index}`, fault)
    }
  }
}

function visitMembers(object: Record<string, unknown>, path: string, levels: number, walk: Walk): void {
  for (const key of Object.keys(object)) {
    walk.bytes += key.length * BYTES_PER_UNIT + 4
    checkKey(key, path, walk)
    const value = object[key]
    if (typeof value === 'object' && value !== null)
      visit(value, `${path}/${escapePointer(key)}`, levels, walk)
    else {
      const fault = leafFault(value, walk)
      if (fault !== null) report(walk, `${path}/${escapePointer(key)}`, fault)
    }
  }
}

function leafFault(value: unknown, walk: Walk): string | null {
  if (typeof value === 'string') {
    walk.bytes += value.length * BYTES_PER_UNIT + 3
    if (!value.isWellFormed()) return 'The text contains half of a surrogate pair.'
    return value.includes('\0') ? 'The text contains a NUL character.' : null
  }
  walk.bytes += BYTES_PER_NUMBER
  if (typeof value === 'number')
    return Number.isFinite(value) ? null : 'The number is outside the range of a double.'
  return typeof value === 'boolean' || value === null ? null : 'The value is not JSON.'
}

function checkKey(key: string, path: string, walk: Walk): void {
  if (key === '__proto__') report(walk, `${path}/__proto__`, 'A field must not be called "__proto__".')
  if (key.length > MAX_KEY_LENGTH) {
    report(walk, path, `A field name is longer than ${MAX_KEY_LENGTH} characters.`)
  } else if (!key.isWellFormed() || key.includes('\0')) {
    report(walk, path, 'A field name contains a NUL character or half of a surrogate pair.')
  }
}

function report(walk: Walk, path: string, message: string): void {
  // paths are answered to the client and may hold its own broken keys
  walk.faults.push({ path: path.toWellFormed(), message })
}

/** A reference token of RFC 6901 §3, shortened: it is shown to people. */
export function escapePointer(key: string): string {
  return /[~/]/.test(key) || key.length > MAX_KEY_LENGTH
    ? key.slice(0, MAX_KEY_LENGTH).replaceAll('~', '~0').replaceAll('/', '~1')
    : key
}
