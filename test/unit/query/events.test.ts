import { beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { auditEvent, OWNER, MemoryRoom } from '../../support/query-room.ts'

let room: MemoryRoom

beforeEach(() => {
  room = new MemoryRoom()
})

const at = (timestamp: string, action = 'evidence.uploaded') => auditEvent({ timestamp, action })

describe('a list of events', () => {
  test('is newest first by timestamp, then seq, and goes on without gap or repetition while events arrive', async () => {
    const times = ['10:00', '12:00', '11:00', '11:00', '11:00', '09:00']
    await room.append('acme', ...times.map((time) => at(`2026-11-23T${time}:00.000Z`)))
    const first = await room.facade.events(OWNER, 'acme', { limit: 3 })
    await room.append('acme', at('2026-11-23T13:00:00.000Z'), at('2026-11-23T11:30:00.000Z'))
    const second = await room.facade.events(OWNER, 'acme', { limit: 3, cursor: first.next_cursor ?? '' })
    expect([...first.events, ...second.events].map(({ seq }) => seq)).toEqual([1, 4, 3, 2, 0, 5])
    expect(second.next_cursor).toBeNull()
  })

  test('has the same events in the other direction', async () => {
    const times = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 5 }), async (seconds, limit) => {
        const fresh = new MemoryRoom()
        await fresh.append(
          'acme',
          at('2026-11-23T11:00:09.000Z'),
          ...seconds.map((s) => at(`2026-11-23T11:00:0${s}.000Z`)),
        )
        const collect = async (order: 'asc' | 'desc'): Promise<number[]> => {
          const seqs: number[] = []
          for (let cursor: string | null | undefined; cursor !== null;) {
            const page = await fresh.facade.events(OWNER, 'acme', {
              order,
              limit,
              ...(cursor ? { cursor } : {}),
            })
            seqs.push(...page.events.map(({ seq }) => seq))
            cursor = page.next_cursor
          }
          return seqs
        }
        const ascending = await collect('asc')
        expect(ascending).toHaveLength(seconds.length + 1)
        expect(await collect('desc')).toEqual(ascending.reverse())
      }),
      { numRuns: 25 },
    )
  })

  test('of 1,000 knows whether more follow', async () => {
    await room.append('acme', ...Array.from({ length: 1001 }, () => auditEvent()))
    const first = await room.facade.events(OWNER, 'acme', { limit: 1000 })
    const second = await room.facade.events(OWNER, 'acme', { limit: 1000, cursor: first.next_cursor ?? '' })
    expect([first.events.length, second.events.length, second.next_cursor]).toEqual([1000, 1, null])
    await expect(room.facade.events(OWNER, 'acme', { limit: 1 })).resolves.toMatchObject({
      total: { value: 1001, relation: 'eq' },
    })
  })

  test.each([{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { min_seq: -1 }, { min_seq: NaN }])(
    'is refused for %j',
    async (request) => {
      await expect(room.facade.events(OWNER, 'acme', request)).rejects.toMatchObject({ code: 'bad_request' })
    },
  )

  test('joins the values of a filter with OR and the filters with AND', async () => {
    const bob = { actor: { type: 'user', id: 'u_bob' } } as const
    await room.append(
      'acme',
      auditEvent(),
      auditEvent(bob),
      auditEvent({ ...bob, action: 'a.b' }),
      auditEvent({ action: 'c.d' }),
    )
    const { events } = await room.facade.events(OWNER, 'acme', { actor: ['u_bob'], action: ['a.b', 'c.d'] })
    expect(events.map(({ seq }) => seq)).toEqual([2])
  })
})

describe('min_seq', () => {
  beforeEach(async () => {
    room.indexing = false
    await room.append('acme', auditEvent())
  })

  test('waits until the index has the entry', async () => {
    expect((await room.facade.events(OWNER, 'acme', {})).events).toEqual([])
    room.onIdle = () => void room.index()
    expect((await room.facade.events(OWNER, 'acme', { min_seq: 0 })).events).toHaveLength(1)
  })

  test('gives up after five seconds', async () => {
    const before = room.now
    await expect(room.facade.events(OWNER, 'acme', { min_seq: 0 })).rejects.toMatchObject({
      code: 'index_lagging',
    })
    expect(room.now - before).toBe(5_000)
  })

  test('is implied by the id of an event', async () => {
    room.onIdle = () => void room.index()
    expect((await room.facade.event(OWNER, 'acme', 'seq_0')).seq).toBe(0)
  })
})

