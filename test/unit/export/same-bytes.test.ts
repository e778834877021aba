import { beforeAll, describe, expect, test } from '@jest/globals'
import { csvFormat } from '../../../src/export/formats/csv/csv-format.ts'
import type { ExportFormat } from '../../../src/export/formats/export-format.ts'
import { requireFits } from '../../../src/export/formats/export-format.ts'
import { ndjsonFormat } from '../../../src/export/formats/ndjson/ndjson-format.ts'
import { makeSelfSigned } from '../../../src/export/formats/pdf/certificate.ts'
import { pdfFormat } from '../../../src/export/formats/pdf/pdf-format.ts'
import { pdfSigner } from '../../../src/export/formats/pdf/pdf-signer.ts'
import { xlsxFormat } from '../../../src/export/formats/xlsx/xlsx-format.ts'
import { ExportedLog, exportRows, fileOf, Kept, trickyEvents } from './support.ts'

const log = new ExportedLog(
  Array.from({ length: 5 * trickyEvents.length }, (_, at) => ({
    ...trickyEvents[at % trickyEvents.length],
    id: `evt-${at}`,
  })),
)
const formats = new Map<string, ExportFormat>([
  ['csv', csvFormat],
  ['ndjson', ndjsonFormat],
  ['xlsx', xlsxFormat],
])

beforeAll(async () => {
  const { certificate, key } = await makeSelfSigned('Trailseal test', new Date('2026-11-01T00:00:00Z'))
  formats.set('pdf', pdfFormat(pdfSigner(certificate, key)))
})

describe.each(['csv', 'ndjson', 'xlsx', 'pdf'])('%s', (name) => {
  test('a repeated run makes the same bytes, however its rows are cut into batches', async () => {
    const format = formats.get(name)!
    const once = await fileOf(format, log.context(), log.rows, 1_000)
    for (const batch of [1, 7]) {
      const again = await fileOf(format, log.context(), log.rows, batch)
      expect(again.equals(once)).toBe(true)
    }
  })

  test('another time of generation makes no other bytes than it has to: CSV and NDJSON do not have it', async () => {
    const format = formats.get(name)!
    const once = await fileOf(format, log.context(), log.rows)
    const later = await fileOf(format, log.context({ generatedAt: '2026-11-24T00:00:00.000Z' }), log.rows)
    expect(later.equals(once)).toBe(name === 'csv' || name === 'ndjson')
  })

  test('an output that fails, fails the export', async () => {
    class Full extends Kept {
      override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
        setImmediate(callback, new Error('disk full'))
      }
    }
    const output = new Full({ highWaterMark: 1 })
    output.on('error', () => undefined)
    const writer = formats.get(name)!.open(output, log.context())
    // it fails before the first row, when the format has begun already
    output.write('')
    const export_ = async (): Promise<void> => {
      for (let round = 0; round < 50; round++) await writer.write(exportRows(log.rows))
      await writer.end()
    }
    await expect(export_()).rejects.toThrow('disk full')
  })
})

test('a PDF of more events than people read is refused before it starts, with advice', () => {
  const pdf = formats.get('pdf')!
  const advice = /50,001 events do not fit.*at most 50,000.*CSV, XLSX or NDJSON/
  expect(() => requireFits(pdf, 50_001)).toThrow(advice)
  expect(() => pdf.open(new Kept(), log.context({ rows: 50_001 }))).toThrow(advice)
  expect(() => requireFits(pdf, 50_000)).not.toThrow()
})

test('NDJSON is the bytes that were hashed, a line each', async () => {
  const bytes = await fileOf(ndjsonFormat, log.context(), log.rows)
  const lines = log.rows.map(({ entry }) => `${Buffer.from(entry).toString('utf8')}\n`)
  expect(bytes.toString('utf8')).toBe(lines.join(''))
})
