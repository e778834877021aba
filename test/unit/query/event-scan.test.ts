import { beforeEach, describe, expect, test } from '@jest/globals'
import type { EventScan, ScanRequest } from '../../../src/query/event-scan.ts'
import { auditEvent, MemoryRoom, OWNER, principal } from '../../support/query-room.ts'

const EVENTS = 2_500

describe('event scan', () => {
  let room: MemoryRoom
  let scan: EventScan
  beforeEach(async () => {
    room = new MemoryRoom()
    scan = room.scan
    // timestamps run against the log here and there
    const events = Array.from({ length: EVENTS }, (_, number) =>
      auditEvent({
        timestamp: new Date(
          Date.parse('2026-11-20T00:00:00Z') + ((number * 7) % 1_000) * 1_000,
        ).toISOString(),
        action: number % 5 === 0 ? 'account.login' : 'evidence.uploaded',
      }),
    )
    await room.append('acme', ...events)
  })
  /** Seqs of the rows. */
  const all = async (request: Partial<ScanRequest>, by = OWNER): Promise<number[]> => {
    const start = await scan.start(by, 'acme', {})
    const whole = { moment: start, filters: {}, order: 'log' as const, ...request }
    const batches = await Array.fromAsync(scan.scan(by, 'acme', whole, new AbortController().signal))
    const rows = batches.flatMap((batch) => [...batch.seqs])
    expect(await scan.count(by, 'acme', whole)).toBe(rows.length)
    return rows
  }

  test('reads the whole log, and filtered the same rows as the search finds', async () => {
    expect(await all({})).toEqual(Array.from({ length: EVENTS }, (_, seq) => seq))
    const logins = await all({ filters: { action: ['account.login'] } })
    expect(logins).toEqual(Array.from({ length: EVENTS / 5 }, (_, at) => at * 5))
  })

  test('newest first is the order of the table, over all pages', async () => {
    const { events } = await room.facade.events(OWNER, 'acme', { limit: 1_000 })
    const rows = await all({ order: 'newest' })
    expect(rows.slice(0, 1_000)).toEqual(events.map(({ seq }) => seq))
    expect(rows.toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: EVENTS }, (_, seq) => seq),
    )
  })

  test('what comes later is not part of the moment, in either order', async () => {
    const moment = await scan.start(OWNER, 'acme', {})
    await room.append('acme', auditEvent({ timestamp: '2026-11-20T00:00:00.500Z' }), auditEvent())
    for (const order of ['log', 'newest'] as const)
      for (const filters of [{}, { action: ['evidence.uploaded', 'account.login'] }])
        expect(await all({ moment, order, filters })).toHaveLength(EVENTS)
  })

  test('a scope bounds every scan', async () => {
    const auditor = principal('auditor', { scope: { q: 'action:login' } })
    expect(await all({}, auditor)).toHaveLength(EVENTS / 5)
    expect(await all({ filters: { action: ['evidence.uploaded'] } }, auditor)).toEqual([])
    const [own, other] = [await scan.start(auditor, 'acme', {}), await scan.start(OWNER, 'acme', {})]
    expect([own.everything, other.everything]).toEqual([false, true])
    expect(own.access).not.toBe(other.access)
  })

  test('an entry that is lost ends the scan', async () => {
    room.ledger.lose('acme', 1_700)
    await expect(all({})).rejects.toMatchObject({
      code: 'tampered',
      message: expect.stringContaining('1700') as unknown,
    })
    await expect(all({ order: 'newest' })).rejects.toMatchObject({ code: 'tampered' })
  })

  test('an entry that is not what the log committed to ends the scan', async () => {
    room.ledger.tamper('acme', 1_700, (entry) => Uint8Array.from(entry).fill(0x41, 20, 21))
    for (const order of ['log', 'newest'] as const)
      await expect(all({ order })).rejects.toMatchObject({
        code: 'tampered',
        message: 'Entry 1700 of the log is not what the log committed to.',
      })
  })

  test('an aborted scan ends', async () => {
    const abort = new AbortController()
    const moment = await scan.start(OWNER, 'acme', {})
    const rows = scan.scan(OWNER, 'acme', { moment, filters: {}, order: 'log' }, abort.signal)
    const iterator = rows[Symbol.asyncIterator]()
    await iterator.next()
    abort.abort(new Error('enough'))
    await expect(Array.fromAsync({ [Symbol.asyncIterator]: () => iterator })).rejects.toThrow('enough')
  })
})
