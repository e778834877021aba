import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { AuditEvent, JsonObject, LogPosition } from '../../src/event/audit-event.ts'
import { canonicalize } from '../../src/event/canonical-json.ts'
import { canonicalParts, parseEntry, sealEntry } from '../../src/event/entry.ts'

const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())
const json = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  object: fc.dictionary(text, tie('value'), { maxKeys: 30 }),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.integer(),
    text,
    fc.array(tie('value')),
    tie('object'),
  ),
}))

const resource = fc.record(
  { type: text, id: text, name: text, url: text },
  { requiredKeys: ['type'], noNullPrototype: true },
)
const object = json.object as fc.Arbitrary<JsonObject>
const event: fc.Arbitrary<AuditEvent> = fc.record(
  {
    id: text,
    timestamp: text,
    actor: fc.record(
      { type: fc.constantFrom('user', 'api_token', 'system'), id: text, email: text, name: text, role: text },
      { requiredKeys: ['type'], noNullPrototype: true },
    ),
    action: text,
    verb: text,
    category: text,
    outcome: fc.constantFrom('success', 'failure'),
    resource,
    related: fc.array(resource),
    before: object,
    after: object,
    justification: text,
    source: fc.record({ ip: text, user_agent: text }, { requiredKeys: [], noNullPrototype: true }),
    metadata: object,
    redacted: fc.nat(),
  },
  {
    requiredKeys: ['timestamp', 'actor', 'action', 'verb', 'category', 'outcome', 'resource'],
    noNullPrototype: true,
  },
)
const base64 = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('base64'))
const position: fc.Arbitrary<LogPosition> = fc.record({
  id: text,
  log: text,
  seq: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  received_at: fc
    .date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  prev: base64(32),
  salt: base64(16),
})

/** The same value with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  )
}

describe('canonical JSON', () => {
  test('parses back to the same value, -0 apart', () => {
    fc.assert(
      fc.property(json.value, (value) => {
        expect(JSON.parse(canonicalize(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('is its own canonical form', () => {
    fc.assert(
      fc.property(json.value, (value) => {
        const canonical = canonicalize(value)
        expect(canonicalize(JSON.parse(canonical))).toBe(canonical)
      }),
    )
  })

  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(json.value, (value) => {
        expect(canonicalize(reversed(value))).toBe(canonicalize(value))
      }),
    )
  })
})

describe('sealing an entry', () => {
  test('gives the canonical JSON of event, position and version, no longer than announced', () => {
    fc.assert(
      fc.property(event, position, (anEvent, aPosition) => {
        const parts = canonicalParts({ ...anEvent, id: aPosition.id })
        const sealed = Buffer.from(sealEntry(parts, aPosition)).toString()
        expect(sealed).toBe(canonicalize({ ...anEvent, ...aPosition, v: 1 }))
        expect(Buffer.byteLength(sealed)).toBeLessThanOrEqual(parts.bytes + Buffer.byteLength(aPosition.log))
      }),
    )
  })

  test('and parsing it are inverse', () => {
    fc.assert(
      fc.property(event, position, (anEvent, aPosition) => {
        const sealed = Buffer.from(sealEntry(canonicalParts(anEvent), aPosition)).toString()
        expect(canonicalize(parseEntry(sealed))).toBe(sealed)
      }),
    )
  })
})
