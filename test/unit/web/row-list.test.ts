import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isNewer, type EventRow } from '../../../web/src/events/event-row.ts'
import { RowList } from '../../../web/src/events/row-list.ts'

function row(seq: number, second: number): EventRow {
  return {
    ...{ id: `e${seq}`, seq, action: 'a', verb: 'A', outcome: 'success', tampered: false, isNew: false },
    timestamp: new Date(second * 1_000).toISOString(),
    actor: { type: 'system' },
    resource: { type: 'X' },
  }
}

const newestFirst = (left: EventRow, right: EventRow): number => (isNewer(left, right) ? -1 : 1)

/** What the interface answers: the rows behind a place, so many at most. */
function page(all: readonly EventRow[], after: EventRow | null, limit: number) {
  const rest = all.filter((each) => after === null || isNewer(after, each))
  return { rows: rest.slice(0, limit), hasMore: rest.length > limit }
}

const times = fc.array(fc.nat(50), { minLength: 1, maxLength: 60 })

test('a list in pages is the list, in order and each row once, with the news in their places', () => {
  fc.assert(
    fc.property(times, times, fc.integer({ min: 1, max: 9 }), (seconds, newSeconds, limit) => {
      const old = seconds.map((second, seq) => row(seq, second)).sort(newestFirst)
      const news = newSeconds.map((second, at) => row(1_000 + at, second))
      let list = RowList.empty
      let [committed, last]: [readonly EventRow[], EventRow | null] = [old, null]
      for (let hasMore = true, at = 0; hasMore; at++) {
        const answer = page(committed, last, limit)
        list = list.append(last === null ? null : last.id, answer.rows, answer.hasMore)
        last = answer.rows.at(-1) ?? last
        hasMore = answer.hasMore
        // One event after the other is committed while the pages come, and is announced once or twice.
        const arrived = news.slice(at, at + 1)
        committed = [...committed, ...arrived].sort(newestFirst)
        list = list.insert([...arrived, ...arrived])
      }
      const shown = Array.from({ length: list.length }, (_, at) => list.at(at)?.seq)
      expect(shown).toEqual(committed.map(({ seq }) => seq))
      for (const [at, seq] of shown.entries()) expect(list.indexOf(seq ?? -1)).toBe(at)
    }),
  )
})

test('a page that was dropped keeps its length, and comes back with what was committed meanwhile', () => {
  fc.assert(
    fc.property(times, fc.nat(50), fc.integer({ min: 1, max: 9 }), (seconds, newSecond, limit) => {
      const old = seconds.map((second, seq) => row(seq, second)).sort(newestFirst)
      const pages = Array.from({ length: Math.ceil(old.length / limit) }, (_, at) =>
        old.slice(at * limit, (at + 1) * limit),
      )
      const whole = pages.reduce(
        (list, rows, at) => list.append(at === 0 ? null : `${at}`, rows, at < pages.length - 1),
        RowList.empty,
      )
      const dropped = whole.keep(pages.length, pages.length)
      expect(dropped.length).toBe(whole.length)
      expect(dropped.loaded()).toEqual(pages[0])

      const late = row(1_000, newSecond)
      const all = [...old, late].sort(newestFirst)
      const again = dropped.insert([late]).pages.reduce((list, { end }, at) => {
        const former = dropped.pages[at - 1]?.end ?? null
        const own = all.filter(
          (each) => (former === null || isNewer(former, each)) && (end === null || !isNewer(end, each)),
        )
        return list.restore(at, own)
      }, dropped)
      expect(again.loaded()).toEqual(all)
      expect(again.length).toBe(all.length)
    }),
  )
})
