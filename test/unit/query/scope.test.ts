import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { TrailsealError } from '../../../src/errors.ts'
import {
  acmeRoom,
  codeOf,
  codes,
  counted,
  expectSees,
  HASHES,
  listed,
  streamed,
  resetAcme,
} from '../../support/query-doors.ts'
import { principal, OWNER } from '../../support/query-room.ts'

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

describe('the scope of an auditor', () => {
  const scoped = principal('auditor', {
    scope: { q: 'action:uploaded', from: '2026-11-20', to: '2026-11-21' },
  })

  test('bounds every way to events by query and by time', async () => {
    await expectSees(room, principal('auditor', { scope: { q: 'action:uploaded' } }), [0, 2])
    await expectSees(
      room,
      principal('auditor', { scope: { from: '2026-11-21', to: '2026-11-22T10:00:00Z' } }),
      [1, 2],
    )
    await expectSees(room, scoped, [0])
  })

  test.each([
    'pdf OR passport',
    'risk OR NOT risk',
    'NOT action:uploaded',
    ') OR (passport',
    'risk) OR (NOT risk',
    '(risk',
    'passport))) OR ((NOT zzz',
    'action:uploaded OR action:issued',
    'seq:[0 TO 4]',
    'timestamp:[1970-01-01 TO 2100-01-01]',
    '*',
    '" OR "',
  ])('is not widened by the query %s', async (q) => {
    for (const seqs of [listed(room, scoped, { q }), streamed(room, scoped, { q })]) {
      const seen = await seqs.catch((error: unknown) => (error as TrailsealError).code)
      expect([[], [0], 'bad_query']).toContainEqual(seen)
    }
    const counts = await counted(room, scoped, { q }).catch(() => ({}))
    expect(Math.max(0, ...Object.values(counts))).toBeLessThanOrEqual(1)
  })

  test('is not widened by filters', async () => {
    expect(await listed(room, scoped, { action: ['passport.issued', 'evidence.uploaded'] })).toEqual([0])
    expect(await listed(room, scoped, { from: '1970-01-01', to: '2100-01-01' })).toEqual([0])
    expect(await listed(room, scoped, { resource_id: ['f_2'] })).toEqual([])
    expect(
      (await room.facade.ownEvents({ ...scoped, member: { id: 'u_ada' } }, 'acme', {})).events,
    ).toHaveLength(1)
  })

  test('is held against events that a history, id or proof names', async () => {
    expect(
      (await room.facade.history(scoped, 'acme', 'FILE', 'f_1', {})).events.map(({ seq }) => seq),
    ).toEqual([0])
    expect(await codeOf(room.facade.event(scoped, 'acme', 'client-3'))).toBe('not_found')
    expect(await codeOf(room.facade.proof(scoped, 'acme', 'client-3'))).toBe('not_found')
    expect(await codeOf(room.facade.proof(scoped, 'acme', 'seq_1'))).toBe('not_found')
  })

  test('keeps raw entries away, which an auditor of everything may read', async () => {
    expect(await codeOf(room.facade.tile(scoped, 'acme', 'tile/entries/000.p/5'))).toBe('forbidden')
    const unscoped = principal('auditor')
    expect(await codeOf(room.facade.tile(unscoped, 'acme', 'tile/entries/000.p/5'))).toBe('allowed')
    expect(await codes(room, scoped, 'acme')).toMatchObject(HASHES)
  })

  test('that can not be read shows nothing', async () => {
    for (const scope of [{ q: '(broken' }, { from: 'yesterday' }, { from: '2026-02-02', to: '2026-01-01' }]) {
      expect(await codeOf(room.facade.events(principal('auditor', { scope }), 'acme', {}))).toBe('forbidden')
    }
  })

  test('binds whatever role carries it', async () => {
    await expectSees(room, { ...OWNER, scope: { q: 'action:issued' } }, [3])
  })
})
