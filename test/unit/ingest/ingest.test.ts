import { describe, expect, test } from '@jest/globals'
import type { PreparedEvent } from '../../../src/event/prepared-event.ts'
import { Ingest } from '../../../src/ingest/ingest.ts'
import type { Appender } from '../../../src/ingest/ingest.ts'

const NOW = Date.parse('2026-11-23T12:00:00.000Z')
const event = (action: string, id?: string) => ({
  ...(id !== undefined && { id }),
  actor: { type: 'system' },
  action,
  resource: { type: 'ROBOT' },
})

/** The least that the port promises: everything given is kept, in order. */
class MemoryAppender implements Appender {
  readonly kept: PreparedEvent[] = []

  open(workspace: string) {
    const events: PreparedEvent[] = []
    return {
      add: (event: PreparedEvent) => void events.push(event),
      append: () => this.#append(workspace, events),
    }
  }

  #append(workspace: string, events: readonly PreparedEvent[]) {
    const first = this.kept.length
    this.kept.push(...events)
    const receipts = events.map((kept, index) => ({
      id: kept.event.id ?? `seq_${first + index}`,
      seq: first + index,
      leafHash: new Uint8Array(32),
    }))
    return Promise.resolve({ receipts, checkpoint: `checkpoint of ${workspace} at ${this.kept.length}` })
  }
}

function ingestInto(sequencer: Appender, apiEvents = true): Ingest {
  return new Ingest({ sequencer, clock: { now: () => NOW }, plans: () => Promise.resolve({ apiEvents }) })
}

describe('ingest', () => {
  test('prepares events, appends them and answers with their receipts', async () => {
    const sequencer = new MemoryAppender()
    const result = await ingestInto(sequencer).append('acme', [
      event('a.created', 'mine'),
      event('b.deleted'),
    ])
    expect(sequencer.kept.map((kept) => kept.event.verb)).toEqual(['CREATE', 'DELETE'])
    expect(result.events.map((receipt) => receipt.id)).toEqual(['mine', 'seq_1'])
    expect(result.checkpoint).toBe('checkpoint of acme at 2')
  })

  test('says which events had a time of their own: a retry of the others carries another one', async () => {
    const sequencer = new MemoryAppender()
    const timed = { ...event('a.created'), timestamp: '2026-11-23T12:00:00Z' }
    await ingestInto(sequencer).append('acme', [timed, event('a.created')])
    expect(sequencer.kept.map((kept) => kept.timestampGiven)).toEqual([true, false])
  })

  test('skips API-call events where the plan has none, and keeps the order of its answer', async () => {
    const sequencer = new MemoryAppender()
    const submitted = [event('api.called', 'x'), event('a.created'), event('api.called'), event('b.created')]
    const { events } = await ingestInto(sequencer, false).append('acme', submitted)
    expect(events).toEqual([
      { id: 'x', skipped: 'plan' },
      expect.objectContaining({ seq: 0 }),
      { id: null, skipped: 'plan' },
      expect.objectContaining({ seq: 1 }),
    ])
    expect(sequencer.kept).toHaveLength(2)
  })

  test('records API-call events where the plan has them', async () => {
    const sequencer = new MemoryAppender()
    await ingestInto(sequencer).append('acme', [event('api.called')])
    expect(sequencer.kept).toHaveLength(1)
  })

  test('has no checkpoint to give when the plan skips everything', async () => {
    const sequencer = new MemoryAppender()
    const result = await ingestInto(sequencer, false).append('acme', [event('api.called')])
    expect(result).toEqual({ events: [{ id: null, skipped: 'plan' }], checkpoint: null })
    expect(sequencer.kept).toEqual([])
  })

  test.each([
    ['one bad event among ten thousand', 7_777, 'invalid_event'],
    ['a bad event that the plan would skip', 0, 'invalid_event'],
  ])('records nothing of a request with %s', async (_what, bad, code) => {
    const sequencer = new MemoryAppender()
    const submitted: unknown[] = Array.from({ length: 10_000 }, () => event('a.created'))
    submitted[bad] = { ...event('api.called'), unknown: 1 }
    await expect(ingestInto(sequencer, false).append('acme', submitted)).rejects.toMatchObject({
      code,
      errors: [{ index: bad, path: '/unknown' }],
    })
    expect(sequencer.kept).toEqual([])
  })

  test('records nothing of a request with an event that is too large', async () => {
    const sequencer = new MemoryAppender()
    const large = { ...event('a.created'), metadata: { text: 'word '.repeat(14_000) } }
    await expect(ingestInto(sequencer).append('acme', [event('a.created'), large])).rejects.toMatchObject({
      code: 'event_too_large',
    })
    expect(sequencer.kept).toEqual([])
  })

  test('refuses a request without events', async () => {
    await expect(ingestInto(new MemoryAppender()).append('acme', [])).rejects.toMatchObject({
      code: 'bad_request',
    })
  })

  test('lets others have their turn while it prepares many events', async () => {
    let turns = 0
    let running = true
    const count = () => {
      turns++
      if (running) setImmediate(count)
    }
    setImmediate(count)
    await ingestInto(new MemoryAppender()).append(
      'acme',
      Array.from({ length: 20_000 }, () => event('a.created')),
    )
    running = false
    expect(turns).toBeGreaterThan(5)
  })
})

describe('requests that come together', () => {
  /** Events that take their time, so that the event loop gets its turn between them. */
  function slowly(count: number, reading: (at: number) => void) {
    return {
      length: count,
      *[Symbol.iterator]() {
        for (let at = 0; at < count; at++) {
          const until = performance.now() + 1
          while (performance.now() < until);
          reading(at)
          yield event('a.created')
        }
      },
    }
  }

  test('large ones are read one after the other, a small one between', async () => {
    const steps: string[] = []
    const ingest = ingestInto(new MemoryAppender())
    const small = Promise.withResolvers<unknown>()
    const first = slowly(100, (at) => {
      if (at === 10)
        small.resolve(ingest.append('acme', [event('a.created')]).then(() => steps.push('small')))
      if (at === 99) steps.push('first')
    })
    const second = slowly(100, (at) => {
      if (at === 0) steps.push('second begins')
    })
    await Promise.all([ingest.append('acme', first), ingest.append('acme', second), small.promise])
    expect(steps).toEqual(['small', 'first', 'second begins'])
  })

  test('one that is refused does not hold up the next', async () => {
    const ingest = ingestInto(new MemoryAppender())
    const bad = Array.from({ length: 100 }, () => ({ action: 5 }))
    const good = Array.from({ length: 100 }, () => event('a.created'))
    const [refused, taken] = await Promise.allSettled([
      ingest.append('acme', bad),
      ingest.append('acme', good),
    ])
    expect(refused.status).toBe('rejected')
    expect(taken.status).toBe('fulfilled')
  })
})
