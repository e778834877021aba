import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '../../src/clock.ts'
import { PLAN, TamperedStore } from '../support/tampered-store.ts'

/** A cluster deletes documents of events by age, and nobody else may do so unnoticed. */
const DAY_MS = 24 * 60 * 60 * 1000
/** The plan's 365 days and 30 days of grace, as index-templates/ilm/trailseal-events-365d.json has them. */
const KEPT_DAYS = 395

let store: TamperedStore
beforeAll(async () => {
  store = await TamperedStore.open([])
}, 120_000)
afterAll(async () => {
  await store[Symbol.asyncDispose]()
})

const indexFindings = async (nowMs: number) => {
  const { ok, checked, findings } = await store.verify(undefined, nowMs)
  return { ok, findings, expired: checked.expired_from_index, indexed: checked.indexed_events }
}

test('a document that is missing is named until its plan and the grace are over, and counted from then on', async () => {
  const now = systemClock.now()
  const stream = `${store.cluster.prefix}-events-${PLAN}`
  const names: string[] = []
  for (const seq of [7, 8, 500])
    names.push((await store.remove(await store.event('acme', seq))).replace(/^[^/]*/, stream))

  const young = await indexFindings(now + (KEPT_DAYS - 1) * DAY_MS)
  expect(young).toMatchObject({ ok: false, expired: 0, indexed: 597 })
  expect(young.findings.map(({ document, what, seq }) => ({ document, what, seq }))).toEqual([
    { document: names[0], what: 'index', seq: 7 },
    { document: names[1], what: 'index', seq: 8 },
    { document: names[2], what: 'index', seq: 500 },
  ])

  const old = await indexFindings(now + (KEPT_DAYS + 1) * DAY_MS)
  expect(old).toEqual({ ok: true, findings: [], expired: 3, indexed: 597 })

  // Age excuses that a document is gone, and nothing else.
  const hidden = await store.change(await store.event('acme', 9), (source) => {
    Object.assign((source as Record<string, object>)['trailseal'] ?? {}, { log: 'acme/nowhere' })
  })
  const changed = await store.change(await store.event('acme', 10), (source) => {
    Object.assign(source, { message: 'Nothing happened here.' })
  })
  const tampered = await indexFindings(now + (KEPT_DAYS + 1) * DAY_MS)
  expect(tampered).toMatchObject({ ok: false, expired: 3 })
  expect(new Set(tampered.findings.map(({ document }) => document))).toEqual(new Set([hidden, changed]))
}, 120_000)

test('an event that is older than the plan is missing in the ledger all the same: that deletes nothing by age', async () => {
  const document = await store.remove(await store.batch('acme', 300))
  const { findings } = await store.verify(undefined, systemClock.now() + (KEPT_DAYS + 1) * DAY_MS)
  expect(findings).toEqual(
    expect.arrayContaining([expect.objectContaining({ document, what: 'entry', seq: 300 })]),
  )
}, 120_000)
