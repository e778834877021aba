import { TrailsealError } from '../errors.ts'
import type { AuditEvent, LogEntry, LogPosition } from './audit-event.ts'
import { canonicalize, canonicalMember } from './canonical-json.ts'
import { Slab } from './slab.ts'

/** Longest canonical entry in bytes: an entry bundle (C2SP tlog-tiles) gives its length as uint16. */
export const MAX_ENTRY_BYTES = 65_535

/** Longest origin, `<TRAILSEAL_ORIGIN>/<workspace>`, that fits beside the largest event: host name, slash, workspace id. */
export const MAX_ORIGIN_BYTES = 320

// Apart, so that an entry that is kept for long does not keep the texts of its neighbours in memory.
const texts = new Slab()
const entries = new Slab()
/** Bytes that JSON takes for one UTF-16 unit at most: an escape, `\u0000`. */
const MOST_QUOTED = 6

const SEQ_DIGITS = 16
const SERVER_ID = 'seq_'.length + SEQ_DIGITS
/** The members `log`, `prev`, `received_at`, `salt`, `seq` and `v` at their longest, and the frame of `id`. */
const POSITION_BYTES =
  ',"id":""'.length +
  ',"log":""'.length +
  MAX_ORIGIN_BYTES +
  ',"prev":""'.length +
  44 +
  ',"received_at":"2026-11-23T12:00:00.123Z"'.length +
  ',"salt":""'.length +
  24 +
  ',"seq":'.length +
  SEQ_DIGITS +
  ',"v":1'.length

/**
 * The canonical form of an event, cut open where the members of its position in a log go (docs/format.md, Entry): everything
 * costly is done once and before the log's turn, `sealEntry` only copies bytes. Bytes rather than texts, because many
 * events wait at once and a text made of hundreds of pieces is what garbage collection has to walk.
 */
export interface CanonicalParts {
  /** UTF-8 of all pieces, one after the other. */
  readonly text: Uint8Array
  /** Where the pieces end: before `id`, `log`, `prev` (with `received_at`), `salt` (with `seq`) and `v`. */
  readonly cuts: readonly [id: number, log: number, prev: number, salt: number, v: number]
  /** UTF-8 length of the entry at most, whatever its position. */
  readonly bytes: number
}

/** Throws `invalid_event` where the event has no canonical form. Never throws because of size: see `bytes`. */
export function canonicalParts(event: AuditEvent): CanonicalParts {
  const beforeId =
    '{' +
    canonicalMember('action', event.action) +
    member('actor', event.actor) +
    member('after', event.after) +
    member('before', event.before) +
    member('category', event.category)
  const beforeLog = member('justification', event.justification)
  const beforePrev = member('metadata', event.metadata) + member('outcome', event.outcome)
  const beforeSalt =
    member('redacted', event.redacted) + member('related', event.related) + member('resource', event.resource)
  const beforeV = member('source', event.source) + member('timestamp', event.timestamp)
  const end = member('verb', event.verb) + '}'
  const whole = beforeId + beforeLog + beforePrev + beforeSalt + beforeV + end
  const text = texts.encode(whole)
  // Without letters beyond ASCII a piece has as many bytes as characters.
  const lengthOf = text.length === whole.length ? (piece: string) => piece.length : utf8Length
  const id = lengthOf(beforeId)
  const log = id + lengthOf(beforeLog)
  const prev = log + lengthOf(beforePrev)
  const salt = prev + lengthOf(beforeSalt)
  // a server id is ASCII; a client id may be escaped or hold other letters
  const idBytes =
    event.id === undefined ? SERVER_ID : Math.max(SERVER_ID, utf8Length(canonicalize(event.id)) - 2)
  return {
    text,
    cuts: [id, log, prev, salt, salt + lengthOf(beforeV)],
    bytes: text.length + idBytes + POSITION_BYTES,
  }
}

