import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isNewer, mergeRows, type EventRow } from '../../../web/src/events/event-row.ts'

function row(seq: number, second: number): EventRow {
  return {
    ...{ id: `e${seq}`, seq, action: 'a', verb: 'A', outcome: 'success', tampered: false, isNew: false },
    timestamp: new Date(second * 1_000).toISOString(),
    actor: { type: 'system' },
    resource: { type: 'X' },
  }
}

test('rows arrive in any order and are shown once each, newest first', () => {
  const arrivals = fc.array(fc.array(fc.tuple(fc.nat(60), fc.nat(20)), { maxLength: 20 }), { maxLength: 5 })
  fc.assert(
    fc.property(arrivals, (batches) => {
      // The time of an entry never changes.
      const times = new Map(batches.flat())
      const rows = batches.reduce<readonly EventRow[]>((shown, batch) => {
        const seqs = [...new Set(batch.map(([seq]) => seq))]
        return mergeRows(
          shown,
          seqs.map((seq) => row(seq, times.get(seq) ?? 0)),
        )
      }, [])
      expect(rows.map(({ seq }) => seq).sort()).toEqual([...times.keys()].sort())
      for (const [at, each] of rows.slice(1).entries()) expect(isNewer(rows[at]!, each)).toBe(true)
    }),
  )
})
