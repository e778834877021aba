import { expect, test } from '@jest/globals'
import { ScannedExportRows } from '../../../src/export/scanned-export-rows.ts'
import type { ScannedRows } from '../../../src/query/event-scan.ts'
import { scannedRows } from './support.ts'

function entriesOf(texts: readonly string[], inOrder = true): ScannedRows {
  const rows = texts.map((text, at) => ({
    seq: 100 + at,
    entry: new Uint8Array(Buffer.from(text)),
    leafHash: new Uint8Array(32).fill(at),
  }))
  const order = rows.map((_, at) => at)
  return scannedRows(rows, inOrder ? order : order.toReversed())
}

const TEXTS = ['{"a":1}', '{}', '{"word":"Ωmega"}', '{"action":"account.login"}']

test('rows are read from the bytes in which they lie, in their own order', () => {
  const rows = [...new ScannedExportRows(entriesOf(TEXTS, false))]
  expect(rows.map(({ seq }) => seq)).toEqual([103, 102, 101, 100])
  expect(rows.map(({ entry }) => Buffer.from(entry).toString())).toEqual(TEXTS.toReversed())
  expect(rows.map(({ event }) => event)).toEqual(
    TEXTS.toReversed().map((text) => JSON.parse(text) as unknown),
  )
  expect(rows.map(({ leafHash }) => [...new Set(leafHash)])).toEqual([[3], [2], [1], [0]])
})

test('lines take the place of the rows', () => {
  const entries = entriesOf(TEXTS)
  const lines = new ScannedExportRows(entries).lines()
  expect(Buffer.from(lines).toString()).toBe(TEXTS.map((text) => `${text}\n`).join(''))
  expect(lines.buffer).toBe(entries.bytes.buffer)
  expect(new ScannedExportRows(entriesOf([])).lines()).toHaveLength(0)
})

test('lines of rows that lie in another order would overwrite each other, and are refused', () => {
  expect(() => new ScannedExportRows(entriesOf(TEXTS, false)).lines()).toThrow('in their order')
})
