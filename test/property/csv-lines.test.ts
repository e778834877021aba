import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { JsonObject, LogEntry } from '../../src/event/audit-event.ts'
import { canonicalize } from '../../src/event/canonical-json.ts'
import { csvLine } from '../../src/export/formats/csv/csv-format.ts'
import { CsvLineWriter, mostLineBytes } from '../../src/export/formats/csv/csv-line.ts'

const plain = fc.oneof(
  fc.string({ maxLength: 20 }).map((value) => value.replaceAll(/["\\\\]/g, ',')),
  fc.constantFrom(
    '',
    ' ',
    '=1+1',
    '-2',
    '＝3',
    'a, b',
    ' x',
    'x ',
    '\u00a0x',
    'x\u2003',
    'Ада',
    'é',
    '}',
    '{',
    '中文 😀',
  ),
)
/** Most entries have no text that needs the parser. */
const text = fc.oneof(
  { weight: 40, arbitrary: plain },
  { weight: 1, arbitrary: fc.constantFrom('"q"', '{"a":1}', 'a\r\nb', '\t=1', 'back\\slash', '\u0000') },
)
const json = fc
  .dictionary(
    fc.oneof(text, fc.nat().map(String)),
    fc.oneof(
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constant(null),
      fc.dictionary(text, fc.array(text)),
    ),
    { maxKeys: 3 },
  )
  .map((value) => JSON.parse(canonicalize(value)) as JsonObject)
const entry = fc
  .record(
    {
      id: text,
      log: fc.constant('log.example/acme'),
      seq: fc.nat(),
      prev: fc.constant('A'.repeat(43) + '='),
      salt: fc.constant('B'.repeat(22) + '=='),
      received_at: fc.constant('2026-11-23T12:00:00.200Z'),
      timestamp: fc.constant('2026-11-23T12:00:00.123Z'),
      v: fc.constant(1),
      actor: fc.record(
        { type: fc.constantFrom('user', 'system'), id: text, email: text, name: text, role: text },
        { requiredKeys: ['type'] },
      ),
      action: text,
      verb: fc.constantFrom('CREATE', 'READ'),
      category: text,
      outcome: fc.constantFrom('success', 'failure'),
      resource: fc.record({ type: text, id: text, name: text, url: text }, { requiredKeys: ['type'] }),
      related: fc.array(fc.record({ type: text, id: text }), { maxLength: 2 }),
      before: json,
      after: json,
      metadata: json,
      justification: text,
      source: fc.record({ ip: text, user_agent: text }, { requiredKeys: [] }),
      redacted: fc.nat(),
    },
    {
      requiredKeys: [
        ...(['id', 'log', 'seq', 'prev', 'salt', 'received_at', 'timestamp', 'v'] as const),
        ...(['actor', 'action', 'verb', 'category', 'outcome', 'resource'] as const),
      ],
    },
  )
  .filter((value) => isWellFormed(value))

function isWellFormed(value: unknown): boolean {
  try {
    canonicalize(value)
    return true
  } catch {
    return false
  }
}

const writer = new CsvLineWriter()
const leafHash = Uint8Array.from({ length: 32 }, (_, at) => at * 7)

/** The line that is written straight from the bytes; null where the entry is left to the parser. */
function fastLine(bytes: Uint8Array): string | null {
  const target = new Uint8Array(mostLineBytes(bytes))
  const end = writer.write(bytes, leafHash, target, 0)
  expect(end).toBeLessThanOrEqual(target.length)
  return end < 0 ? null : Buffer.from(target.subarray(0, end)).toString('utf8')
}

test('a line written straight from the bytes of an entry is the one that its parsed event gives', () => {
  let straight = 0
  fc.assert(
    fc.property(entry, (value) => {
      const bytes = Buffer.from(canonicalize(value), 'utf8')
      const event = JSON.parse(bytes.toString('utf8')) as LogEntry
      const line = fastLine(bytes)
      if (line === null) return
      straight += 1
      expect(line).toBe(csvLine({ seq: event.seq, entry: bytes, event, leafHash }))
    }),
    { numRuns: 2_000 },
  )
  // quotation marks and control characters are left to the parser; a good part is not
  expect(straight).toBeGreaterThan(50)
})

test('what is not a canonical entry is left to the parser: other order, unknown members, cut off, any bytes', () => {
  const whole = Buffer.from(
    canonicalize(
      fc.sample(
        entry.filter((value) => fastLine(Buffer.from(canonicalize(value))) !== null),
        1,
      )[0],
    ),
  )
  for (let end = 0; end < whole.length; end++) expect(fastLine(whole.subarray(0, end))).toBeNull()
  expect(fastLine(Buffer.concat([whole, Buffer.from(' ')]))).toBeNull()
  expect(fastLine(Buffer.from(whole.toString().replace('{"action"', '{ "action"')))).toBeNull()
  expect(fastLine(Buffer.from(whole.toString().replace('"v":1', '"u":0,"v":1')))).toBeNull()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      fastLine(bytes)
    }),
  )
})
