import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Filters, ListedEvent } from '../../../src/query/query-facade.ts'
import type { Principal } from '../../../src/workspaces/workspace-store.ts'
import { auditEvent, DAY, NOON, OWNER, principal, MemoryRoom } from '../../support/query-room.ts'

let room: MemoryRoom

beforeEach(async () => {
  room = new MemoryRoom()
  await room.append('acme', auditEvent(), auditEvent())
})

/** Each time the stream has nothing more, the next step is taken; after the last one it is aborted. */
async function seqsOf(
  afterSeq: number | null,
  steps: (() => unknown)[],
  filters: Filters = {},
): Promise<number[]> {
  const ended = new AbortController()
  room.onIdle = () => {
    const step = steps.shift()
    if (step === undefined) ended.abort()
    else step()
  }
  const seqs: number[] = []
  for await (const { seq } of room.facade.stream(OWNER, 'acme', filters, afterSeq, ended.signal))
    seqs.push(seq)
  return seqs
}

describe('a stream', () => {
  test('begins now', async () => {
    expect(
      await seqsOf(null, [() => room.append('acme', auditEvent()), () => room.append('acme', auditEvent())]),
    ).toEqual([2, 3])
  })

  test('resumes behind an event without a gap, over many pages', async () => {
    await room.append('acme', ...Array.from({ length: 250 }, () => auditEvent()))
    expect(await seqsOf(0, [])).toEqual(Array.from({ length: 251 }, (_, index) => index + 1))
  })

  test('is in the order of the log, whatever the events say of their time', async () => {
    const append = () =>
      room.append(
        'acme',
        auditEvent({ timestamp: '2026-11-20T00:00:00.000Z' }),
        auditEvent({ timestamp: '2026-11-19T00:00:00.000Z' }),
      )
    expect(await seqsOf(1, [append])).toEqual([2, 3])
  })

  test('shows only what matches, and goes on behind what does not', async () => {
    const steps = [
      () => room.append('acme', auditEvent({ action: 'passport.issued' })),
      () => room.append('acme', auditEvent(), auditEvent({ action: 'passport.issued' })),
    ]
    expect(await seqsOf(null, steps, { action: ['passport.issued'] })).toEqual([2, 4])
  })

  test('from behind the end of the log misses nothing that comes', async () => {
    expect(await seqsOf(1_000_000, [() => room.append('acme', auditEvent())])).toEqual([2])
  })

  test('waits for an index that lags', async () => {
    room.indexing = false
    const steps = [() => room.append('acme', auditEvent()), () => undefined, () => room.index()]
    expect(await seqsOf(null, steps)).toEqual([2])
  })

  test.each([-2, 1.5, NaN])('refuses to resume behind %p', async (afterSeq) => {
    await expect(seqsOf(afterSeq, [])).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('refuses before it begins', async () => {
    const { signal } = new AbortController()
    const open = room.facade.openStream(OWNER, 'rival-of-nobody', {}, null, signal)
    await expect(open).rejects.toMatchObject({ code: 'not_found' })
    await expect(room.facade.openStream(OWNER, 'acme', { q: '(' }, null, signal)).rejects.toMatchObject({
      code: 'bad_query',
    })
  })
})

function streamOf(by: Principal): AsyncIterator<ListedEvent> {
  const { signal } = new AbortController()
  return room.facade.stream(by, 'acme', {}, -1, signal)[Symbol.asyncIterator]()
}

describe('a stream looks again at every wake-up', () => {
  test('at the token', async () => {
    const revoke = () => {
      room.tokenIsValid = false
      return room.append('acme', auditEvent())
    }
    await expect(seqsOf(null, [revoke])).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('at the plan', async () => {
    const downgrade = () => {
      room.putWorkspace('acme', { plan: 'starter' })
      return room.append('acme', auditEvent())
    }
    await expect(seqsOf(null, [downgrade])).rejects.toMatchObject({ code: 'plan_required' })
  })

  test('at the dashboard setting', async () => {
    const member = principal('member', { member: { id: 'u_ada' } })
    const stream = streamOf(member)
    expect((await stream.next()).value).toMatchObject({ seq: 0 })
    room.putWorkspace('acme', { dashboard: 'owners' })
    room.now += 1_001
    await expect(stream.next()).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('at the window, even within a page that is read slowly', async () => {
    const stream = streamOf(OWNER)
    expect((await stream.next()).value).toMatchObject({ seq: 0 })
    room.now = NOON + 91 * DAY
    await room.append('acme', auditEvent())
    expect((await stream.next()).value).toMatchObject({ seq: 2 })
  })
})
