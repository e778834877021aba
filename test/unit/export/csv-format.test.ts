import { describe, expect, test } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import { csvFormat } from '../../../src/export/formats/csv/csv-format.ts'
import { ExportedLog, fileOf, TRICKY_TEXTS, trickyEvents } from './support.ts'

const log = new ExportedLog(trickyEvents)

function parsed(bytes: Buffer): string[][] {
  // strict: columns must agree, quotes must be where RFC 4180 has them, records must end in CRLF
  return parse(bytes, { bom: true, record_delimiter: '\r\n', relax_column_count: false, relax_quotes: false })
}

describe('a CSV export', () => {
  test('is UTF-8 with a byte order mark, and every record ends in CRLF', async () => {
    const bytes = await fileOf(csvFormat, log.context(), log.rows)
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    expect(bytes.subarray(-2).toString()).toBe('\r\n')
    expect(Buffer.from(bytes.toString('utf8')).equals(bytes)).toBe(true)
  })

  test('has the five columns of the viewer first, and a row an event', async () => {
    const [header, ...records] = parsed(await fileOf(csvFormat, log.context(), log.rows))
    expect(header!.slice(0, 5)).toEqual(['Date', 'User', 'Action', 'Resource', 'Target'])
    expect(new Set(header).size).toBe(header!.length)
    expect(records).toHaveLength(log.rows.length)
  })

  test('gives every text back as it was, but for the apostrophe in front of a formula', async () => {
    const [header, ...records] = parsed(await fileOf(csvFormat, log.context(), log.rows))
    const column = header!.indexOf('Justification')
    const texts = records.map((record) => record[column]!)
    const isFormula = (text: string): boolean => /^[=+\-@\t\r＝＋－＠]/.test(text)
    expect(texts).toEqual(TRICKY_TEXTS.map((text) => (isFormula(text) ? `'${text}` : text)))
    expect(records.flat().filter(isFormula)).toEqual([])
  })

  test('has only a header when nothing matches', async () => {
    expect(parsed(await fileOf(csvFormat, log.context({ rows: 0 }), []))).toHaveLength(1)
  })
})
