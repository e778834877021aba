import { expect, test } from '@jest/globals'
import { ScannedExportRows } from '../../../src/export/scanned-export-rows.ts'
import type { ScannedRows } from '../../../src/query/event-scan.ts'

/** The entries behind two bytes each, as a ledger reads them. */
function entriesOf(texts: readonly string[], inOrder = true): ScannedRows {
  const bytes = new Uint8Array(Buffer.from(texts.map((text) => `..${text}`).join('')))
  let end = 0
  const starts = texts.map((text) => {
    end += 2 + Buffer.byteLength(text)
    return end - Buffer.byteLength(text)
  })
  const order = texts.map((_, at) => (inOrder ? at : texts.length - 1 - at))
  return {
    seqs: Float64Array.from(order, (at) => 100 + at),
    starts: Uint32Array.from(order, (at) => starts[at]!),
    lengths: Uint32Array.from(order, (at) => Buffer.byteLength(texts[at]!)),
    leafHashes: Uint8Array.from(order.flatMap((at) => Array.from({ length: 32 }, () => at))),
    bytes,
  }
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
