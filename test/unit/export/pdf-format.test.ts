import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { makeSelfSigned } from '../../../src/export/formats/pdf/certificate.ts'
import { pdfFormat } from '../../../src/export/formats/pdf/pdf-format.ts'
import { pdfSigner } from '../../../src/export/formats/pdf/pdf-signer.ts'
import { verifyPdfSignature } from '../../../src/verify/export-pdf-signature.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { sha256 } from '../tlog/support.ts'
import { ExportedLog, fileOf, trickyEvents } from './support.ts'

const run = promisify(execFile)
const log = new ExportedLog(trickyEvents)
let pem: { certificate: string; key: string }
let bytes: Buffer
let path: string
const directory = temporaryDirectory()

async function saved(name: string, content: Uint8Array): Promise<string> {
  const file = join(directory.path, name)
  await writeFile(file, content)
  return file
}

const text = async (file: string): Promise<string> => (await run('pdftotext', ['-layout', file, '-'])).stdout

/** pdfsig's words on a document; it exits with another code than 0 when it finds a signature wrong. */
async function signatureOf(file: string): Promise<string> {
  const failed = (error: { stdout: string }): { stdout: string } => error
  return (await run('pdfsig', [file]).catch(failed)).stdout
}

afterAll(() => directory[Symbol.dispose]())

beforeAll(async () => {
  pem = await makeSelfSigned('Trailseal at log.example', new Date('2026-11-01T00:00:00Z'))
  bytes = await fileOf(
    pdfFormat(pdfSigner(pem.certificate, pem.key)),
    log.context({ requester: 'Ada <a@example.com>' }),
    log.rows,
  )
  path = await saved('export.pdf', bytes)
})

describe('the digital signature, as poppler sees it', () => {
  test('is valid, covers the whole document, and is a PAdES one of the time of generation', async () => {
    const words = await signatureOf(path)
    expect(words).toContain('Signature is Valid.')
    expect(words).toContain('Total document signed')
    expect(words).toContain('ETSI.CAdES.detached')
    expect(words).toContain('Signing Time: Nov 23 2026 12:00:00')
    expect(words).toContain('CN=Trailseal at log.example')
  })

  test('is no longer valid after any one byte outside of it was changed', async () => {
    const [, hole = 0, behind = 0] = /ByteRange \[0 (\d+) (\d+)/.exec(bytes.toString('latin1'))!.map(Number)
    for (const at of [20, Math.floor(bytes.length / 2), hole - 20, behind + 1, bytes.length - 10]) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      expect(await signatureOf(await saved('changed.pdf', changed))).not.toContain('Signature is Valid.')
    }
  })
})

describe('our own check of it', () => {
  test('names whose it is', async () => {
    expect(await verifyPdfSignature(bytes, sha256)).toMatch(
      /^“Trailseal at log.example” \(certificate SHA-256 [0-9a-f]{64}\)$/,
    )
  })

  test.each([
    ['a byte changed', (pdf: Buffer) => pdf.fill(pdf[100]! ^ 1, 100, 101), /it was changed/],
    [
      'something appended',
      (pdf: Buffer) => Buffer.concat([pdf, Buffer.from('%more\n')]),
      /does not cover the whole/,
    ],
    ['something cut off', (pdf: Buffer) => pdf.subarray(0, -100), /does not cover the whole|not signed/],
    [
      'no signature',
      (pdf: Buffer) => Buffer.from(pdf.toString('latin1').replace('/ByteRange', '/ByteRangX'), 'latin1'),
      /not signed/,
    ],
    [
      'a range that leaves something out',
      (pdf: Buffer) =>
        Buffer.from(pdf.toString('latin1').replace('/ByteRange [0 ', '/ByteRange [1 '), 'latin1'),
      /does not cover the whole/,
    ],
  ])('refuses a document with %s', async (_what, change, reason) => {
    await expect(verifyPdfSignature(change(Buffer.from(bytes)), sha256)).rejects.toThrow(reason)
  })

  test('refuses a signature by another key than that of the certificate inside', async () => {
    const other = await makeSelfSigned('Mallory', new Date('2026-11-01T00:00:00Z'))
    const signature = pdfSigner(other.certificate, other.key)
      .sign(new Uint8Array(32))
      .toString('hex')
      .slice(-512)
    const forged = bytes.toString('latin1').replace(/[0-9a-f]{512}>/, `${signature}>`)
    await expect(verifyPdfSignature(Buffer.from(forged, 'latin1'), sha256)).rejects.toThrow(
      /not one that its certificate/,
    )
  })
})

