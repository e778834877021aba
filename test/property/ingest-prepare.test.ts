import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { TrailsealError } from '../../src/errors.ts'
import { canonicalize } from '../../src/event/canonical-json.ts'
import { splitEvents } from '../../src/ingest/native/read-events.ts'
import { prepareEvent } from '../../src/ingest/prepare/prepare-event.ts'

const SECRET = ['ghp', 'a1B2c3D4'.repeat(5)].join('_')
const SECRET_NAMES = ['password', 'clientSecret', 'API_KEY', 'x-auth-token', 'Authorization', 'privateKey']

/** Ways to put a value further inside, as events do. */
const WRAPPERS: readonly ((value: unknown) => unknown)[] = [
  (value) => [1, value],
  (value) => ({ inner: value, id: 'x' }),
  (value) => JSON.stringify({ inner: value }),
  (value) => JSON.stringify([value]),
]
const wrapped = (value: unknown, wrappers: readonly number[]) =>
  wrappers.reduce((inner, wrapper) => (WRAPPERS[wrapper] as (typeof WRAPPERS)[number])(inner), value)
const wrappers = fc.array(fc.nat({ max: WRAPPERS.length - 1 }), { maxLength: 4 })
const field = fc.constantFrom('before', 'after', 'metadata')
const words = fc
  .array(fc.constantFrom('risk', 'changed', 'the', 'Art. 13', '2026', 'über'), { maxLength: 5 })
  .map((list) => list.join(' '))

const prepare = (submitted: object) =>
  prepareEvent(
    { actor: { type: 'system' }, action: 'a.created', resource: { type: 'A' }, ...submitted },
    0,
    0,
  )

/** How preparing and writing an event ends. */
function outcomeOf(submitted: object): string {
  try {
    canonicalize(prepare(submitted))
    return 'entry'
  } catch (error) {
    return error instanceof TrailsealError ? error.code : String(error)
  }
}

async function* cut(body: Buffer, sizes: readonly number[]) {
  let start = 0
  for (const size of [...sizes, body.length]) {
    yield await Promise.resolve(body.subarray(start, start + size))
    start += size
  }
}

describe('preparing an event', () => {
  test('a secret recognisable by itself never survives, wherever it stands', () => {
    fc.assert(
      fc.property(field, wrappers, words, words, (name, around, before, after) => {
        const event = prepare({ [name]: { note: wrapped(`${before} ${SECRET} ${after}`, around) } })
        expect(canonicalize(event)).not.toContain(SECRET.slice(4))
        expect(event.redacted).toBe(1)
      }),
    )
  })

  test('a value under the name of a secret never survives, wherever it stands', () => {
    fc.assert(
      fc.property(field, wrappers, fc.constantFrom(...SECRET_NAMES), (name, around, secretName) => {
        const event = prepare({ [name]: { note: wrapped({ [secretName]: 'correct horse' }, around) } })
        expect(canonicalize(event)).not.toContain('correct horse')
        expect(event.redacted).toBe(1)
      }),
    )
  })

  test('any JSON in metadata either becomes an entry or is refused as invalid', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
        (metadata) => {
          expect(outcomeOf({ metadata: { ...metadata } })).toMatch(/^(?:entry|invalid_event)$/)
        },
      ),
    )
  })
})

describe('decoding a body', () => {
  test('gives what JSON.parse gives, wherever the chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }), { minLength: 1 }),
        fc.array(fc.nat({ max: 20 })),
        async (events, sizes) => {
          const pretty = Buffer.from(JSON.stringify(events, null, 1))
          const ndjson = Buffer.from(events.map((event) => JSON.stringify(event)).join('\n'))
          const expected = JSON.parse(pretty.toString()) as unknown
          expect([...(await splitEvents(cut(pretty, sizes), 'json'))]).toEqual(expected)
          expect([...(await splitEvents(cut(ndjson, sizes), 'lines'))]).toEqual(expected)
        },
      ),
    )
  })
})
