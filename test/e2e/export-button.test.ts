import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as spreadsheet from '@e965/xlsx'
import type { CellObject, WorkSheet } from '@e965/xlsx'
import { parse } from 'csv-parse/sync'
import type { Download, Locator, Page } from 'playwright-core'
import { rowsShown, type Visit } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { ADA, GRACE, sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const CLOUDTRAIL = 'test/vectors/cloudtrail-stratus.ndjson.gz'
/** Names that programs for tables like to take for something else, and events with as little as may be. */
const TRICKY = [
  ...['=1+1', '0012', '2026-01-02', '<b>bold</b>', 'شهادة.pdf', '文件 🧾.pdf', '_x0041_', '  spaces  '],
].map((name, at) => ({
  timestamp: new Date(Date.UTC(2026, 2, 29, 0, 59, 58) + at * 700).toISOString(),
  actor: at % 2 === 0 ? ADA : GRACE,
  action: 'file.renamed',
  resource: { type: 'FILE', id: `t_${at}`, name, url: `https://app.example.com/files/${at}?a=1&b=%20` },
}))
const BARE = [
  { actor: { type: 'system' }, action: 'file.deleted', resource: { type: 'FILE' } },
  { actor: { type: 'user', id: 'u_bare' }, action: 'file.deleted', resource: { type: 'FILE', id: 'f_bare' } },
  { actor: GRACE, action: 'file.deleted', resource: { type: 'FILE', name: 'no_id.pdf' } },
].map((event, at) => ({ timestamp: new Date(Date.UTC(2026, 3, 1) + at * 1_000).toISOString(), ...event }))

/** What a row of the table says, column by column. */
interface ShownRow {
  readonly date: string
  readonly user: string
  readonly action: string
  readonly resource: string
  readonly target: string
  readonly link: string | null
}

describeInBrowser('the export button', () => {
  const stage = new Stage()
  const downloads = temporaryDirectory()
  let gateway: Gateway
  let owner: string

  beforeAll(async () => {
    gateway = await stage.open()
    await gateway.workspace('acme', 'Acme Robotics', 'strategic')
    await gateway.workspace('cloud', 'Cloud accounts', 'strategic')
    await gateway.send('acme', [...sampleHistory(Date.now(), 120), ...TRICKY, ...BARE])
    await gateway.import(CLOUDTRAIL, 'cloud', 'cloudtrail')
    owner = await gateway.token({ role: 'owner', workspace: 'acme' })
  })

  afterAll(async () => {
    downloads[Symbol.dispose]()
    await stage.close()
  })

  async function at(path: string, token: string = owner): Promise<Visit> {
    const visited = await stage.visit(token)
    await visited.page.goto(gateway.url + path)
    await rowsShown(visited.page)
    // The workbook has the times of UTC, as every file that leaves; the table is asked for the same.
    await visited.page.getByRole('button', { name: 'Times are in Europe/Berlin' }).click()
    return visited
  }

  test.each([
    ['the tricky names', '/w/acme/audit-log?q=resource.type:FILE AND (action:renamed OR action:deleted)', 11],
    [
      'the kinds of events',
      '/w/acme/dashboard?category=obligation&category=evidence&category=certification',
      40,
    ],
  ])('gives a workbook that equals the table: %s', async (_name, path, least) => {
    const { page, faults } = await at(path)
    const shown = await allRows(page)
    expect(shown.length).toBeGreaterThanOrEqual(least)
    const file = await readFile(
      await downloaded(page, page.getByRole('button', { name: 'Export', exact: true })),
    )
    expect(rowsOfWorkbook(file)).toEqual(shown)
    expect(faults).toEqual([])
  })

  test('gives a workbook that equals the table of a CloudTrail history', async () => {
    const token = await gateway.token({ role: 'owner', workspace: 'cloud' })
    const { page } = await at('/w/cloud/audit-log?verb=DELETE&verb=LOGIN', token)
    const shown = await allRows(page)
    expect(shown.length).toBeGreaterThan(100)
    const file = await readFile(
      await downloaded(page, page.getByRole('button', { name: 'Export', exact: true })),
    )
    expect(rowsOfWorkbook(file)).toEqual(shown)
  })

  test('offers the other formats, says what will be in them, and each file verifies with its manifest', async () => {
    const { page } = await at('/w/acme/audit-log?category=file&outcome=success')
    const targets = (await allRows(page)).map(({ target }) => target)
    for (const format of ['CSV', 'NDJSON', 'PDF']) {
      await page.getByRole('button', { name: 'Other formats' }).click()
      await page.getByText(/^Events .*file.*success/).waitFor()
      const download = await downloaded(page, page.getByRole('menuitem', { name: format }))
      const bytes = await readFile(download)
      // NDJSON has the order of the log, by which it is proved.
      const inOrder = (names: string[]): string[] => (format === 'NDJSON' ? [...names].sort() : names)
      expect(inOrder(targetsOf(format, bytes) ?? [])).toEqual(format === 'PDF' ? [] : inOrder(targets))

      const folder = join(downloads.path, format)
      mkdirSync(folder)
      writeFileSync(join(folder, download.suggestedFilename()), bytes)
      await page.goto(`${gateway.url}/w/acme/exports`)
      const row = page.getByRole('row').filter({ hasText: download.suggestedFilename() })
      for (const name of format === 'NDJSON' ? ['Manifest', 'Proof'] : ['Manifest']) {
        const beside = await downloaded(page, row.getByRole('link', { name }))
        writeFileSync(join(folder, beside.suggestedFilename()), await readFile(beside))
      }
      expect(await verify(join(folder, download.suggestedFilename()))).toBe(0)
      await page.goBack()
      await rowsShown(page)
    }
  })

  test('gives files of which a changed one does not verify', async () => {
    const { page } = await at('/w/acme/audit-log?category=file')
    await page.getByRole('button', { name: 'Other formats' }).click()
    const download = await downloaded(page, page.getByRole('menuitem', { name: 'CSV' }))
    const file = join(downloads.path, download.suggestedFilename())
    writeFileSync(file, (await readFile(download)).toString('utf8').replace('Grace', 'Grape'))
    await page.goto(`${gateway.url}/w/acme/exports`)
    const row = page.getByRole('row').filter({ hasText: download.suggestedFilename() })
    const manifest = await downloaded(page, row.getByRole('link', { name: 'Manifest' }))
    writeFileSync(join(downloads.path, manifest.suggestedFilename()), await readFile(manifest))
    expect(await verify(file)).toBe(1)
  })

  test('shows how far an export is', async () => {
    const { page } = await at('/w/acme/audit-log')
    const said: string[] = []
    await page.exposeFunction('heard', (text: string) => {
      said.push(text)
    })
    await page.evaluate(`new MutationObserver(() => {
      const text = document.querySelector('.export-said')?.innerText
      if (text) heard(text)
    }).observe(document.querySelector('.export'), { subtree: true, childList: true, characterData: true })`)
    // The server's answers pass through, with a progress that takes its time.
    const parts = [0.25, 0.75]
    await page.route(/\/exports\/[^/]+$/, async (route) => {
      const progress = parts.shift()
      if (progress === undefined) {
        await route.continue()
        return
      }
      const answer = (await (await route.fetch()).json()) as object
      await route.fulfill({ json: { ...answer, status: 'running', progress } })
    })
    await downloaded(page, page.getByRole('button', { name: 'Export', exact: true }))
    expect(said).toEqual(expect.arrayContaining(['Asking for the export', 'XLSX: 25 %', 'XLSX: 75 %']))
  })
})

async function downloaded(page: Page, control: Locator): Promise<Download> {
  const [download] = await Promise.all([page.waitForEvent('download'), control.click()])
  return download
}

async function readFile(download: Download): Promise<Buffer> {
  return readFileSync(await download.path())
}

/** The whole list, from the top to its end. */
async function allRows(page: Page): Promise<ShownRow[]> {
  const rows = new Map<number, ShownRow>()
  for (let isAll = false; !isAll;) {
    const part = await page.evaluate<
      [number, ShownRow][]
    >(`[...document.querySelectorAll('[role=row][aria-selected]')].map((row) => {
      const line = (column) => row.querySelector('.cell-' + column + ' .two-lines > :first-child, .cell-' + column + ' > bdi')
        ?? row.querySelector('.cell-' + column)
      const text = (column) => line(column).innerText.trim()
      const link = row.querySelector('.cell-target a')?.href ?? null
      return [Number(row.getAttribute('aria-rowindex')), {
        date: row.querySelector('time').innerText, user: text('user'), action: text('action'),
        resource: text('resource'), target: text('target'), link }]
    })`)
    for (const [index, row] of part) rows.set(index, row)
    isAll = await page.evaluate<boolean>(`new Promise((resolve) => {
      const grid = document.querySelector('[role=grid]')
      const isEnd = grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1
      grid.scrollBy({ top: 300 })
      requestAnimationFrame(() => requestAnimationFrame(() =>
        resolve(isEnd && grid.getAttribute('aria-rowcount') !== '-1')))
    })`)
  }
  return [...rows].sort(([left], [right]) => left - right).map(([, row]) => row)
}

/** The five columns of the workbook in the words of the table. */
function rowsOfWorkbook(bytes: Buffer): ShownRow[] {
  const book = spreadsheet.read(bytes, { cellNF: true })
  const sheet = book.Sheets['Events'] as WorkSheet
  const [header, ...rows] = spreadsheet.utils.sheet_to_json<string[]>(sheet, {
    ...{ header: 1, raw: false, defval: '' },
  })
  expect(header?.slice(0, 5)).toEqual(['Date', 'User', 'Action', 'Resource', 'Target'])
  return rows.map(([date = '', user = '', action = '', resource = '', target = ''], at) => {
    const { l: link } = (sheet[`E${at + 2}`] ?? {}) as CellObject
    return {
      ...{ date, action, resource },
      // The system has no name in the file; the table writes its kind with a capital.
      user: user === 'system' ? 'System' : user,
      target: target.trim() || 'none',
      link: link?.Target ?? null,
    }
  })
}

/** What the files say in the column Target; null where that can't be read so simply. */
function targetsOf(format: string, bytes: Buffer): string[] | null {
  if (format === 'PDF') {
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-')
    return null
  }
  const named = (name: string | undefined, id: string | undefined): string => name?.trim() || id || 'none'
  if (format === 'NDJSON')
    return bytes
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { resource: { name?: string; id?: string } }).resource)
      .map(({ name, id }) => named(name, id))
  const rows = parse<{ Target: string }>(bytes, { bom: true, columns: true })
  // An apostrophe keeps programs for tables from running what begins like a formula.
  return rows.map(({ Target }) => named(Target.replace(/^'(?=[=+\-@])/, ''), undefined))
}

/** The exit code of `trailseal verify`. */
async function verify(path: string): Promise<number | null> {
  const root = new URL('../../', import.meta.url)
  const child = spawn('node_modules/.bin/node', ['src/cli/main.ts', 'verify', path], {
    cwd: root,
    stdio: 'ignore',
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}
