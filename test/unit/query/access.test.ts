import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  acmeRoom,
  all,
  codeOf,
  codes,
  EVERYTHING,
  expectSees,
  named,
  proved,
  HASHES,
  resetAcme,
} from '../../support/query-doors.ts'
import { ADMIN, OWNER, principal } from '../../support/query-room.ts'

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

describe('another workspace', () => {
  test.each(['owner', 'member', 'auditor', 'ingest', 'admin'] as const)(
    'is not found by %s',
    async (role) => {
      const stranger = principal(role, { workspace: 'rival', member: { id: 'u_ada' } })
      expect(await codes(room, stranger, 'acme')).toEqual(all('not_found'))
    },
  )

  test('answers as one that does not exist', async () => {
    const existing = room.facade.events(OWNER, 'rival', {}).catch(String)
    const missing = room.facade.events(OWNER, 'nowhere', {}).catch(String)
    expect(await existing).toBe(await missing)
    expect(await codes(room, ADMIN, 'nowhere')).toEqual(all('not_found'))
  })

  test('lends no ids', async () => {
    expect(await codeOf(room.facade.event(OWNER, 'acme', 'rival-0'))).toBe('not_found')
    expect(await codeOf(room.facade.proof(OWNER, 'acme', 'rival-0'))).toBe('not_found')
  })

  test('is not opened by a token that has no workspace and is no operator', async () => {
    expect(await codes(room, principal('owner', { workspace: null }), 'acme')).toEqual(all('not_found'))
  })
})

describe('roles', () => {
  test('an owner sees everything', async () => {
    await expectSees(room, OWNER, EVERYTHING)
  })

  test('an operator sees every workspace', async () => {
    await expectSees(room, ADMIN, EVERYTHING)
  })

  test.each([null, 'acme'])('an ingest token (workspace %s) reads nothing', async (workspace) => {
    expect(await codes(room, principal('ingest', { workspace }), 'acme')).toEqual(all('forbidden'))
  })

  test('an event with an id of its own is not known by its position', async () => {
    expect(await codeOf(room.facade.event(OWNER, 'acme', 'seq_3'))).toBe('not_found')
    for (const id of ['seq_00', 'seq_5', 'seq_99999999999999999', 'seq_-1', 'client-3 ', '__proto__', '']) {
      expect(await codeOf(room.facade.event(OWNER, 'acme', id))).toBe('not_found')
    }
  })
})

describe('members', () => {
  const ada = principal('member', { member: { id: 'u_ada' } })

  test('see the dashboard of the whole team, and no raw entries', async () => {
    await expectSees(room, ada, EVERYTHING)
    expect(await codeOf(room.facade.tile(ada, 'acme', 'tile/entries/000.p/5'))).toBe('forbidden')
  })

  test('find at home what they did themselves, not what an API token of the same id did', async () => {
    const { events, total } = await room.facade.ownEvents(ada, 'acme', {})
    expect(events.map(({ seq }) => seq)).toEqual([3, 0])
    expect(total.value).toBe(2)
    const widened = await room.facade.ownEvents(ada, 'acme', {
      q: 'pdf OR actor.id:u_bob',
      actor: ['u_bob', 'u_ada'],
    })
    expect(widened.events.map(({ seq }) => seq)).toEqual([0])
  })

  test('whose dashboard is for owners see single events of their own only', async () => {
    room.putWorkspace('acme', { dashboard: 'owners' })
    expect(await named(room, ada)).toEqual([0, 3])
    expect(await proved(room, ada)).toEqual([0, 3])
    expect(await codes(room, ada, 'acme')).toEqual({
      ...all('forbidden'),
      ...HASHES,
      ownEvents: 'allowed',
      event: 'allowed',
      proof: 'allowed',
    })
    await expectSees(room, OWNER, EVERYTHING)
  })

  test('without a member have no own events', async () => {
    const nobody = principal('member')
    expect(await codeOf(room.facade.ownEvents(nobody, 'acme', {}))).toBe('forbidden')
    room.putWorkspace('acme', { dashboard: 'owners' })
    expect(await codeOf(room.facade.event(nobody, 'acme', 'seq_0'))).toBe('forbidden')
  })
})

describe('a workspace that changes between two requests', () => {
  const ada = principal('member', { member: { id: 'u_ada' } })

  test('counts at the next one: setting, plan and end', async () => {
    const listed = () => room.facade.events(ada, 'acme', {})
    await listed()
    room.putWorkspace('acme', { dashboard: 'owners' })
    expect(await codeOf(listed())).toBe('forbidden')
    room.putWorkspace('acme', { dashboard: 'members' })
    expect((await listed()).events).not.toHaveLength(0)
    room.putWorkspace('acme', { plan: 'starter' })
    expect(await codeOf(listed())).toBe('plan_required')
    room.putWorkspace('acme', { plan: 'portfolio' })
    expect((await listed()).events).not.toHaveLength(0)
    room.workspaces.delete('acme')
    expect(await codeOf(listed())).toBe('not_found')
  })

  test('a refusal that no longer holds is not given', async () => {
    room.putWorkspace('acme', { dashboard: 'owners' })
    expect(await codeOf(room.facade.events(ada, 'acme', {}))).toBe('forbidden')
    room.putWorkspace('acme', { dashboard: 'members' })
    expect((await room.facade.events(ada, 'acme', {})).events).not.toHaveLength(0)
  })
})
