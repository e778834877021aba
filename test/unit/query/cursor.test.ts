import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeCursor, encodeCursor } from '../../../src/query/cursor.ts'
import type { ListRequest } from '../../../src/query/query-facade.ts'
import type { Principal } from '../../../src/workspaces/workspace-store.ts'
import { auditEvent, OWNER, principal, MemoryRoom } from '../../support/query-room.ts'
import { sha256 } from '../../support/sha256.ts'

const context = { workspace: 'acme', query: { type: 'all' }, order: 'timestamp', direction: 'desc' } as const

async function roomWithCursor(): Promise<{ room: MemoryRoom; cursor: string }> {
  const room = new MemoryRoom()
  for (const workspace of ['acme', 'rival']) {
    await room.append(workspace, ...Array.from({ length: 5 }, () => auditEvent()))
  }
  const { next_cursor: cursor } = await room.facade.events(OWNER, 'acme', {
    limit: 2,
    action: ['evidence.uploaded'],
  })
  return { room, cursor: cursor ?? '' }
}

describe('a cursor', () => {
  test('comes back as it was', () => {
    const position = fc.record({ timestamp: fc.maxSafeNat(), seq: fc.maxSafeNat() })
    fc.assert(
      fc.property(position, (key) => {
        expect(decodeCursor(encodeCursor(key, context, sha256), context, sha256)).toEqual(key)
      }),
    )
  })

  test('is taken in no other spelling', () => {
    const cursor = encodeCursor({ timestamp: 1, seq: 62 }, context, sha256)
    const others = [
      '',
      'x',
      `${cursor}=`,
      `${cursor}A`,
      ` ${cursor}`,
      cursor.slice(1),
      `B${cursor.slice(1)}`,
      '😀',
    ]
    for (const other of others) expect(() => decodeCursor(other, context, sha256)).toThrow(/cursor/)
  })

  test('of another workspace, scope, query, order or endpoint is refused', async () => {
    const { room, cursor } = await roomWithCursor()
    const request: ListRequest = { action: ['evidence.uploaded'], cursor }
    const auditor = principal('auditor', { scope: { q: 'pdf' } })
    const refused = (by: Principal, workspace: string, changed: ListRequest): Promise<void> =>
      expect(room.facade.events(by, workspace, { ...request, ...changed })).rejects.toMatchObject({
        code: 'bad_cursor',
      })
    await refused(principal('owner', { workspace: 'rival' }), 'rival', {})
    await refused(auditor, 'acme', {})
    await refused(OWNER, 'acme', { action: ['evidence.archived'] })
    await refused(OWNER, 'acme', { q: 'pdf' })
    await refused(OWNER, 'acme', { from: '2026-01-01' })
    await refused(OWNER, 'acme', { order: 'asc' })
    await expect(room.facade.history(OWNER, 'acme', 'FILE', 'f_1', request)).rejects.toMatchObject({
      code: 'bad_cursor',
    })
  })

  test('that was made up shows no more than its holder may see', async () => {
    const { room } = await roomWithCursor()
    const auditor = principal('auditor', { scope: { q: 'passport' } })
    await room.append('acme', auditEvent({ action: 'passport.issued' }))
    const query = { type: 'words', field: null, tokens: ['passport'], prefix: false } as const
    const cursor = encodeCursor({ timestamp: 2 ** 43, seq: 9 }, { ...context, query }, sha256)
    const { events } = await room.facade.events(auditor, 'acme', { cursor })
    expect(events.map(({ action }) => action)).toEqual(['passport.issued'])
  })
})
