import { isDeepStrictEqual } from 'node:util'
import type { SearchDocument } from '../search-index.ts'
import { eventDocument } from './event-document.ts'

type Json = Readonly<Record<string, unknown>>

/** What the ingest pipeline may have added (pipelines/): made by the cluster of other fields, and of no log. */
const ADDED = new Set([
  'event.ingested',
  'user.domain',
  'source.geo',
  'user_agent.name',
  'user_agent.version',
  'user_agent.os',
  'tags',
])

/** Whether `_source` is what the projection wrote for this document, apart from what a pipeline adds. */
export function isSourceOf(source: unknown, document: SearchDocument, log: string): boolean {
  // The bare form stands where a cluster refused a value of the whole one.
  return [false, true].some((bare) => {
    const expected = kept(eventDocument(document, log, bare))
    return isObject(source) && isContained(source, expected, '')
  })
}

/** As it comes back: without what `_source` excludes, and without values that JSON does not have. */
function kept(document: object): Json {
  const written = JSON.parse(JSON.stringify(document)) as { trailseal: Record<string, unknown> }
  delete written.trailseal['text']
  delete written.trailseal['exact']
  return written
}

function isContained(actual: Json, expected: Json, at: string): boolean {
  for (const [key, value] of Object.entries(expected)) {
    const found = actual[key]
    const path = at === '' ? key : `${at}.${key}`
    const inside = ENRICHED.has(path) && isObject(value) && isObject(found)
    if (inside ? !isContained(found, value, path) : !isDeepStrictEqual(found, value)) return false
  }
  return Object.keys(actual).every(
    (key) => Object.hasOwn(expected, key) || ADDED.has(at === '' ? key : `${at}.${key}`),
  )
}

/** Objects into which a pipeline writes. */
const ENRICHED = new Set([...ADDED].flatMap((path) => path.split('.').slice(0, -1)))

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
