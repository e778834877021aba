import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { runCli } from '../../../src/cli/program.ts'
import { csvFormat } from '../../../src/export/formats/csv/csv-format.ts'
import type { ExportFormat } from '../../../src/export/formats/export-format.ts'
import { ndjsonFormat } from '../../../src/export/formats/ndjson/ndjson-format.ts'
import { makeSelfSigned } from '../../../src/export/formats/pdf/certificate.ts'
import { pdfFormat } from '../../../src/export/formats/pdf/pdf-format.ts'
import { pdfSigner } from '../../../src/export/formats/pdf/pdf-signer.ts'
import { xlsxFormat } from '../../../src/export/formats/xlsx/xlsx-format.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { attested, ExportedLog } from '../export/support.ts'

const log = new ExportedLog(Array.from({ length: 300 }, () => ({})))
const otherLog = new ExportedLog(
  Array.from({ length: 300 }, () => ({})),
  'other',
)
let directory: ReturnType<typeof temporaryDirectory>
beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(() => directory[Symbol.dispose]())

/** Writes an export's files as someone would have downloaded them; answers their paths. */
async function downloaded(
  format: ExportFormat,
  exportId = 'exp_1',
): Promise<{ manifest: string; export: string; proof: string }> {
  const { manifest, files, names } = await attested(log, format, log.rows, exportId)
  await writeFile(join(directory.path, names.manifest), manifest)
  for (const [name, bytes] of files) await writeFile(join(directory.path, name), bytes)
  const path = (name: string): string => join(directory.path, name)
  return { manifest: path(names.manifest), export: path(names.export), proof: path(names.proof) }
}

async function trailseal(...args: string[]): Promise<{ exit: number; out: string; err: string }> {
  const stdout = new PassThrough()
  let err = ''
  const terminal = {
    stdin: new PassThrough(),
    stdout,
    stderr: { write: (text: string) => (err += text) },
    environment: {},
  }
  const exit = await runCli(['verify', ...args], terminal)
  return { exit, out: String(stdout.read() ?? ''), err }
}

describe('an intact export', () => {
  test('is verified from its manifest, or from any of its files: exit 0', async () => {
    const paths = await downloaded(ndjsonFormat)
    for (const given of [[paths.manifest], [paths.export], [paths.proof], Object.values(paths)]) {
      const { exit, out } = await trailseal(...given, '--key', log.vkey)
      expect(out).toContain('ok: nothing was changed')
      expect(out).toMatch(/checked +each of the 300 rows is an entry of the log/)
      expect(exit).toBe(0)
    }
  })

  test('is found under the names that trailseal export gives, from any of them', async () => {
    const paths = await downloaded(ndjsonFormat)
    const file = join(directory.path, 'audit of May.ndjson')
    const named = [file, `${file}.manifest.json`, `${file}.proof.json`]
    for (const [at, from] of [paths.export, paths.manifest, paths.proof].entries())
      await rename(from, named[at] ?? '')
    for (const given of named) expect(await trailseal(given, '--key', log.vkey)).toMatchObject({ exit: 0 })
  })

  test('in every format, several at once', async () => {
    const { certificate, key } = await makeSelfSigned('Trailseal test', new Date('2026-11-01T00:00:00Z'))
    const formats = [csvFormat, xlsxFormat, pdfFormat(pdfSigner(certificate, key)), ndjsonFormat]
    const manifests: string[] = []
    for (const format of formats) manifests.push((await downloaded(format, `exp_${format.name}`)).manifest)
    const { exit, out } = await trailseal(...manifests, '--key', log.vkey, '--json')
    const report = JSON.parse(out) as { ok: boolean; exports: { ok: boolean; format: string }[] }
    expect(report.exports.map(({ ok, format }) => [ok, format])).toEqual(
      formats.map(({ name }) => [true, name]),
    )
    expect([report.ok, exit]).toEqual([true, 0])
  })

  test('with its files under other names or in other places', async () => {
    const paths = await downloaded(ndjsonFormat)
    const elsewhere = join(directory.path, 'elsewhere')
    await mkdir(elsewhere)
    await rename(paths.export, join(elsewhere, 'my export.txt'))
    expect(
      (await trailseal(paths.manifest, '--file', join(elsewhere, 'my export.txt'), '--key', log.vkey)).exit,
    ).toBe(0)
    await rename(paths.proof, join(elsewhere, 'proof'))
    expect(
      (
        await trailseal(
          paths.manifest,
          join(elsewhere, 'proof'),
          join(elsewhere, 'my export.txt'),
          '--key',
          log.vkey,
        )
      ).exit,
    ).toBe(0)
  })
})

