import type { Json, JsonObject } from '../event/audit-event.ts'
import { MAX_JSON_DEPTH, MAX_KEY_LENGTH } from '../event/submitted-json.ts'

/** UTF-16 units of JSON that imported metadata may have, so that the whole event stays below its limit. */
const MAX_METADATA_LENGTH = 40_000

/**
 * Makes a foreign record's fields fit an event's `metadata`, since a record that another system accepted must not stop an import: levels that are too deep become
 * JSON text, halves of surrogate pairs and NUL become U+FFFD, and where all is too long the longest members give way to a note of their length.
 */
export function fitMetadata(record: Readonly<Record<string, unknown>>): JsonObject {
  const fitted = fitMembers(record, MAX_JSON_DEPTH - 1)
  let length = JSON.stringify(fitted).length
  while (length > MAX_METADATA_LENGTH) {
    const [longest, size] = longestMember(fitted)
    fitted[longest] = `[left out: ${size} characters of JSON]`
    length = JSON.stringify(fitted).length
  }
  return fitted
}

/** A text for a field of limited length; undefined for anything that is no text or empty. Control characters become spaces. */
export function fitText(value: unknown, limit: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  return value
    .slice(0, limit)
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ')
}

function fit(value: unknown, levels: number): Json {
  if (typeof value === 'string') return fitString(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value === true || value === false ? value : null
  if (levels === 0) return fitString(JSON.stringify(value))
  return Array.isArray(value)
    ? value.map((item) => fit(item, levels - 1))
    : fitMembers(value as Record<string, unknown>, levels - 1)
}

function fitMembers(object: Readonly<Record<string, unknown>>, levels: number): Record<string, Json> {
  const fitted: Record<string, Json> = {}
  for (const key of Object.keys(object)) {
    // an assignment to __proto__ would set the prototype instead of a member
    const safeKey = key === '__proto__' ? '_proto_' : fitString(key).slice(0, MAX_KEY_LENGTH)
    fitted[safeKey] = fit(object[key], levels)
  }
  return fitted
}

function fitString(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

function longestMember(object: Readonly<Record<string, Json>>): [string, number] {
  return Object.entries(object)
    .map(([key, value]): [string, number] => [key, JSON.stringify(value).length])
    .reduce((longest, member) => (member[1] > longest[1] ? member : longest))
}
