import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { gzipSync } from 'node:zlib'
import { event, EVENTS, expectProblem, JSON_TYPE, MEBIBYTE, NDJSON, Target } from '../support/target.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Bodies that are no events, over HTTP: the contract's error, nothing half-stored, process alive. */
const directory = temporaryDirectory()
let target: Target

beforeAll(async () => {
  target = await Target.start(directory.path)
})

afterAll(async () => {
  await target[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

const MALFORMED: readonly [name: string, body: string | Uint8Array, type: string][] = [
  ['cut off object', '{"actor":{"type":"user"', JSON_TYPE],
  ['cut off array', `[${JSON.stringify(event())},`, JSON_TYPE],
  ['array with a trailing comma', `[${JSON.stringify(event())},]`, JSON_TYPE],
  ['array that begins with a comma', `[,${JSON.stringify(event())}]`, JSON_TYPE],
  ['something after the array', `[${JSON.stringify(event())}] x`, JSON_TYPE],
  ['two objects in a row', `${JSON.stringify(event())}${JSON.stringify(event())}`, JSON_TYPE],
  ['single quotes', "{'actor':1}", JSON_TYPE],
  ['comment', '{/* */}', JSON_TYPE],
  ['NaN', '{"metadata":{"a":NaN}}', JSON_TYPE],
  ['a raw control character in a text', '{"action":"a\nb"}', JSON_TYPE],
  ['a bad escape', '{"action":"\\x41"}', JSON_TYPE],
  ['a raw NUL', new Uint8Array([0]), JSON_TYPE],
  ['no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), JSON_TYPE],
  ['a raw surrogate in UTF-8', new Uint8Array([0x5b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x5d]), JSON_TYPE],
  ['UTF-16', Buffer.from(JSON.stringify(event()), 'utf16le'), JSON_TYPE],
  ['10,000 levels of arrays', '['.repeat(10_000), JSON_TYPE],
  ['10,000 levels of objects', `{"metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_001)}`, JSON_TYPE],
  ['10,000 levels in a line', `{"metadata":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, NDJSON],
  ['a second line that is no JSON', `${JSON.stringify(event())}\nnope`, NDJSON],
  ['an array over two lines', `[${JSON.stringify(event())},\n${JSON.stringify(event())}]`, NDJSON],
]

const INVALID: readonly [name: string, submitted: unknown, path: string][] = [
  ['a number', 1, ''],
  ['a text', '"x"', ''],
  ['null', null, ''],
  ['an array in an array', [event()], ''],
  ['nothing', {}, '/actor'],
  ['an unknown field', event({ colour: 'red' }), '/colour'],
  ['an unknown field below', event({ actor: { type: 'user', id: 'u', pet: 'dog' } }), '/actor/pet'],
  ['a field that the gateway sets', event({ seq: 1 }), '/seq'],
  ['received_at', event({ received_at: '2026-01-01T00:00:00.000Z' }), '/received_at'],
  ['a wrong type of actor', event({ actor: { type: 'robot', id: 'x' } }), '/actor/type'],
  ['an actor that is a text', event({ actor: 'me' }), '/actor'],
  ['an actor without id', event({ actor: { type: 'user' } }), '/actor/id'],
  ['an action that is a number', event({ action: 7 }), '/action'],
  ['an empty action', event({ action: '' }), '/action'],
  ['metadata that is an array', event({ metadata: [] }), '/metadata'],
  ['before that is null', event({ before: null }), '/before'],
  ['an outcome that is none', event({ outcome: 'maybe' }), '/outcome'],
  ['no date', event({ timestamp: 'yesterday' }), '/timestamp'],
  ['a 30th of February', event({ timestamp: '2026-02-30T00:00:00Z' }), '/timestamp'],
  ['a time that is a number', event({ timestamp: 1 }), '/timestamp'],
  ['a script as address', event({ resource: { type: 'F', url: 'javascript:alert(1)' } }), '/resource/url'],
  ['related that is no list', event({ related: {} }), '/related'],
  ['an id of the log itself', event({ id: 'seq_3' }), '/id'],
  ['an id with a line end', event({ id: 'a\nb' }), '/id'],
  ['a lone surrogate', event({ justification: '\ud800' }), '/justification'],
  ['a lone surrogate as key', event({ metadata: { '\udc00': 1 } }), '/metadata'],
  ['NUL', event({ metadata: { a: { b: 'x\0y' } } }), '/metadata/a/b'],
  ['20 levels', event({ metadata: nested(20) }), `/metadata${'/a'.repeat(16)}`],
  ['a very long key', event({ metadata: { ['k'.repeat(300)]: 1 } }), '/metadata'],
]

function nested(levels: number): object {
  return levels === 0 ? {} : { a: nested(levels - 1) }
}

describe('bodies that are no events', () => {
  test.each(MALFORMED)('%s is bad_json', async (_name, body, type) => {
    const before = await target.logSize()
    await expectProblem(await target.post(body, { 'content-type': type }), 400, 'bad_json')
    expect(await target.logSize()).toBe(before)
  })

  test.each(INVALID)('%s is invalid_event that says where', async (_name, submitted, path) => {
    const before = await target.logSize()
    // JSON.stringify escapes lone surrogates, as a careless client does.
    const body = JSON.stringify([event(), submitted])
    const { errors } = await expectProblem(await target.post(body), 422, 'invalid_event')
    expect(errors?.map(({ index }) => index)).toEqual(errors?.map(() => 1))
    expect(errors?.map((each) => each.path)).toContain(path)
    expect(await target.logSize()).toBe(before)
  })

  const withKey = (key: string) =>
    `{"actor":{"type":"user","id":"u"},"action":"a.b","resource":{"type":"T"},"metadata":{"${key}":{"polluted":"yes"}}}`

  test('the key __proto__ is refused', async () => {
    const { errors } = await expectProblem(await target.post(withKey('__proto__')), 422, 'invalid_event')
    expect(errors?.[0]?.path).toBe('/metadata/__proto__')
  })

  test.each(['constructor', 'prototype', 'hasOwnProperty'])(
    'the key %s is kept and pollutes nothing',
    async (key) => {
      const response = await target.post(withKey(key))
      expect(response.status).toBe(201)
      const [stored] = ((await response.json()) as { events: { id: string }[] }).events
      const shown = await (await target.gateway.fetch(`${EVENTS}/${stored?.id}`)).text()
      expect(shown).toContain(`"${key}":{"polluted":"yes"}`)
    },
  )

  test('one bad event among 10,000 is named, and none of them is stored', async () => {
    const before = await target.logSize()
    const events = Array.from({ length: 10_000 }, (_, at) => event({ id: `many-${at}` }))
    events[6_543] = event({ id: 'many-6543', action: null })
    const { errors } = await expectProblem(await target.post(JSON.stringify(events)), 422, 'invalid_event')
    expect(errors).toEqual([{ index: 6_543, path: '/action', message: expect.any(String) }])
    expect(await target.logSize()).toBe(before)
  })

  test('an answer about 10,000 bad events stays short', async () => {
    const response = await target.post(`[${Array(10_000).fill('{}').join()}]`)
    expect((await response.clone().text()).length).toBeLessThan(MEBIBYTE)
    await expectProblem(response, 422, 'invalid_event')
  })

  test('an event of 70 kB is event_too_large, in whatever form', async () => {
    const before = await target.logSize()
    const long = JSON.stringify(event({ metadata: { words: 'long '.repeat(14_000) } }))
    await expectProblem(await target.post(long), 413, 'event_too_large')
    await expectProblem(await target.post(`[${JSON.stringify(event())},${long}]`), 413, 'event_too_large')
    await expectProblem(await target.post(`${long}\n`, { 'content-type': NDJSON }), 413, 'event_too_large')
    const packed = { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' }
    await expectProblem(await target.post(gzipSync(long), packed), 413, 'event_too_large')
    expect(await target.logSize()).toBe(before)
  })

  test.each(['', ' \n ', '[]', '\ufeff'])('a body without an event (%j) is bad_request', async (body) => {
    await expectProblem(await target.post(body), 400, 'bad_request')
    await expectProblem(
      await target.post(body === '[]' ? '' : body, { 'content-type': NDJSON }),
      400,
      'bad_request',
    )
  })

  test.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['application/json; charset=latin1', {}],
    ['constructor', {}],
    [JSON_TYPE, { 'content-encoding': 'br' }],
    [JSON_TYPE, { 'content-encoding': 'gzip, gzip' }],
    [JSON_TYPE, { 'content-encoding': '__proto__' }],
  ])('%s %j is unsupported_media_type', async (type, more) => {
    const response = await target.post(JSON.stringify(event()), { 'content-type': type, ...more })
    await expectProblem(response, 415, 'unsupported_media_type')
  })
})

describe('ids', () => {
  test('the same id with other content is id_conflict, also within one request, and nothing is stored', async () => {
    const before = await target.logSize()
    const other = event({ id: 'e-0', metadata: { at: 'elsewhere' } })
    await expectProblem(await target.post(JSON.stringify(other)), 409, 'id_conflict')
    await expectProblem(
      await target.post(JSON.stringify([event({ id: 'new-1' }), other])),
      409,
      'id_conflict',
    )
    const twice = [event({ id: 'new-2' }), event({ id: 'new-2', action: 'evidence.archived' })]
    await expectProblem(await target.post(JSON.stringify(twice)), 409, 'id_conflict')
    expect(await target.logSize()).toBe(before)
    await expectProblem(await target.gateway.fetch(`${EVENTS}/new-1`), 404, 'not_found')
  })

  test('the same id with the same content adds nothing, and answers with the first receipt', async () => {
    const before = await target.logSize()
    const response = await target.post(JSON.stringify(event({ id: 'e-1', metadata: { at: 1 } })))
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ events: [{ id: 'e-1', known: true }] })
    expect(await target.logSize()).toBe(before)
  })
})

test('after all this the process is the same, and nothing counted as a fault of its own', async () => {
  expect(target.gateway.child.exitCode).toBeNull()
  expect(await (await target.gateway.fetch('/readyz')).json()).toMatchObject({ ready: true })
  expect(target.gateway.errors()).toBe('')
})
