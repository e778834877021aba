import { describe, expect, test } from '@jest/globals'
import { eventJsonSchema, validateEvent } from '../../../src/event/schema.ts'

const minimal = { actor: { type: 'system' }, action: 'robot.cleaned', resource: { type: 'ROBOT' } }
const full = {
  id: 'e-1',
  timestamp: '2026-11-23T12:00:00.123+01:00',
  actor: { type: 'user', id: 'u_7', email: 'a@example.com', name: 'A', role: 'owner' },
  action: 'evidence.uploaded',
  outcome: 'failure',
  resource: { type: 'FILE', id: 'f_9', name: 'risk.pdf', url: 'https://example.com/f_9' },
  related: [{ type: 'OBLIGATION', id: 'o_1', name: 'Art. 13' }],
  before: {},
  after: { a: [1, null, true, 'x', { b: {} }] },
  justification: 'because\nof this',
  source: { ip: '203.0.113.7', user_agent: 'x' },
  metadata: { constructor: 1, toString: 'fine' },
}

const problems = (submitted: unknown) => {
  const validation = validateEvent(submitted, 7)
  return 'problems' in validation ? validation.problems : []
}
const paths = (submitted: unknown) => problems(submitted).map((problem) => problem.path)
const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) })

describe('schema of a submitted event', () => {
  test.each([
    ['minimal', minimal],
    ['full', full],
  ])('accepts a %s event, and returns it itself', (_what, submitted) => {
    const validation = validateEvent(submitted, 0)
    expect(validation).toHaveProperty('event')
    expect('event' in validation && validation.event).toBe(submitted)
  })

  test.each<[string, unknown, string]>([
    ['an unknown field', { ...minimal, verb: 'READ' }, '/verb'],
    ['a field of the prototype', { ...minimal, constructor: 1 }, '/constructor'],
    ['an unknown field of the actor', { ...minimal, actor: { type: 'system', admin: true } }, '/actor/admin'],
    [
      'an unknown field of the resource',
      { ...minimal, resource: { type: 'A', 'x/y~z': 1 } },
      '/resource/x~1y~0z',
    ],
    [
      'an unknown field of a related resource',
      { ...minimal, related: [{ type: 'A' }, { type: 'B', b: 1 }] },
      '/related/1/b',
    ],
    ['an unknown field of the source', { ...minimal, source: { host: 'x' } }, '/source/host'],
    ['a missing action', { actor: minimal.actor, resource: minimal.resource }, '/action'],
    ['a user without id', { ...minimal, actor: { type: 'user' } }, '/actor/id'],
    ['an unknown kind of actor', { ...minimal, actor: { type: 'robot' } }, '/actor/type'],
    ['an action that is no text', { ...minimal, action: 7 }, '/action'],
    ['an empty action', { ...minimal, action: '' }, '/action'],
    ['an actor that is null', { ...minimal, actor: null }, '/actor'],
    ['an outcome that is none', { ...minimal, outcome: 'unknown' }, '/outcome'],
    ['a timestamp without offset', { ...minimal, timestamp: '2026-11-23T12:00:00' }, '/timestamp'],
    ['a timestamp as number', { ...minimal, timestamp: 1 }, '/timestamp'],
    ['an id of the log', { ...minimal, id: 'seq_12' }, '/id'],
    ['too long an id', { ...minimal, id: 'x'.repeat(129) }, '/id'],
    ['a control character in an id', { ...minimal, id: 'a\u0007b' }, '/id'],
    ['a line end in an action', { ...minimal, action: 'a\nb' }, '/action'],
    ['a script as URL', { ...minimal, resource: { type: 'A', url: 'javascript:alert(1)' } }, '/resource/url'],
    ['a relative URL', { ...minimal, resource: { type: 'A', url: '/x' } }, '/resource/url'],
    ['an array as metadata', { ...minimal, metadata: [] }, '/metadata'],
    ['a text as before', { ...minimal, before: 'x' }, '/before'],
    ['NUL in a text', { ...minimal, metadata: { a: ['x', 'y\0'] } }, '/metadata/a/1'],
    ['half a surrogate pair in a text', { ...minimal, justification: 'x\ud800' }, '/justification'],
    ['half a surrogate pair in a key', { ...minimal, metadata: { '\ud800': 1 } }, '/metadata'],
    ['NUL in a key', { ...minimal, metadata: { 'a\0': 1 } }, '/metadata'],
    ['too long a key', { ...minimal, metadata: { ['k'.repeat(257)]: 1 } }, '/metadata'],
    [
      'a number beyond doubles',
      { ...minimal, metadata: { a: JSON.parse('1e999') as number } },
      '/metadata/a',
    ],
    ['__proto__ on top', JSON.parse('{"__proto__":{"action":"x"},"actor":{"type":"system"}}'), '/__proto__'],
    [
      '__proto__ inside',
      { ...minimal, after: JSON.parse('{"a":{"__proto__":1}}') as object },
      '/after/a/__proto__',
    ],
    ['deep nesting', { ...minimal, metadata: nested(17) }, '/metadata' + '/a'.repeat(16)],
  ])('refuses %s and says where', (_what, submitted, path) => {
    expect(paths(submitted)).toContain(path)
  })

  test.each([null, 'text', 7, [], true])('refuses %j as event', (submitted) => {
    expect(problems(submitted)).toEqual([{ index: 7, path: '', message: 'An event must be a JSON object.' }])
  })

  test('takes sixteen levels of metadata', () => {
    expect(paths({ ...minimal, metadata: nested(16) })).toEqual([])
  })

  test('names all that is wrong in sentences, and never repeats a value', () => {
    const found = problems({ secret_field: 'hunter2', actor: { type: 'hunter2' }, action: ['hunter2'] })
    expect(found.map((problem) => problem.path).sort()).toEqual([
      '/action',
      '/actor/type',
      '/resource',
      '/secret_field',
    ])
    expect(JSON.stringify(found)).not.toContain('hunter2')
    for (const { message } of found) expect(message).toMatch(/^[A-Z].*\.$/)
  })

  test('never pollutes a prototype', () => {
    validateEvent(JSON.parse('{"metadata":{"__proto__":{"polluted":1}}}'), 0)
    expect({}).not.toHaveProperty('polluted')
  })

  test('is a JSON Schema too', () => {
    expect(eventJsonSchema()).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['actor', 'action', 'resource'],
      properties: { timestamp: { type: 'string', format: 'date-time' }, metadata: { type: 'object' } },
    })
  })
})