describe('the document', () => {
  test('has as many pages as it says, on each of them', async () => {
    const { stdout } = await run('pdfinfo', [path])
    const pages = Number(/^Pages:\s+(\d+)$/m.exec(stdout)![1])
    expect(pages).toBeGreaterThan(2)
    const numbered = [...(await text(path)).matchAll(/Page (\d+) of (\d+)/g)].map(([, page, total]) => [
      Number(page),
      Number(total),
    ])
    expect(numbered).toEqual(Array.from({ length: pages }, (_, at) => [at + 1, pages]))
    expect(stdout).toContain('Title:           Audit log of Acme Robotics')
    expect(stdout).toMatch(/Page size: +841.89 x 595.28 pts \(A4\)/)
  })

  test('shows every event id in one piece', async () => {
    const shown = await text(path)
    expect(trickyEvents.filter(({ id }) => !shown.includes(id!))).toEqual([])
  })

  test('says what was exported, by whom and when, and ends with the checkpoint', async () => {
    const shown = await text(path)
    for (const words of [
      'Acme Robotics (acme)',
      'every event',
      'Ada <a@example.com>',
      '11/23/2026 12:00:00 UTC',
      'exp_1',
    ]) {
      expect(shown).toContain(words)
    }
    const last = shown.trimEnd().split('\f').at(-1)!
    for (const line of log.checkpoint.trim().split('\n')) expect(last).toContain(line)
  })

  test('has glyphs for Greek, Cyrillic, Chinese, Japanese, Korean, Hebrew, Arabic and emoji', async () => {
    const shown = await text(path)
    for (const words of [
      'Größe, Łódź',
      'Ελληνικά',
      'Русский',
      'ґ',
      '风险评估',
      'ひらがな',
      '한국어',
      'שלום',
      'مرحبا',
      '😀',
    ]) {
      expect(shown).toContain(words)
    }
  })

  test('shows by number what no font has, what is invisible, and what would turn the order around', async () => {
    const shown = await text(path)
    expect(shown).toContain('evil [U+202E]gpj.exe')
    expect(shown).toContain('bell [U+0007] and [U+0000] and [U+FFFF]')
  })

  test('embeds every font that it uses, so that it looks the same everywhere', async () => {
    const { stdout } = await run('pdffonts', [path])
    const fonts = stdout.trim().split('\n').slice(2)
    expect(fonts.length).toBeGreaterThan(5)
    // columns: emb, sub, uni
    expect(fonts.filter((font) => !/ yes yes yes /.test(font))).toEqual([])
  })

  test('says when there is nothing, and when something was too long for a page', async () => {
    const format = pdfFormat(pdfSigner(pem.certificate, pem.key))
    const empty = await saved('empty.pdf', await fileOf(format, log.context({ rows: 0 }), []))
    expect(await text(empty)).toContain('No events match.')
    const before = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`field${at}`, '字'.repeat(10)]))
    const huge = new ExportedLog([
      { id: 'huge', action: 'a'.repeat(300), before, metadata: { text: '字'.repeat(15_000) } },
    ])
    const shown = await text(await saved('huge.pdf', await fileOf(format, huge.context(), huge.rows)))
    expect(shown).toMatch(/more changes: see the NDJSON export/)
    expect(shown).toMatch(/… [\d,]+ more characters: see the NDJSON export/)
    expect(shown).toContain('id huge')
  })
})

describe('the signer', () => {
  test("refuses what is no key, and a key that is not the certificate's", () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    }) as string
    expect(() => pdfSigner(pem.certificate, other)).toThrow(/not that of the certificate/)
    expect(() => pdfSigner(pem.certificate, 'no key')).toThrow(/not a private key/)
    expect(() => pdfSigner('no certificate', pem.key)).toThrow(/not that of the certificate/)
  })
})
