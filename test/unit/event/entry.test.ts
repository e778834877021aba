import { describe, expect, test } from '@jest/globals'
import type { AuditEvent, LogPosition } from '../../../src/event/audit-event.ts'
import { canonicalize } from '../../../src/event/canonical-json.ts'
import { canonicalParts, MAX_ORIGIN_BYTES, parseEntry, sealEntry } from '../../../src/event/entry.ts'

const event: AuditEvent = {
  timestamp: '2026-11-23T12:00:00.123Z',
  actor: { type: 'user', id: 'u_7', name: 'Zoë' },
  action: 'evidence.uploaded',
  verb: 'CREATE',
  category: 'evidence',
  outcome: 'success',
  resource: { type: 'FILE', id: 'f_9' },
}
const position: LogPosition = {
  id: 'seq_0',
  log: 'example.com/acme',
  seq: 0,
  received_at: '2026-11-23T12:00:01.000Z',
  prev: 'A'.repeat(43) + '=',
  salt: 'A'.repeat(22) + '==',
}
const entry = Buffer.from(sealEntry(canonicalParts(event), position)).toString()
const malformed = expect.objectContaining({ code: 'malformed_proof' })

describe('entry of a log', () => {
  test('is the canonical JSON of event, position and version', () => {
    expect(entry).toBe(canonicalize({ ...event, ...position, v: 1 }))
  })

  test('parses back, from text and from bytes', () => {
    const expected = { ...event, ...position, v: 1 }
    expect(parseEntry(entry)).toEqual(expected)
    expect(parseEntry(Buffer.from(entry))).toEqual(expected)
  })

  test('keeps fields that a later version adds', () => {
    const later = canonicalize({ ...event, ...position, v: 1, zone: 'eu' })
    expect(parseEntry(later)).toMatchObject({ zone: 'eu' })
  })

  test('is never longer than its parts announce, at the worst position and with letters of any width', () => {
    const ids = ['seq_9007199254740991', 'é'.repeat(128), '😀'.repeat(64), '"'.repeat(128)]
    for (const id of ids) {
      const parts = canonicalParts({ ...event, id, justification: '€ "😀" \u0001 ü' })
      const worst = { ...position, id, log: 'x'.repeat(MAX_ORIGIN_BYTES), seq: Number.MAX_SAFE_INTEGER }
      const length = Buffer.byteLength(sealEntry(parts, worst))
      expect(parts.bytes).toBeGreaterThanOrEqual(length)
      expect(parts.bytes - length).toBeLessThan(32)
    }
  })

  const object = JSON.parse(entry) as Record<string, unknown>
  test.each([
    ['white space', entry.replace('{', '{ ')],
    ['keys in another order', JSON.stringify({ v: 1, ...object })],
    ['a repeated key', entry.replace('"v":1', '"v":1,"v":1')],
    ['another version', canonicalize({ ...object, v: 2 })],
  ])('refuses %s', (_what, text) => {
    expect(() => parseEntry(text)).toThrow(malformed)
  })

  test.each([
    ['actor', 'me'],
    ['resource', {}],
    ['related', [{}]],
    ['seq', -1],
    ['outcome', 'maybe'],
    ['metadata', []],
    ['salt', 1],
  ])('refuses a %s of the wrong type', (field, value) => {
    expect(() => parseEntry(canonicalize({ ...object, [field]: value }))).toThrow(malformed)
  })

  test.each<[string, string | Uint8Array]>([
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(entry.slice(0, -1)), Buffer.from([0xff])])],
    ['a byte order mark', `\ufeff${entry}`],
    ['too long an entry', canonicalize({ ...object, justification: 'x'.repeat(65_535) })],
    ['deep nesting', '['.repeat(60_000)],
    ['no object', '[]'],
  ])('refuses %s', (_what, text) => {
    expect(() => parseEntry(text)).toThrow(malformed)
  })
})
