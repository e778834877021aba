import { expect, test } from '@jest/globals'
import { catalogue } from '../../../../src/event/catalogue.ts'
import { prepareEvents } from '../../../../src/ingest/prepare/prepare-event.ts'
import { sampleHistory } from '../../../../src/ingest/sample/sample-history.ts'

const NOW = Date.parse('2026-11-23T09:30:00.000Z')
const history = sampleHistory(NOW)

test('has every kind of event of the catalogue, and nothing that the catalogue does not know', () => {
  expect([...new Set(history.map(({ action }) => action))].sort()).toEqual(
    catalogue.map(({ action }) => action).sort(),
  )
})

test('is the same at every call, says that it is made up, and lies in the last six weeks', () => {
  expect(sampleHistory(NOW)).toEqual(history)
  const times = history.map(({ timestamp }) => timestamp ?? '')
  expect(times).toEqual([...times].sort())
  expect(Date.parse(times[0] ?? '')).toBeGreaterThan(NOW - 43 * 86_400_000)
  expect(Date.parse(times.at(-1) ?? '')).toBeLessThan(NOW)
  expect(history.every(({ metadata }) => metadata?.['sample'] === true)).toBe(true)
  expect(new Set(history.map(({ id }) => id)).size).toBe(history.length)
})

test('is taken as it is: nothing in it looks like a secret', () => {
  const prepared = prepareEvents(history, NOW)
  expect(prepared).toHaveLength(history.length)
  expect(prepared.filter(({ redacted }) => redacted !== undefined)).toEqual([])
})

test('has changes that follow on each other, failures, reasons and several people', () => {
  const changes = history.filter(
    ({ action, resource }) => action === 'obligation.status_changed' && resource.id === 'o_13',
  )
  expect(changes.length).toBeGreaterThan(1)
  for (const [at, { before }] of changes.slice(1).entries())
    expect(before?.['status']).toBe(changes[at]?.after?.['status'])
  expect(history.filter(({ outcome }) => outcome === 'failure').length).toBeGreaterThan(5)
  expect(history.filter(({ justification }) => justification !== undefined).length).toBeGreaterThan(20)
  expect(new Set(history.map(({ actor }) => actor.name)).size).toBeGreaterThan(6)
})