describe('an event', () => {
  test('comes as it is in the log, with its leaf hash', async () => {
    await room.append('acme', auditEvent({ before: { status: 'Gap' }, after: { status: 'Covered' } }))
    const { leaf_hash: leafHash, ...event } = await room.facade.event(OWNER, 'acme', 'seq_0')
    const [entry] = await room.ledger.entries('acme', 0, 1)
    expect(event).toEqual(JSON.parse(Buffer.from(entry!).toString()))
    expect(leafHash).toBe(
      createHash('sha256')
        .update(Buffer.concat([Buffer.of(0), entry!]))
        .digest('base64'),
    )
    expect(event).not.toHaveProperty('tampered')
  })

  test('that was changed in the store is shown as tampered, and only that', async () => {
    await room.append('acme', ...Array.from({ length: 300 }, () => auditEvent()))
    const rename = (entry: Uint8Array): Uint8Array =>
      Buffer.from(Buffer.from(entry).toString().replaceAll('ada', 'eve'))
    room.ledger.tamper('acme', 270, rename)
    room.ledger.tamper('acme', 3, (entry) => entry.subarray(1))
    const { events } = await room.facade.events(OWNER, 'acme', { limit: 1000 })
    const tampered = events.filter((event) => event.tampered)
    expect(tampered.map(({ seq, actor }) => [seq, actor.id])).toEqual([
      [270, 'u_eve'],
      [3, undefined],
    ])
    expect(await room.facade.event(OWNER, 'acme', 'seq_3')).toMatchObject({ seq: 3, tampered: true })
  })
})

describe('a history', () => {
  test('is oldest first, with the events that list the resource as related, and no others', async () => {
    const related = [{ type: 'FILE', id: 'f_1' }]
    await room.append(
      'acme',
      auditEvent({ timestamp: '2026-11-23T11:00:00.000Z' }),
      auditEvent({
        timestamp: '2026-11-23T10:00:00.000Z',
        resource: { type: 'OBLIGATION', id: 'o_1' },
        related,
      }),
      auditEvent({ resource: { type: 'FILE', id: 'f_11' } }),
      auditEvent({ resource: { type: 'FILES', id: 'f_1' } }),
    )
    const { events } = await room.facade.history(OWNER, 'acme', 'FILE', 'f_1', {})
    expect(events.map(({ seq }) => seq)).toEqual([1, 0])
  })
})

describe('a histogram', () => {
  const buckets = async (interval: string, from?: string, to?: string) =>
    await room.facade.histogram(OWNER, 'acme', interval, { ...(from ? { from } : {}), ...(to ? { to } : {}) })

  beforeEach(async () => {
    await room.append(
      'acme',
      at('2026-11-21T10:00:00.000Z'),
      at('2026-11-23T10:59:59.999Z'),
      at('2026-11-23T11:00:00.000Z'),
    )
  })

  test('takes a round interval that makes about 60 buckets', async () => {
    expect((await buckets('auto')).interval_ms).toBe(3_600_000)
    expect((await buckets('auto', '2026-11-23T11:00:00Z')).interval_ms).toBe(1_000)
    expect((await buckets('auto', '2026-01-01', '2026-12-31')).interval_ms).toBe(7 * 86_400_000)
    expect((await buckets('auto', '1970-01-01', '2099-12-31')).buckets.length).toBeLessThanOrEqual(60)
  })

  test('names its buckets by when they begin', async () => {
    expect(await buckets('1h', '2026-11-23')).toEqual({
      interval_ms: 3_600_000,
      buckets: [
        { key: '2026-11-23T10:00:00.000Z', count: 1 },
        { key: '2026-11-23T11:00:00.000Z', count: 1 },
      ],
    })
  })

  test.each(['', '0h', '1.5h', '1y', 'h', '-1h', '99999d', '1s'])(
    'refuses the interval %j',
    async (interval) => {
      await expect(buckets(interval)).rejects.toMatchObject({ code: 'bad_request' })
    },
  )
})

test('the integrity of a log tells its size, root and how far the index is behind', async () => {
  expect(await room.facade.integrity(OWNER, 'acme')).toMatchObject({ size: 0, checkpoint: '', index_lag: 0 })
  room.indexing = false
  await room.append('acme', auditEvent(), auditEvent())
  const { root, checkpoint, ...rest } = await room.facade.integrity(OWNER, 'acme')
  expect(rest).toEqual({
    origin: 'log.example/acme',
    size: 2,
    index_lag: 2,
    first_seq: 0,
    last_verification: null,
  })
  expect(checkpoint).toContain(`log.example/acme\n2\n${root}\n`)
})
