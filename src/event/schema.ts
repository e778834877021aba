import { z } from 'zod'
import type { InvalidPart } from '../errors.ts'
import type { Actor, JsonObject, Outcome, Resource } from './audit-event.ts'
import { checkJson, escapePointer } from './submitted-json.ts'
import { parseTimestamp } from './timestamp.ts'

/** An event as clients send it (contract §5), after validation. */
export interface SubmittedEvent {
  readonly id?: string
  readonly timestamp?: string
  readonly actor: Actor
  readonly action: string
  readonly outcome?: Outcome
  readonly resource: Resource
  readonly related?: readonly Resource[]
  readonly before?: JsonObject
  readonly after?: JsonObject
  readonly justification?: string
  readonly source?: { readonly ip?: string; readonly user_agent?: string }
  readonly metadata?: JsonObject
}

/** C0, DEL and C1 control characters: in names they only serve to mislead whoever reads the log. */
// eslint-disable-next-line no-control-regex -- refusing them is the purpose
const NO_CONTROLS = /^[^\u0000-\u001f\u007f-\u009f]*$/
const CONTROLS_MESSAGE = 'Control characters are not allowed here.'
/** Ids that the log itself gives to events without one. */
const RESERVED_ID = /^seq_\d+$/

const line = (limit: number) => z.string().max(limit).regex(NO_CONTROLS, CONTROLS_MESSAGE)
const name = (limit: number) => line(limit).min(1, 'The text must not be empty.')

const jsonObject = (description: string) =>
  z
    .custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
      error: 'A JSON object is expected.',
    })
    .meta({ type: 'object', additionalProperties: true, description })

const timestamp = z
  .string()
  .refine((text) => parseTimestamp(text) !== null, {
    error:
      'An RFC 3339 date and time with offset, from 1970 to 2199, is expected, such as 2026-11-23T12:00:00.123Z.',
  })
  .meta({ format: 'date-time', description: 'When it happened; the time of arrival where absent.' })

const webAddress = line(2_048)
  .refine((text) => /^https?:\/\/./i.test(text) && URL.canParse(text), {
    error: 'An absolute http or https URL is expected.',
  })
  .meta({ format: 'uri' })

const resource = z.strictObject({
  type: name(128),
  id: name(1_024).optional(),
  name: line(2_048).optional(),
  url: webAddress.optional(),
})

const actor = z
  .strictObject({
    type: z.enum(['user', 'api_token', 'system']),
    id: name(512).optional(),
    email: line(320).optional(),
    name: line(512).optional(),
    role: line(128).optional(),
  })
  .refine((value) => value.type === 'system' || value.id !== undefined, {
    error: 'The actor needs an id unless its type is "system".',
    path: ['id'],
  })

const submittedEvent = z
  .strictObject({
    id: name(128)
      .refine((text) => !RESERVED_ID.test(text), {
        error: 'Ids of the form seq_<number> are given by the log.',
      })
      .optional()
      .meta({ description: "The client's own id, unique in the workspace: makes a retry harmless." }),
    timestamp: timestamp.optional(),
    actor,
    action: name(256),
    outcome: z.enum(['success', 'failure']).optional(),
    resource,
    related: z.array(resource).max(100).optional(),
    before: jsonObject('What it was.').optional(),
    after: jsonObject('What it became.').optional(),
    justification: z.string().max(16_384).optional(),
    source: z
      .strictObject({ ip: line(64).optional(), user_agent: z.string().max(4_096).optional() })
      .optional(),
    metadata: jsonObject('Anything else.').optional(),
  })
  .meta({ title: 'Audit event, as submitted' })

export type Validation =
  | { readonly event: SubmittedEvent; readonly maxBytes: number }
  | { readonly problems: readonly InvalidPart[] }

/**
 * Validates one submitted value. The event returned is the value itself, not a copy; `maxBytes` bounds its canonical form
 * from above. `index` is its place in the request and only goes into the problems.
 */
export function validateEvent(submitted: unknown, index: number): Validation {
  if (typeof submitted !== 'object' || submitted === null || Array.isArray(submitted)) {
    return { problems: [{ index, path: '', message: 'An event must be a JSON object.' }] }
  }
  const { faults, maxBytes } = checkJson(submitted)
  if (faults.length > 0) return { problems: faults.map((fault) => ({ index, ...fault })) }
  const result = submittedEvent.safeParse(submitted)
  if (result.success) return { event: submitted as SubmittedEvent, maxBytes }
  return { problems: result.error.issues.flatMap((issue) => describe(issue, index, submitted)) }
}

/** JSON Schema (2020-12) of a submitted event, for OpenAPI and for editors. */
export function eventJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(submittedEvent, { unrepresentable: 'any' })
}

function describe(issue: z.core.$ZodIssue, index: number, submitted: unknown): InvalidPart[] {
  const path = issue.path.map((key) => '/' + escapePointer(String(key))).join('')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      index,
      path: `${path}/${escapePointer(key)}`,
      message: 'This field is not known; put data of your own under "metadata".',
    }))
  }
  return [{ index, path, message: sentence(issue, submitted) }]
}

/** Schemas above say their own sentences; for the rest, zod's codes become ours. Never the value itself: it may be a secret. */
function sentence(issue: z.core.$ZodIssue, submitted: unknown): string {
  if (issue.code === 'custom') return issue.message
  if (valueAt(submitted, issue.path) === undefined) return 'This field is required.'
  if (issue.code === 'invalid_type') {
    return `${/^[aeiou]/.test(issue.expected) ? 'An' : 'A'} ${issue.expected} is expected.`
  }
  if (issue.code === 'invalid_value') {
    return `One of ${issue.values.map((value) => JSON.stringify(value)).join(', ')} is expected.`
  }
  if (issue.code === 'too_big') {
    return `At most ${issue.maximum} ${issue.origin === 'array' ? 'items' : 'characters'} are allowed.`
  }
  return issue.message
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value)
}
