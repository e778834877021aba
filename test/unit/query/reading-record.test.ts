import { beforeEach, describe, expect, test } from '@jest/globals'
import { validateEvent } from '../../../src/event/schema.ts'
import { auditEvent, OWNER, principal, MemoryRoom } from '../../support/query-room.ts'

const AUDITOR = principal('auditor', { member: { id: 'a_1', email: 'auditor@example.com' } })

let room: MemoryRoom

beforeEach(async () => {
  room = new MemoryRoom()
  await room.append('acme', ...Array.from({ length: 300 }, () => auditEvent()))
})

describe('what an auditor reads is recorded', () => {
  test('once for each request, with its filters', async () => {
    const { facade } = room
    const ended = new AbortController()
    room.onIdle = () => ended.abort()
    await facade.events(AUDITOR, 'acme', { q: 'risk', action: ['evidence.uploaded'], limit: 5 })
    await facade.facets(AUDITOR, 'acme', 'actor', { from: '2026-11-01' })
    await facade.histogram(AUDITOR, 'acme', 'auto', {})
    await Array.fromAsync(facade.stream(AUDITOR, 'acme', {}, -1, ended.signal))
    await facade.event(AUDITOR, 'acme', 'seq_0')
    await facade.proof(AUDITOR, 'acme', 'seq_0')
    await facade.history(AUDITOR, 'acme', 'FILE', 'f_1', {})
    await facade.tile(AUDITOR, 'acme', 'tile/entries/000')
    expect(
      room.records.map(({ action, metadata }) => [action, metadata['request'], metadata['target']]),
    ).toEqual([
      ['audit.searched', 'events', undefined],
      ['audit.searched', 'facets', undefined],
      ['audit.searched', 'histogram', undefined],
      ['audit.searched', 'stream', undefined],
      ['audit.viewed', 'event', 'seq_0'],
      ['audit.proof_viewed', 'proof', 'seq_0'],
      ['audit.history_viewed', 'history', 'FILE/f_1'],
      ['audit.read', 'tile', 'tile/entries/000'],
    ])
    expect(room.records[0]).toEqual({
      actor: { type: 'user', id: 'a_1', email: 'auditor@example.com', role: 'auditor' },
      action: 'audit.searched',
      outcome: 'success',
      resource: { type: 'AUDIT_LOG', id: 'acme' },
      metadata: {
        request: 'events',
        token_id: 'tok_auditor',
        filters: { q: 'risk', action: ['evidence.uploaded'] },
      },
    })
  })

  test('also when it is not there or malformed', async () => {
    await expect(room.facade.event(AUDITOR, 'acme', 'other')).rejects.toMatchObject({ code: 'not_found' })
    await expect(room.facade.events(AUDITOR, 'acme', { q: '(' })).rejects.toMatchObject({ code: 'bad_query' })
    expect(room.records.map(({ outcome }) => outcome)).toEqual(['failure', 'failure'])
  })

  test('as a valid event, whatever was asked', async () => {
    const { facade } = room
    await facade.events(AUDITOR, 'acme', { action: ['\0\uD800'] })
    await expect(facade.events(AUDITOR, 'acme', { q: '\0'.repeat(70_000) })).rejects.toThrow()
    await expect(facade.event(AUDITOR, 'acme', `\0\uDC00${'x'.repeat(70_000)}`)).rejects.toThrow()
    await facade.history(AUDITOR, 'acme', '', '\n', {})
    expect(room.records).toHaveLength(4)
    for (const record of room.records) {
      expect(validateEvent(record, 0)).toHaveProperty('event')
      expect(JSON.stringify(record).length).toBeLessThan(12_000)
    }
  })

  test('or not given out', async () => {
    room.recordFails = true
    await expect(room.facade.events(AUDITOR, 'acme', {})).rejects.toThrow('the log is full')
    await expect(room.facade.event(AUDITOR, 'acme', 'seq_0')).rejects.toThrow('the log is full')
    await expect(room.facade.event(AUDITOR, 'acme', 'other')).rejects.toThrow('the log is full')
  })
})

test('what others read is not recorded', async () => {
  room.recordFails = true
  expect((await room.facade.events(OWNER, 'acme', {})).events).not.toHaveLength(0)
})