describe('exit 1 with the reason', () => {
  test('when the file was changed, as a person and as a program sees it', async () => {
    const paths = await downloaded(csvFormat)
    await writeFile(paths.export, 'Date,User\r\n')
    const shown = await trailseal(paths.manifest, '--key', log.vkey)
    expect([shown.exit, shown.out]).toEqual([
      1,
      expect.stringContaining('is not the export that was generated: it has 11 bytes'),
    ])
    const { exit, out } = await trailseal(paths.manifest, '--key', log.vkey, '--json')
    expect(exit).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ ok: false, format: 'csv', findings: [{ what: 'file' }] })
  })

  test('when the manifest is truncated', async () => {
    const paths = await downloaded(ndjsonFormat)
    await writeFile(paths.manifest, (await attested(log, ndjsonFormat, log.rows)).manifest.slice(0, 500))
    expect(await trailseal(paths.manifest, '--key', log.vkey)).toMatchObject({
      exit: 1,
      out: expect.stringContaining('not complete JSON') as unknown,
    })
  })

  test('when the manifest names a file outside of its folder: it is not even looked at', async () => {
    const paths = await downloaded(csvFormat)
    const { manifest } = await attested(log, csvFormat, log.rows)
    await writeFile(paths.manifest, manifest.replace('acme-exp_1.csv', '../../../../etc/passwd'))
    await writeFile(join(directory.path, 'passwd'), 'mine')
    const { exit, out } = await trailseal(paths.manifest, '--key', log.vkey)
    expect([exit, out]).toEqual([1, expect.stringContaining('it has 4 bytes')])
  })
})

type Part = 'manifest' | 'export' | 'proof'
type Paths = Readonly<Record<Part, string>>

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')))
}

const lines = (change: (rows: string[]) => string[]) => (text: string) =>
  `${change(text.trimEnd().split('\n')).join('\n')}\n`

