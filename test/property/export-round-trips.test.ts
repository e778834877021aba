import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import * as spreadsheet from '@e965/xlsx'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { csvCell } from '../../src/export/formats/csv/csv-cell.ts'
import { csvFormat } from '../../src/export/formats/csv/csv-format.ts'
import { ndjsonFormat } from '../../src/export/formats/ndjson/ndjson-format.ts'
import { xlsxFormat } from '../../src/export/formats/xlsx/xlsx-format.ts'
import { verifyExport } from '../../src/verify/verify-export.ts'
import { attested, ExportedLog, fileOf } from '../unit/export/support.ts'
import type { AttestedExport } from '../unit/export/support.ts'
import { sha256, verifySignature } from '../unit/tlog/support.ts'

const log = new ExportedLog(Array.from({ length: 600 }, () => ({})))
const logs = [1, 2, 255, 256, 257, 600].map((size) =>
  size === 600 ? log : new ExportedLog(Array.from({ length: size }, () => ({}))),
)

async function isVerified(log: ExportedLog, { manifest, files }: AttestedExport): Promise<boolean> {
  const report = await verifyExport({
    ...{ manifest, vkey: log.vkey, sha256, verifySignature },
    async *open({ name }) {
      yield await Promise.resolve(files.get(name)!)
    },
    newHasher: () => {
      const hash = createHash('sha256')
      return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
    },
  })
  return report.ok
}

/** A log, and any of its rows. */
const selections = fc
  .record({
    log: fc.constantFrom(...logs),
    chosen: fc.func(fc.boolean()),
    share: fc.integer({ min: 1, max: 100 }),
  })
  .map(({ log, chosen, share }) => ({
    log,
    rows: log.rows.filter(({ seq }) =>
      share > 50 ? seq % share !== 0 || chosen(seq) : seq % share === 0 && chosen(seq),
    ),
  }))

describe('any choice of rows of any log', () => {
  test('is verified, in whichever mode', async () => {
    await fc.assert(
      fc.asyncProperty(selections, async ({ log, rows }) => {
        expect(await isVerified(log, await attested(log, ndjsonFormat, rows))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('is not verified after any one bit of file, proof or manifest was changed', async () => {
    const export_ = await attested(log, ndjsonFormat, log.rows.slice(100, 120))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<'export' | 'proof' | 'manifest'>('export', 'proof', 'manifest'),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 0, max: 7 }),
        async (part, place, bit) => {
          const changed = { ...export_, files: new Map(export_.files) }
          const bytes = Uint8Array.from(
            part === 'manifest'
              ? Buffer.from(export_.manifest.trimEnd())
              : export_.files.get(export_.names[part])!,
          )
          bytes[Math.floor(place * bytes.length)]! ^= 1 << bit
          if (part === 'manifest') changed.manifest = Buffer.from(bytes).toString('utf8')
          else changed.files.set(export_.names[part], bytes)
          const verdict = isVerified(log, changed).catch((error: unknown) => (error as { code: string }).code)
          expect(['malformed_proof', 'tampered', false]).toContain(await verdict)
        },
      ),
      { numRuns: 300 },
    )
  })
})

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...Array.from('=+-@\t\r\n",\'_x0041 é字😀<&>\u0000\uffff')) }),
)

describe('any text', () => {
  test('comes back from CSV, but for the apostrophe in front of a formula', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(texts, texts, texts), { minLength: 1 }), (records) => {
        const csv = records.map((record) => `${record.map(csvCell).join(',')}\r\n`).join('')
        const isFormula = /^[=+\-@\t\r＝＋－＠]/
        const expected = records.map((record) =>
          record.map((text) => (isFormula.test(text) ? `'${text}` : text)),
        )
        expect(parse(csv, { record_delimiter: '\r\n' })).toEqual(expected)
      }),
    )
  })

  test('comes back from XLSX', async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        fc.pre(text.isWellFormed())
        const one = new ExportedLog([{ justification: text }])
        const book = spreadsheet.read(await fileOf(xlsxFormat, one.context(), one.rows))
        const [row] = spreadsheet.utils.sheet_to_json<Record<string, string>>(book.Sheets['Events']!)
        // SheetJS reads CR LF as LF
        expect(row!['Justification'] ?? '').toBe(text.replaceAll('\r\n', '\n'))
      }),
      { numRuns: 60 },
    )
  })

  test('does not break a record of CSV', async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        fc.pre(text.isWellFormed())
        const one = new ExportedLog([{ justification: text, metadata: { [text]: text } }])
        const records = parse(await fileOf(csvFormat, one.context(), one.rows), {
          bom: true,
          record_delimiter: '\r\n',
        })
        expect(records).toHaveLength(2)
      }),
      { numRuns: 60 },
    )
  })
})
