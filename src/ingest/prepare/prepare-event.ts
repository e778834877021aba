import { TrailsealError } from '../../errors.ts'
import type { InvalidPart } from '../../errors.ts'
import type { AuditEvent } from '../../event/audit-event.ts'
import { classify } from '../../event/catalogue.ts'
import { canonicalParts, MAX_ENTRY_BYTES } from '../../event/entry.ts'
import { validateEvent } from '../../event/schema.ts'
import type { SubmittedEvent } from '../../event/schema.ts'
import { canonicalTimestamp, formatTimestamp } from '../../event/timestamp.ts'
import { redactEvent } from './redact/redact-event.ts'
import type { Tally } from './redact/redact.ts'
import { redactText } from './redact/secret-values.ts'
import { truncateIp } from './truncate-ip.ts'
import { truncateUserAgent } from './truncate-user-agent.ts'

/** How many problems an answer names at most: enough to mend a sender, too few to be an amplifier. */
export const MAX_PROBLEMS = 100

/** What an entry has beyond the submitted texts: verb, category, position. And what a marker has beyond the shortest secret. */
const ADDED_BYTES = 4_096
const MARKER_BYTES = 48

/**
 * Makes the event that goes into the log: validated, normalised, truncated, redacted. Pure and deterministic: the same submitted
 * event and time give the same result, so a retry is recognised.
 *
 * `index` is the event's place in its request and `now` the time of arrival in milliseconds, for events that say no time.
 * Throws `invalid_event` with what is wrong, and `event_too_large`.
 */
export function prepareEvent(submitted: unknown, index: number, now: number): AuditEvent {
  const problems: InvalidPart[] = []
  const event = tryPrepare(submitted, index, now, problems)
  if (event === null) throw invalidEvents(problems)
  return event
}

/** All or nothing: throws `invalid_event` with the problems of all events, up to `MAX_PROBLEMS`. */
export function prepareEvents(submitted: Iterable<unknown>, now: number): AuditEvent[] {
  const preparation = new Preparation(now)
  const events: AuditEvent[] = []
  for (const each of submitted) {
    const event = preparation.prepare(each)
    if (event !== null) events.push(event)
    if (preparation.isHopeless) break
  }
  preparation.finish()
  return events
}

/** The same event by event, so that a large request leaves room for others: `prepare` each unless `isHopeless`, then `finish`. */
export class Preparation {
  private readonly now: number
  private readonly problems: InvalidPart[] = []
  private index = 0

  constructor(now: number) {
    this.now = now
  }

  /** So much is wrong already that no further problem would be named. */
  get isHopeless(): boolean {
    return this.problems.length >= MAX_PROBLEMS
  }

  /** The next event of the request as it goes into the log; null where it is invalid. Throws `event_too_large`. */
  prepare(submitted: unknown): AuditEvent | null {
    return tryPrepare(submitted, this.index++, this.now, this.problems)
  }

  /** Throws `invalid_event` with everything that is wrong with any of the events. */
  finish(): void {
    if (this.problems.length > 0) throw invalidEvents(this.problems)
  }
}

function tryPrepare(
  submitted: unknown,
  index: number,
  now: number,
  problems: InvalidPart[],
): AuditEvent | null {
  const validation = validateEvent(submitted, index)
  if ('problems' in validation) {
    problems.push(...validation.problems)
    return null
  }
  const problem = problemOf(validation.event)
  if (problem !== null) {
    problems.push({ index, ...problem })
    return null
  }
  const tally = { count: 0 }
  const event = normalise(redactEvent(validation.event, tally), tally, now)
  // the exact length is costly and almost never in question
  const maxBytes = validation.maxBytes + ADDED_BYTES + tally.count * MARKER_BYTES
  if (maxBytes > MAX_ENTRY_BYTES && canonicalParts(event).bytes > MAX_ENTRY_BYTES) {
    throw new TrailsealError(
      'event_too_large',
      `Event ${index} is longer than ${MAX_ENTRY_BYTES} bytes in its canonical form.`,
    )
  }
  return event
}

/** What the schema alone can't say. */
function problemOf(event: SubmittedEvent): Omit<InvalidPart, 'index'> | null {
  if (event.id !== undefined && holdsSecret(event.id)) {
    return { path: '/id', message: 'The id looks like a secret; choose one that may be shown.' }
  }
  const ip = event.source?.ip
  if (ip !== undefined && truncateIp(ip) === null) {
    return { path: '/source/ip', message: 'An IPv4 or IPv6 address is expected.' }
  }
  return null
}

function holdsSecret(text: string): boolean {
  const tally = { count: 0 }
  redactText(text, tally)
  return tally.count > 0
}

function normalise(event: SubmittedEvent, tally: Tally, now: number): AuditEvent {
  const { verb, category } = classify(event.action)
  const timestamp = event.timestamp === undefined ? null : canonicalTimestamp(event.timestamp)
  const prepared: Writable<AuditEvent> = {
    timestamp: timestamp ?? formatTimestamp(now),
    actor: event.actor,
    action: event.action,
    verb,
    category,
    outcome: event.outcome ?? 'success',
    resource: event.resource,
  }
  if (event.id !== undefined) prepared.id = event.id
  if (event.related) prepared.related = event.related
  if (event.before) prepared.before = event.before
  if (event.after) prepared.after = event.after
  if (event.justification !== undefined) prepared.justification = event.justification
  const source = truncateSource(event.source)
  if (source) prepared.source = source
  if (event.metadata) prepared.metadata = event.metadata
  if (tally.count > 0) prepared.redacted = tally.count
  return prepared
}

type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] }

/** Enough to notice a strange place or device, too little to follow a person. */
function truncateSource(source: SubmittedEvent['source']): AuditEvent['source'] | null {
  if (source === undefined) return null
  const ip = source.ip === undefined ? null : truncateIp(source.ip)
  const userAgent = source.user_agent === undefined ? null : truncateUserAgent(source.user_agent)
  if (ip === null && userAgent === null) return null
  return { ...(ip !== null && { ip }), ...(userAgent !== null && { user_agent: userAgent }) }
}

function invalidEvents(problems: readonly InvalidPart[]): TrailsealError {
  const shown = problems.slice(0, MAX_PROBLEMS)
  const first = shown[0]
  const where =
    first === undefined
      ? ''
      : ` First, event ${first.index}${first.path && ` at ${first.path}`}: ${first.message}`
  return new TrailsealError('invalid_event', `The request was refused as a whole.${where}`, { errors: shown })
}