/** Each way to tamper with an export (issue 5), and the reason that the command gives. */
const TAMPER_MATRIX: readonly (readonly [
  what: string,
  tamper: (paths: Paths) => Promise<void>,
  reason: RegExp,
])[] = [
  [
    'a row edited',
    (p) => edit(p.export, (text) => text.replace('ada@', 'eve@')),
    /row 1 \(seq 0\): .*another hash/,
  ],
  [
    'a row removed',
    (p) =>
      edit(
        p.export,
        lines((rows) => rows.toSpliced(7, 1)),
      ),
    /has 299 rows, the manifest says 300/,
  ],
  [
    'a row added',
    (p) =>
      edit(
        p.export,
        lines((rows) => [...rows, rows[0]!.replace('"seq":0', '"seq":300')]),
      ),
    /row 301 .*added/,
  ],
  [
    'rows reordered',
    (p) =>
      edit(
        p.export,
        lines(([one = '', two = '', ...rows]) => [two, one, ...rows]),
      ),
    /in another order than the log/,
  ],
  [
    'the file cut off',
    (p) => edit(p.export, (text) => text.slice(0, -40)),
    /row 300: The row is not an entry of a log/,
  ],
  [
    'the manifest changed',
    (p) => edit(p.manifest, (text) => text.replace('every event', 'own events')),
    /manifest.*something in it was changed/,
  ],
  [
    'the checkpoint changed',
    (p) => edit(p.manifest, (text) => text.replace('\\n300\\n', '\\n301\\n')),
    /checkpoint: /,
  ],
  [
    'the key in the manifest changed',
    (p) => edit(p.manifest, (text) => text.replace(log.vkey, otherLog.vkey)),
    /manifest: .*changed/,
  ],
  [
    'the proof changed',
    (p) => edit(p.proof, (text) => text.replace(/(?<="leaf_hashes":\[")[^"]+/, `${'A'.repeat(43)}=`)),
    /proof: .*do not lead to the root/,
  ],
  [
    'the proof cut off',
    (p) => edit(p.proof, (text) => text.slice(0, 5_000)),
    /proof: The list of the proof is incomplete/,
  ],
]

describe('tamper matrix: exit 1 with the reason, exit 0 before', () => {
  test.each(TAMPER_MATRIX)('%s', async (_what, tamper, reason) => {
    const paths = await downloaded(ndjsonFormat)
    expect((await trailseal(paths.export, '--key', log.vkey)).exit).toBe(0)
    await tamper(paths)
    const { exit, out } = await trailseal(paths.export, '--key', log.vkey)
    expect(out).toMatch(reason)
    expect(exit).toBe(1)
  })

  test('files swapped between two exports, and a proof of another workspace', async () => {
    const paths = await downloaded(ndjsonFormat)
    const half = await attested(log, ndjsonFormat, log.rows.slice(100, 200), 'exp_2')
    const foreign = await attested(otherLog, ndjsonFormat, otherLog.rows, 'exp_3')
    for (const [part, other, reason] of [
      ['export', half, /The file has 100 rows, the manifest says 300/],
      ['proof', half, /proof: /],
      ['manifest', half, /The file has 300 rows, the manifest says 100/],
      ['export', foreign, /belongs to another log/],
      ['proof', foreign, /The proof is not that of this export/],
      ['manifest', foreign, /the key is that of/],
    ] as const) {
      const whole = await readFile(paths[part])
      const files = { ...other.names, manifest: other.manifest }
      const swapped = part === 'manifest' ? files.manifest : other.files.get(files[part])!
      await writeFile(paths[part], swapped)
      const given = [paths.manifest, paths.export, paths.proof]
      expect(await trailseal(...given, '--key', log.vkey)).toMatchObject({
        exit: 1,
        out: expect.stringMatching(reason) as unknown,
      })
      await writeFile(paths[part], whole)
    }
  })

  test('the key of another log', async () => {
    const paths = await downloaded(ndjsonFormat)
    expect(await trailseal(paths.export, '--key', otherLog.vkey)).toMatchObject({
      exit: 1,
      out: expect.stringMatching(/the key is that of log.example\/other/) as unknown,
    })
  })

  test('CSV, XLSX and PDF: a byte changed, the file cut off, swapped for another', async () => {
    const { certificate, key } = await makeSelfSigned('Trailseal test', new Date('2026-11-01T00:00:00Z'))
    for (const format of [csvFormat, xlsxFormat, pdfFormat(pdfSigner(certificate, key))]) {
      const paths = await downloaded(format, `exp_${format.name}`)
      const whole = await readFile(paths.export)
      const changed = Buffer.from(whole)
      const middle = changed.length >> 1
      changed[middle] = (changed[middle] ?? 0) ^ 1
      for (const bytes of [changed, whole.subarray(0, -100), Buffer.concat([whole, Buffer.from('x')])]) {
        await writeFile(paths.export, bytes)
        expect(await trailseal(paths.export, '--key', log.vkey)).toMatchObject({
          exit: 1,
          out: expect.stringContaining('is not the export that was generated') as unknown,
        })
      }
      await writeFile(paths.export, whole)
      expect((await trailseal(paths.export, '--key', log.vkey)).exit).toBe(0)
    }
  })
})

describe('exit 2', () => {
  test('when a file is missing: that is no sign of tampering', async () => {
    const paths = await downloaded(ndjsonFormat)
    await rm(paths.proof)
    expect(await trailseal(paths.manifest, '--key', log.vkey)).toMatchObject({
      exit: 2,
      err: expect.stringContaining('is missing') as unknown,
    })
    await rm(paths.manifest)
    expect(await trailseal(paths.export, '--key', log.vkey)).toMatchObject({
      exit: 2,
      err: expect.stringContaining('without its manifest') as unknown,
    })
    expect((await trailseal(join(directory.path, 'none'))).exit).toBe(2)
  })

  test('when the key is none, or nothing was said to verify', async () => {
    const paths = await downloaded(ndjsonFormat)
    expect((await trailseal(paths.manifest, '--key', 'no+00000000+key')).exit).toBe(2)
    expect((await trailseal()).exit).toBe(2)
  })
})
