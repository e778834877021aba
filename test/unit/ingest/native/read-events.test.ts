import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import type { TrailsealError } from '../../../../src/errors.ts'
import { Intake } from '../../../../src/ingest/native/intake.ts'
import { MAX_WIRE_EVENT_BYTES } from '../../../../src/ingest/native/limits.ts'
import { lines, readSubmittedEvents, splitEvents } from '../../../../src/ingest/native/read-events.ts'
import type { BodyHeaders } from '../../../../src/ingest/native/read-events.ts'

const NDJSON = { 'content-type': 'application/x-ndjson' }

// eslint-disable-next-line @typescript-eslint/require-await -- a body that is there already
async function* stream(bytes: Uint8Array | string, size = 65_536) {
  const body = Buffer.from(bytes)
  for (let start = 0; start < body.length; start += size) yield body.subarray(start, start + size)
}
/** All events, parsed. */
const read = async (body: Uint8Array | string, headers: BodyHeaders = {}) => [
  ...(await readSubmittedEvents(stream(body), headers, new Intake().open())),
]
const refusal = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) })

describe('reading a body', () => {
  test.each<[string, string, BodyHeaders, unknown[]]>([
    ['one object', ' {"a":1}\n', {}, [{ a: 1 }]],
    [
      'one object, said to be JSON',
      '{"a":1}',
      { 'content-type': 'Application/JSON; charset=UTF-8' },
      [{ a: 1 }],
    ],
    ['an array', ' [ {"a":"],["} ,\n {"b":[{}]}, 3 ] ', {}, [{ a: '],[' }, { b: [{}] }, 3]],
    [
      'quotes and backslashes in strings',
      String.raw`[{"a":"\\"},{"b":"\",["}]`,
      {},
      [{ a: '\\' }, { b: '",[' }],
    ],
    ['lines', '{"a":1}\n{"b":2}', NDJSON, [{ a: 1 }, { b: 2 }]],
    ['lines with CRLF, blanks and an end', '\n{"a":1}\r\n \r\n\n{"b":2}\r\n', NDJSON, [{ a: 1 }, { b: 2 }]],
    ['a byte order mark', '\ufeff[{"a":1}]', {}, [{ a: 1 }]],
    ['an own __proto__ as data', '{"__proto__":1}', {}, [JSON.parse('{"__proto__":1}')]],
  ])('%s', async (_what, body, headers, events) => {
    await expect(read(body, headers)).resolves.toEqual(events)
  })

  test.each<[string, string | Uint8Array, BodyHeaders, string, string]>([
    ['nothing', '', {}, 'bad_request', 'no event'],
    ['white space', ' \n', NDJSON, 'bad_request', 'no event'],
    ['an empty array', '[]', {}, 'bad_request', 'no event'],
    ['text', 'hello', {}, 'bad_json', 'Event 0'],
    ['a comma too many', '[{"a":1},]', {}, 'bad_json', 'Event 1, at byte 9'],
    ['a missing event', '[1,,2]', {}, 'bad_json', 'Event 1, at byte 3'],
    ['an array that does not end', '[{"a":1}', {}, 'bad_json', 'does not end'],
    ['an event that does not end', '[{"a":1', {}, 'bad_json', 'does not end'],
    ['something behind the array', '[1] [2]', {}, 'bad_json', 'at byte 4'],
    ['something behind the object', '{"a":1} {"b":2}', {}, 'bad_json', 'Event 0'],
    ['brackets that do not match', '[{"a":[1}]', {}, 'bad_json', 'Event 0'],
    ['the third of some', '[{"a":1},{"a":2},{"a":}]', {}, 'bad_json', 'Event 2, at byte 17'],
    ['a bad line', '{"a":1}\n\n{"a"\n', NDJSON, 'bad_json', 'Event 1, at byte 9'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 'bad_json', 'UTF-8'],
    ['deep arrays', '['.repeat(200_000), {}, 'bad_json', 'nested'],
    ['deep objects', '{"a":'.repeat(65), {}, 'bad_json', 'nested'],
    ['deep lines', '{"a":1}\n' + '[{"a":'.repeat(40), NDJSON, 'bad_json', 'Event 1'],
    ['a long event', `[1,"${'x'.repeat(MAX_WIRE_EVENT_BYTES)}"]`, {}, 'event_too_large', 'Event 1'],
    ['a long line', 'x'.repeat(MAX_WIRE_EVENT_BYTES + 1), NDJSON, 'event_too_large', 'Event 0'],
    [
      'a form',
      'a=1',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'unsupported_media_type',
      'json',
    ],
    [
      'another charset',
      '{}',
      { 'content-type': 'application/json; charset=latin1' },
      'unsupported_media_type',
      'UTF-8',
    ],
    ['a type of the prototype', '{}', { 'content-type': 'constructor' }, 'unsupported_media_type', ''],
    ['another coding', '{}', { 'content-encoding': 'br' }, 'unsupported_media_type', 'gzip, zstd'],
    ['two codings', '{}', { 'content-encoding': 'gzip, gzip' }, 'unsupported_media_type', ''],
  ])('refuses %s', async (_what, body, headers, code, message) => {
    await expect(read(body, headers)).rejects.toEqual(refusal(code, message))
  })

  test('never repeats the text in its error, which may hold a secret', async () => {
    const error = await read('{"password": hunter2}').catch((caught: unknown) => caught)
    expect((error as TrailsealError).message).not.toContain('hunter2')
  })

  test('does not depend on where the chunks are cut', async () => {
    const body = Buffer.from(String.raw`[{"a":"é\"]","b":[1,{}]} , {"c":"😀\\"},null]`)
    const expected = JSON.parse(body.toString()) as unknown
    for (let size = 1; size <= body.length; size++) {
      expect([...(await splitEvents(stream(body, size), 'json'))]).toEqual(expected)
    }
  })
})

