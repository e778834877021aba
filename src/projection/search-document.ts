import type { AuditEvent, Json, JsonObject, Resource } from '../event/audit-event.ts'
import { canonicalKeys } from '../event/canonical-json.ts'
import { seqOfServerId } from '../event/server-id.ts'
import { resourceKey, type ExactField } from '../search/query-syntax.ts'
import type { SearchDocument } from '../search/search-index.ts'
import { normalise, pathPrefix, VALUE_BREAK } from '../search/tokenizer.ts'

type Texts = Record<keyof SearchDocument['texts'], string>

/**
 * Each word under before, after and metadata is indexed a second time with its path, which may be longer than the
 * word. Beyond this many, the words of an event are found as free text only: 64 KiB never become megabytes.
 */
export const MAX_PATH_TOKENS = 4096

const LATEST_TIMESTAMP = 2 ** 43 - 1
const BETWEEN_VALUES = ` ${VALUE_BREAK} `

/**
 * What the search index holds of an event: every text of it, somewhere (contract §6). Keys of objects are no texts;
 * numbers and booleans are, as JSON writes them. Pure, so that verification can derive it again.
 *
 * `id` is the event's id in the log; it is free text only when it is the client's own.
 */
export function searchDocument(
  workspace: string,
  seq: number,
  id: string,
  event: AuditEvent,
): SearchDocument {
  const { actor, resource, source } = event
  const texts: Partial<Texts> = {}
  put(texts, 'actor.email', actor.email)
  put(texts, 'actor.id', actor.id)
  put(texts, 'actor.name', actor.name)
  put(texts, 'actor.type', actor.type)
  put(texts, 'category', event.category)
  put(texts, 'action', event.action)
  put(texts, 'verb', event.verb)
  put(texts, 'outcome', event.outcome)
  put(texts, 'resource.type', resource.type)
  put(texts, 'resource.id', resource.id)
  put(texts, 'resource.name', resource.name)
  put(texts, 'source.ip', source?.ip)
  put(texts, 'justification', event.justification)
  const paths = new PathTokens()
  for (const field of ['before', 'after', 'metadata'] as const) {
    const value = event[field]
    if (value !== undefined) put(texts, field, paths.collect(ROOTS[field], value), false)
  }
  put(texts, 'other', otherTexts(event), false)
  const timestamp = Math.min(Math.max(Date.parse(event.timestamp), 0), LATEST_TIMESTAMP)
  return { workspace, seq, timestamp, texts, paths: paths.text, exact: exactValues(id, event) }
}

function put(texts: Partial<Texts>, field: keyof Texts, value: string | undefined, raw = true): void {
  if (value === undefined) return
  const words = raw ? normalise(value) : value
  if (words !== '') texts[field] = words
}

/** Texts that have no field of their own in the query language. */
function otherTexts({ id, actor, resource, related, source }: AuditEvent): string {
  let text = ''
  const clientId = id !== undefined && seqOfServerId(id) === null ? id : undefined
  for (const value of [clientId, actor.role, resource.url, source?.user_agent]) text = append(text, value)
  for (const { type, id, name, url } of related ?? [])
    for (const value of [type, id, name, url]) text = append(text, value)
  return text
}

function append(text: string, value: string | undefined): string {
  if (value === undefined) return text
  const words = normalise(value)
  if (words === '') return text
  return text === '' ? words : text + BETWEEN_VALUES + words
}

function exactValues(id: string, event: AuditEvent): SearchDocument['exact'] {
  const { actor, resource } = event
  const exact: Partial<Record<ExactField, readonly string[]>> = {
    id: [id],
    category: [event.category],
    action: [event.action],
    verb: [event.verb],
    outcome: [event.outcome],
    resource_type: [resource.type],
  }
  if (actor.id !== undefined) exact.actor = [actor.id]
  if (resource.id !== undefined) exact.resource_id = [resource.id]
  const touches = touched(resource, event.related ?? [])
  if (touches.length > 0) exact.touches = touches
  return exact
}

function touched(resource: Resource, related: readonly Resource[]): string[] {
  const keys: string[] = []
  for (const { type, id } of [resource, ...related]) {
    if (id === undefined) continue
    const key = resourceKey(type, id)
    if (!keys.includes(key)) keys.push(key)
  }
  return keys
}

/** Walks the objects of one event: the words of their values, and the same words with their paths. */
class PathTokens {
  text = ''
  #count = 0

  /**
   * Words of all values under `value`; their path tokens are added to `text`. Keys in the order of the canonical form, so
   * that the entry read back from the ledger gives the same document as the event that was submitted.
   */
  collect(path: Path, value: Json): string {
    if (value === null) return ''
    if (typeof value !== 'object') return this.#leaf(path, value)
    let words = ''
    if (Array.isArray(value))
      for (const item of value as readonly Json[]) words = joined(words, this.collect(path, item))
    else
      for (const key of canonicalKeys(value))
        words = joined(words, this.collect(below(path, key), (value as JsonObject)[key] ?? null))
    return words
  }

  #leaf({ prefix }: Path, value: string | number | boolean): string {
    const words = normalise(String(value))
    const left = MAX_PATH_TOKENS - this.#count
    if (words === '' || left === 0) return words
    const count = wordCount(words)
    const kept = count <= left ? words : words.split(' ', left).join(' ')
    this.#count += Math.min(count, left)
    const tokens = count === 1 ? kept : kept.replaceAll(' ', ` ${prefix}`)
    this.text += (this.text === '' ? prefix : BETWEEN_VALUES + prefix) + tokens
    return words
  }
}

function joined(words: string, more: string): string {
  if (more === '') return words
  return words === '' ? more : words + BETWEEN_VALUES + more
}

/** Where a value stands, with what its path tokens begin with. */
interface Path {
  readonly text: string
  readonly prefix: string
  readonly below: Map<string, Path>
}

const path = (text: string): Path => ({ text, prefix: pathPrefix(text), below: new Map() })

/** Paths repeat from event to event, so they are kept, up to a bound that hostile keys can't move. */
const ROOTS = { before: path('before'), after: path('after'), metadata: path('metadata') }
const MOST_PATHS = 4096
const LONGEST_KEPT = 256
let kept = 0

function below(parent: Path, key: string): Path {
  const known = parent.below.get(key)
  if (known !== undefined) return known
  const made = path(`${parent.text}.${key}`)
  if (made.text.length > LONGEST_KEPT) return made
  if (kept >= MOST_PATHS) {
    for (const root of Object.values(ROOTS)) root.below.clear()
    kept = 0
  }
  parent.below.set(key, made)
  kept += 1
  return made
}

/** Words with single spaces between them. */
function wordCount(words: string): number {
  let count = 1
  for (let at = words.indexOf(' '); at >= 0; at = words.indexOf(' ', at + 1)) count += 1
  return count
}
