import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import axe from 'axe-core'
import express from 'express'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { csvFormat } from '../../src/export/formats/csv/csv-format.ts'
import type { ExportFormat } from '../../src/export/formats/export-format.ts'
import { ndjsonFormat } from '../../src/export/formats/ndjson/ndjson-format.ts'
import { makeSelfSigned } from '../../src/export/formats/pdf/certificate.ts'
import { pdfFormat } from '../../src/export/formats/pdf/pdf-format.ts'
import { pdfSigner } from '../../src/export/formats/pdf/pdf-signer.ts'
import { xlsxFormat } from '../../src/export/formats/xlsx/xlsx-format.ts'
import { verifyPage } from '../../src/http/routes/verify-page.ts'
import { verifyExport } from '../../src/verify/verify-export.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { sha256, verifySignature } from '../unit/tlog/support.ts'
import { attested, ExportedLog, trickyEvents } from '../unit/export/support.ts'
import type { AttestedExport } from '../unit/export/support.ts'
import { launch } from './support/browser.ts'
import { describeInBrowser } from './support/suite.ts'

const ROOT = new URL('../../', import.meta.url)
const PAGE = new URL('dist/web/verify.html', ROOT)
const FORMATS = ['csv', 'ndjson', 'xlsx', 'pdf'] as const
/** What is said beside the file's hash, where a format says more. */
const REASONS = {
  ...{ csv: /content was changed/, xlsx: /content was changed/, ndjson: /WRONG\s+row 150/ },
  pdf: /signature/,
} as const

const log = new ExportedLog(
  Array.from({ length: 600 }, (_, at) => trickyEvents[at % trickyEvents.length] ?? {}),
)
const directory = temporaryDirectory()
const exports = new Map<string, AttestedExport>()
let browser: Browser

interface Opened {
  readonly page: Page
  /** Everything that must stay empty: errors, refusals of the policy, requests for anything but the page itself. */
  readonly faults: readonly string[]
}

