import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
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
