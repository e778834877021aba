import { describe, expect, test } from '@jest/globals'
import { TrailsealError } from '../../../../src/errors.ts'
import { MAX_PROBLEMS, prepareEvent, prepareEvents } from '../../../../src/ingest/prepare/prepare-event.ts'

const NOW = Date.parse('2026-11-23T12:00:00.000Z')
const minimal = { actor: { type: 'system' }, action: 'robot.cleaned', resource: { type: 'ROBOT' } }

function errorOf(run: () => unknown): TrailsealError {
  try {
    run()
  } catch (error) {
    if (error instanceof TrailsealError) return error
  }
  throw new Error('nothing was refused')
}

describe('preparing an event', () => {
  test('fills in what was not said', () => {
    expect(prepareEvent(minimal, 0, NOW)).toEqual({
      ...minimal,
      timestamp: '2026-11-23T12:00:00.000Z',
      verb: 'CLEANED',
      category: 'other',
      outcome: 'success',
    })
  })

  test('normalises, truncates and redacts', () => {
    const submitted = {
      ...minimal,
      id: 'e-1',
      timestamp: '2026-11-23T13:30:00.5+01:30',
      action: 'evidence.uploaded',
      actor: { type: 'user', id: 'u_7', name: 'password=hunter2' },
      resource: { type: 'FILE', url: 'https://bob:hunter2@example.com/f?token=abc' },
      related: [{ type: 'A', name: 'secret=x' }],
      before: { password: 'x' },
      after: { a: [{ token: 'x' }] },
      justification: 'Bearer 0123456789abcdef',
      source: { ip: '203.0.113.7', user_agent: 'curl/8.5.0' },
      metadata: { doc: '{"api_key":"x"}' },
    }
    const event = prepareEvent(submitted, 0, NOW)
    expect(event).toMatchObject({
      id: 'e-1',
      timestamp: '2026-11-23T12:00:00.500Z',
      verb: 'CREATE',
      category: 'evidence',
      source: { ip: '203.0.113.0', user_agent: 'curl 8' },
      resource: { url: 'https://bob:[redacted]@example.com/f?token=[redacted]' },
      redacted: 8,
    })
    expect(JSON.stringify(event)).not.toMatch(/hunter2|"x"|abc/)
    expect(prepareEvent(submitted, 3, NOW + 1)).toEqual(event)
  })

  test('leaves no trace of a source that says nothing', () => {
    expect(prepareEvent({ ...minimal, source: { user_agent: ' ' } }, 0, NOW)).not.toHaveProperty('source')
  })

  test('refuses a source that is no address, and an id that is a secret', () => {
    const ghp = ['ghp', 'a1B2'.repeat(10)].join('_')
    expect(errorOf(() => prepareEvent({ ...minimal, source: { ip: 'localhost' } }, 0, NOW)).errors).toEqual([
      expect.objectContaining({ path: '/source/ip' }),
    ])
    expect(errorOf(() => prepareEvent({ ...minimal, id: ghp }, 0, NOW)).errors).toEqual([
      expect.objectContaining({ path: '/id' }),
    ])
  })

  test('refuses an event that no entry can hold, and takes the largest that one can', () => {
    const sized = (length: number) => ({ ...minimal, metadata: { text: 'word '.repeat(length / 5) } })
    expect(errorOf(() => prepareEvent(sized(70_000), 4, NOW))).toMatchObject({
      code: 'event_too_large',
      message: expect.stringContaining('Event 4'),
    })
    expect(prepareEvent(sized(64_500), 0, NOW).metadata).toBeDefined()
  })

  test('takes an event that is only large because of a file in it', () => {
    const event = prepareEvent({ ...minimal, metadata: { content: 'word '.repeat(20_000) } }, 0, NOW)
    expect(event.metadata).toEqual({
      content: expect.stringMatching(/^\[redacted: file content, 100000 bytes, sha256 /),
    })
  })
})

describe('preparing a request', () => {
  test('names the one bad event among ten thousand', () => {
    const submitted: unknown[] = Array.from({ length: 10_000 }, () => minimal)
    submitted[7_777] = { ...minimal, action: 7 }
    expect(errorOf(() => prepareEvents(submitted, NOW))).toMatchObject({
      code: 'invalid_event',
      errors: [{ index: 7_777, path: '/action', message: 'A string is expected.' }],
    })
  })

  test('names all problems up to a limit', () => {
    const submitted = Array.from({ length: 1_000 }, () => ({ action: 1, x: 1 }))
    const { errors } = errorOf(() => prepareEvents(submitted, NOW))
    expect(errors).toHaveLength(MAX_PROBLEMS)
    expect(new Set(errors?.map((problem) => problem.index)).size).toBeGreaterThan(20)
  })
})