describe('unpacking a body', () => {
  const events = Array.from({ length: 500 }, (_, index) => ({ index, text: `event ${index * 7_919}` }))
  const json = JSON.stringify(events)
  const packed = { gzip: gzipSync(json), zstd: zstdCompressSync(json) }

  test.each(['gzip', 'zstd'] as const)('reads %s', async (coding) => {
    await expect(read(packed[coding], { 'content-encoding': coding })).resolves.toEqual(events)
  })

  test.each(['gzip', 'zstd'] as const)('refuses %s that is cut off or changed', async (coding) => {
    const headers = { 'content-encoding': coding }
    const bytes = packed[coding]
    await expect(read(bytes.subarray(0, -3), headers)).rejects.toEqual(refusal('bad_request', coding))
    await expect(read('{"a":1}', headers)).rejects.toEqual(refusal('bad_request', coding))
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(bytes.length >> 1) ^ 0x10, bytes.length >> 1)
    await expect(read(changed, headers)).rejects.toEqual(expect.objectContaining({ status: 400 }))
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('refuses a %s bomb while it unfolds', async (coding, pack) => {
    const bomb = pack(Buffer.alloc(48 * 1_024 * 1_024, ' '))
    expect(bomb.length).toBeLessThan(64 * 1_024)
    await expect(read(bomb, { 'content-encoding': coding })).rejects.toEqual(refusal('body_too_large'))
  })

  test('refuses a plain body that is too long', async () => {
    await expect(read(Buffer.alloc(32 * 1_024 * 1_024 + 1, ' '))).rejects.toEqual(refusal('body_too_large'))
  })

  test('passes on the failure of the connection itself', async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- see stream
    async function* broken() {
      yield packed.gzip.subarray(0, 10)
      throw new Error('aborted')
    }
    await expect(
      readSubmittedEvents(broken(), { 'content-encoding': 'gzip' }, new Intake().open()),
    ).rejects.toThrow('aborted')
  })
})

describe('limits over requests', () => {
  test('bodies that are read at once share a bounded memory, and give it back', async () => {
    const intake = new Intake(1_000)
    const body = `{"text":"${'x'.repeat(700)}"}`
    {
      using first = intake.open()
      await readSubmittedEvents(stream(body), {}, first)
      using second = intake.open()
      await expect(readSubmittedEvents(stream(body), {}, second)).rejects.toEqual(refusal('overloaded'))
    }
    using third = intake.open()
    expect(await readSubmittedEvents(stream(body), {}, third)).toHaveLength(1)
  })

  test('more events than one request may hold are refused before they fill the memory', async () => {
    await expect(read('{}\n'.repeat(50_001), NDJSON)).rejects.toEqual(
      refusal('body_too_large', '50000 events'),
    )
  })
})

describe('while a large body is decoded', () => {
  test('others get their turn', async () => {
    const body = Buffer.from(
      JSON.stringify(Array.from({ length: 40_000 }, (_, index) => ({ index, text: 'x'.repeat(300) }))),
    )
    let turns = 0
    const count = () => {
      turns++
      if (running) setImmediate(count)
    }
    let running = true
    setImmediate(count)
    await splitEvents(body, 'json')
    running = false
    expect(turns).toBeGreaterThan(5)
  })
})

describe('lines of a file', () => {
  test('come one by one with their place, however long the file', async () => {
    const found: [number, number, string][] = []
    for await (const line of lines(stream('a\r\n\nbb\nccc', 3))) {
      found.push([line.index, line.offset, Buffer.from(line.bytes).toString().trim()])
    }
    expect(found).toEqual([
      [0, 0, 'a'],
      [1, 4, 'bb'],
      [2, 7, 'ccc'],
    ])
  })

  test('are refused when too long', async () => {
    const read = async () => {
      for await (const line of lines(stream('short\n' + 'x'.repeat(100)), 50)) expect(line.index).toBe(0)
    }
    await expect(read()).rejects.toEqual(refusal('event_too_large', 'Event 1'))
  })
})
