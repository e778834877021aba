import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  acmeRoom,
  codeOf,
  codes,
  EVERYTHING,
  expectSees,
  all,
  HASHES,
  resetAcme,
} from '../../support/query-doors.ts'
import { ADMIN, DAY, NOON, OWNER, principal } from '../../support/query-room.ts'

let room: Awaited<ReturnType<typeof acmeRoom>>

beforeAll(async () => {
  room = await acmeRoom()
})

beforeEach(() => {
  resetAcme(room)
})

afterAll(async () => {
  await room[Symbol.asyncDispose]()
})

describe('plans', () => {
  test('that show no events refuse everyone but the operator, and keep hashes open', async () => {
    room.putWorkspace('acme', { plan: 'starter' })
    for (const role of ['owner', 'member', 'auditor'] as const) {
      const reader = principal(role, { member: { id: 'u_ada' } })
      expect(await codes(room, reader, 'acme')).toEqual({ ...all('plan_required'), ...HASHES })
    }
    await expectSees(room, ADMIN, [2, 3, 4])
  })

  test('close their window at once after a downgrade, and open it after an upgrade', async () => {
    await expectSees(room, OWNER, EVERYTHING)
    const { next_cursor: cursor } = await room.facade.events(OWNER, 'acme', { limit: 3 })
    room.putWorkspace('acme', { plan: 'portfolio' })
    await expectSees(room, OWNER, [2, 3, 4])
    await expectSees(room, ADMIN, [2, 3, 4])
    expect((await room.facade.events(OWNER, 'acme', { cursor: cursor ?? '' })).events).toEqual([])
    expect(await codeOf(room.facade.tile(OWNER, 'acme', 'tile/entries/000.p/5'))).toBe('gone')
    expect(await codeOf(room.facade.tile(OWNER, 'acme', 'tile/0/000.p/5'))).toBe('allowed')
    room.putWorkspace('acme', { plan: 'command' })
    await expectSees(room, OWNER, EVERYTHING)
  })

  test('count age from when an event was received', async () => {
    room.now = NOON + 80 * DAY
    room.putWorkspace('acme', { plan: 'portfolio' })
    await expectSees(room, OWNER, [2, 3, 4])
    room.now += 1
    await expectSees(room, OWNER, [])
  })
})