/** The page as someone opens it who kept it on a disk and has no network. */
async function open(options: BrowserContextOptions = {}, address = PAGE.href): Promise<Opened> {
  const context = await browser.newContext({ offline: address === PAGE.href, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(25_000)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('request', (request) => {
    if (request.url() !== address) faults.push(`request to ${request.url()}`)
  })
  await page.goto(address)
  return { page, faults }
}

/** Writes the files of an export into a folder of their own; `change` may edit one of them. Answers their paths. */
async function written(
  format: (typeof FORMATS)[number],
  name: string,
  change: (part: 'export' | 'proof' | 'manifest', bytes: Buffer) => Buffer = (_part, bytes) => bytes,
): Promise<string[]> {
  const { manifest, files, names } = exports.get(format)!
  const folder = join(directory.path, name)
  await mkdir(folder)
  const paths: string[] = []
  for (const part of ['export', 'proof', 'manifest'] as const) {
    const bytes = part === 'manifest' ? Buffer.from(manifest) : files.get(names[part])
    if (bytes === undefined) continue
    const path = join(folder, names[part])
    await writeFile(path, change(part, Buffer.from(bytes)))
    paths.push(path)
  }
  return paths
}

async function verdict(page: Page, paths: readonly string[], key = log.vkey): Promise<string> {
  const forget = page.getByRole('button', { name: 'Other files' })
  if (await forget.isVisible()) await forget.click()
  await page.getByLabel('Key of the log').fill(key)
  await page.locator('#choose').setInputFiles([...paths])
  await page.locator('.verdict').waitFor()
  return await page.locator('#report').innerText()
}

function flip(bytes: Buffer): Buffer {
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations: found } = await page.evaluate(
    async () => await (globalThis as unknown as { axe: typeof axe }).axe.run(),
  )
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

describeInBrowser('the page that verifies exports, from a file and without a network', () => {
  beforeAll(async () => {
    spawnSync(fileURLToPath(new URL('node_modules/.bin/node', ROOT)), ['scripts/build-web.ts'], {
      cwd: fileURLToPath(ROOT),
    })
    const { certificate, key } = await makeSelfSigned('Trailseal test', new Date('2026-11-01T00:00:00Z'))
    const formats: ExportFormat[] = [
      csvFormat,
      ndjsonFormat,
      xlsxFormat,
      pdfFormat(pdfSigner(certificate, key)),
    ]
    for (const format of formats)
      exports.set(format.name, await attested(log, format, log.rows.slice(100, 400), `exp_${format.name}`))
    browser = await launch()
  })
  afterAll(async () => {
    await browser.close()
    directory[Symbol.dispose]()
  })

  describe.each(FORMATS)('%s', (format) => {
    test('intact is verified, with the report that the command gives', async () => {
      const { page, faults } = await open()
      const shown = await verdict(page, await written(format, `intact-${format}`))
      expect(shown).toContain('Verified: nothing was changed')
      const { manifest, files } = exports.get(format)!
      const report = await verifyExport({
        ...{ manifest, vkey: log.vkey, sha256, verifySignature },
        // eslint-disable-next-line @typescript-eslint/require-await -- a stream, whose one part is at hand
        async *open({ name }) {
          yield files.get(name)!
        },
        newHasher: () => createHash('sha256'),
      })
      const lines = await page.locator('.steps li > span:last-child').allInnerTexts()
      expect(lines).toEqual([...report.checked, ...report.unknown])
      expect(faults).toEqual([])
    })

    test('one byte changed is refused with the reason', async () => {
      const { page, faults } = await open()
      const paths = await written(format, `changed-${format}`, (part, bytes) =>
        part === 'export' ? flip(bytes) : bytes,
      )
      const shown = await verdict(page, paths)
      expect(shown).toContain('NOT verified')
      expect(shown).toMatch(/is not the export that was generated: its content was changed/)
      expect(shown).toMatch(REASONS[format])
      expect(faults).toEqual([])
    })
  })

  test('a changed proof or manifest, a foreign key, a key that is none', async () => {
    const { page, faults } = await open()
    const proof = await written('ndjson', 'proof', (part, bytes) => (part === 'proof' ? flip(bytes) : bytes))
    expect(await verdict(page, proof)).toMatch(/NOT verified[^]*is not the proof that was generated/)
    const changed = await written('ndjson', 'manifest', (part, bytes) =>
      part === 'manifest' ? Buffer.from(bytes.toString().replace('every event', 'other event')) : bytes,
    )
    expect(await verdict(page, changed)).toMatch(/NOT verified[^]*something in it was changed/)
    const cut = await written('ndjson', 'cut', (part, bytes) =>
      part === 'manifest' ? bytes.subarray(0, 900) : bytes,
    )
    expect(await verdict(page, cut)).toMatch(/NOT verified[^]*not complete JSON/)
    const intact = await written('ndjson', 'keys')
    const foreign = new ExportedLog([{}], 'other').vkey
    expect(await verdict(page, intact, foreign)).toMatch(
      /NOT verified[^]*the key is that of log.example\/other/,
    )
    expect(await verdict(page, intact, 'no key')).toContain('Nothing was verified')
    expect(await verdict(page, intact, '')).toMatch(/Verified[^]*Only the manifest names this key/)
    expect(faults).toEqual([])
  })

  test('says which file is missing, and goes on when it comes', async () => {
    const { page } = await open()
    const [file = '', proof = '', manifest = ''] = await written('ndjson', 'one-by-one')
    await page.locator('#choose').setInputFiles(file)
    await page.getByText('Still missing: the manifest').waitFor()
    await page.locator('#choose').setInputFiles(manifest)
    await page.getByText(/Still missing: .*proof\.json \(the proof\)/).waitFor()
    expect(await page.getByRole('button', { name: 'Verify', exact: true }).isDisabled()).toBe(true)
    await page.locator('#choose').setInputFiles(proof)
    await page.getByText('Verified: nothing was changed').waitFor()
  })

  test.each([
    ['light', 360],
    ['light', 1280],
    ['dark', 360],
    ['dark', 1280],
  ] as const)('axe finds nothing, and nothing is cut off: %s, %i px', async (colorScheme, width) => {
    const { page } = await open({ colorScheme, viewport: { width, height: 900 } })
    expect(await violations(page)).toEqual([])
    await verdict(page, await written('ndjson', `axe-${colorScheme}-${width}`))
    expect(await violations(page)).toEqual([])
    const bad = await written('csv', `axe-bad-${colorScheme}-${width}`, (part, bytes) =>
      part === 'export' ? flip(bytes) : bytes,
    )
    expect(await verdict(page, bad)).toContain('NOT verified')
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    const pictures = process.env['TRAILSEAL_PICTURES']
    if (pictures !== undefined)
      await page.screenshot({ path: join(pictures, `verify-${colorScheme}-${width}.png`), fullPage: true })
  })

  test('works as the gateway serves it, under the same policy', async () => {
    const serve = verifyPage(new URL('./', PAGE))!
    const server = express().use(serve).listen(0)
    await once(server, 'listening')
    try {
      const address = `http://localhost:${(server.address() as AddressInfo).port}/verify.html`
      const policy = (await fetch(address)).headers.get('content-security-policy')
      expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-.*; frame-ancestors 'none'$/)
      const { page, faults } = await open({}, address)
      expect(await verdict(page, await written('pdf', 'served'))).toContain('Verified')
      expect(faults.filter((fault) => !/frame-ancestors|favicon/.test(fault))).toEqual([])
    } finally {
      server.close()
    }
  })

  test('is one file, whose policy allows its own script and style and no connection', () => {
    const text = readFileSync(PAGE, 'utf8')
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(text)?.[1] ?? ''
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/,
    )
    expect(text).not.toMatch(/(?:src|href)="/)
  })
})