/** The canonical entry in UTF-8: that of `canonicalize({ ...event, ...position, v: 1 })`. */
export function sealEntry({ text, cuts }: CanonicalParts, position: LogPosition): Uint8Array {
  const [id, log, prev, salt, v] = cuts
  entries.begin(text.length + POSITION_BYTES + MOST_QUOTED * (position.id.length + position.log.length))
  entries.bytes(text, 0, id)
  entries.text(member('id', position.id))
  entries.bytes(text, id, log)
  entries.text(member('log', position.log))
  entries.bytes(text, log, prev)
  entries.text(`,"prev":"${position.prev}","received_at":"${position.received_at}"`)
  entries.bytes(text, prev, salt)
  entries.text(`,"salt":"${position.salt}","seq":${position.seq}`)
  entries.bytes(text, salt, v)
  entries.text(',"v":1')
  entries.bytes(text, v, text.length)
  return entries.end()
}

function member(key: string, value: unknown): string {
  return value === undefined ? '' : ',' + canonicalMember(key, value)
}

/** Length in bytes of a well-formed text in UTF-8. */
function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    // a surrogate pair is two units and four bytes, so each half adds one, as a two-byte letter does
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

const REQUIRED_TEXTS = [
  'action',
  'category',
  'id',
  'log',
  'outcome',
  'prev',
  'received_at',
  'salt',
  'timestamp',
  'verb',
] as const
const OPTIONAL_OBJECTS = ['after', 'before', 'metadata', 'source'] as const
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads an entry strictly: UTF-8, at most `MAX_ENTRY_BYTES`, byte for byte the canonical form of its value (so no repeated
 * keys, no white space), `"v":1`, and every field that this version reads of its type. Further fields are kept: a later
 * version may add some. Entries come from files and foreign servers; throws `malformed_proof` for anything else.
 */
export function parseEntry(entry: Uint8Array | string): LogEntry {
  try {
    const text = typeof entry === 'string' ? entry : decoder.decode(entry)
    if ((typeof entry === 'string' ? utf8Length(text) : entry.length) > MAX_ENTRY_BYTES)
      throw malformed('is too long')
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) throw malformed('is not a JSON object')
    if (canonicalize(value) !== text) throw malformed('is not in canonical form')
    assertFields(value)
    return value
  } catch (cause) {
    if (cause instanceof TrailsealError && cause.code === 'malformed_proof') throw cause
    throw new TrailsealError('malformed_proof', 'The entry is not canonical JSON in UTF-8.', { cause })
  }
}

function assertFields(value: Record<string, unknown>): asserts value is Record<string, unknown> & LogEntry {
  if (value['v'] !== 1) throw malformed('has an unknown version')
  for (const field of REQUIRED_TEXTS) {
    if (typeof value[field] !== 'string') throw malformed(`has no text in "${field}"`)
  }
  if (!Number.isSafeInteger(value['seq']) || (value['seq'] as number) < 0)
    throw malformed('has no valid "seq"')
  if (value['outcome'] !== 'success' && value['outcome'] !== 'failure')
    throw malformed('has an unknown outcome')
  const { actor, resource, related, justification, redacted } = value
  if (!isObject(actor) || typeof actor['type'] !== 'string') throw malformed('has no valid "actor"')
  if (!isResource(resource)) throw malformed('has no valid "resource"')
  if (related !== undefined && !(Array.isArray(related) && related.every(isResource))) {
    throw malformed('has no valid "related"')
  }
  for (const field of OPTIONAL_OBJECTS) {
    if (value[field] !== undefined && !isObject(value[field])) throw malformed(`has no object in "${field}"`)
  }
  if (justification !== undefined && typeof justification !== 'string')
    throw malformed('has no valid "justification"')
  if (redacted !== undefined && !Number.isSafeInteger(redacted)) throw malformed('has no valid "redacted"')
}

function isResource(value: unknown): boolean {
  return isObject(value) && typeof value['type'] === 'string'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(what: string): TrailsealError {
  return new TrailsealError('malformed_proof', `The entry ${what}.`)
}
