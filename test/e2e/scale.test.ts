import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { rowsShown, type Visit } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { LARGE_COUNT, NEEDLE } from './support/large-history.ts'
import { copyLargeStore } from './support/large-store.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'
import { columnOf, indexedColumn } from './support/table.ts'
import { livingHeap, scrollThrough } from './support/watch-scrolling.ts'

const CLOUDTRAIL = 'test/vectors/cloudtrail-stratus.ndjson.gz'
const ADMIN_TOKEN = 'the-admin-token-of-the-end-to-end-tests'
const MINUTE = 60_000
/** Where 60 frames make a second, 200 ms: frames and not time, since what else the machine does is not the viewer's. */
const BLANK_FRAMES = 12
const MEGABYTE = 1e6

describeInBrowser('the viewer of a million events', () => {
  const stage = new Stage()
  let gateway: Gateway
  let owner: string

  beforeAll(async () => {
    gateway = await stage.open((dataDir) => copyLargeStore(dataDir, LARGE_COUNT))
    await gateway.workspace('cloud', 'Cloud accounts', 'strategic')
    await gateway.import(CLOUDTRAIL, 'cloud', 'cloudtrail')
    owner = await gateway.token({ role: 'owner', workspace: 'acme' })
  }, 15 * MINUTE)

  afterAll(() => stage.close())

  async function at(path: string, token: string = owner): Promise<Visit> {
    const visited = await stage.visit(token)
    await visited.page.goto(gateway.url + path)
    return visited
  }

  /** Milliseconds from the load of a page that nothing is cached for to its first rows. */
  async function firstRows(place: string, token: string): Promise<number> {
    const { page, faults } = await stage.visit(token)
    await page.goto(`${gateway.url}/w/${place}`, { waitUntil: 'commit' })
    await rowsShown(page)
    const time = await page.evaluate<number>('performance.now()')
    expect(faults).toEqual([])
    await page.context().close()
    return time
  }

  test.each(['audit-log', 'dashboard'])(
    'shows the first rows of the %s within a second of its load',
    async (place) => {
      const few = await gateway.token({ role: 'owner', workspace: 'cloud' })
      let best = { million: Infinity, thousands: Infinity }
      // The best of some: each also waits for what else runs on this machine, and so does a short log.
      for (let load = 0; load < 6 && best.million > 1_000; load++)
        best = {
          thousands: Math.min(best.thousands, await firstRows(`cloud/${place}`, few)),
          million: Math.min(best.million, await firstRows(`acme/${place}`, owner)),
        }
      expect(best.million).toBeLessThan(Math.max(1_000, 1.5 * best.thousands))
    },
  )

  test('finds the one among the million by a word, by evidence id, and by its file in any case', async () => {
    const { page, faults } = await at('/w/acme/audit-log')
    await search(page, NEEDLE.word.toUpperCase())
    await page.getByText('1 event', { exact: true }).waitFor()
    expect(await columnOf(page, 'action')).toEqual(['UPDATE'])

    await search(page, NEEDLE.evidence)
    await page.getByText('1 event', { exact: true }).waitFor()
    const name = (await columnOf(page, 'target'))[0] ?? ''
    expect(name).toMatch(/^\w+_v\d+\.pdf$/)

    // Parts of a file name in any order, as people remember them.
    const [version = '', ...parts] = name.replace('.pdf', '').split('_').reverse()
    await search(page, `${version} ${parts.join(' ')} resource.id:${NEEDLE.evidence}`)
    await page.getByText('1 event', { exact: true }).waitFor()
    expect(await columnOf(page, 'target')).toEqual([name])
    expect(faults).toEqual([])
  })

  test('searches by phrase, prefix, filter and range', async () => {
    const { page } = await at('/w/acme/audit-log')
    await search(page, '"incident updated"')
    await page.getByRole('heading', { name: 'No event matches' }).waitFor()
    await search(page, '"after the incident"')
    await expectEvery(page, 'action', 'obligation.status_changed')

    await search(page, 'thermost*')
    await expectEvery(page, 'target', 'thermostat')

    const range = 'from=2025-03-01T00:00:00.000Z&to=2025-03-31T12:00:00.000Z'
    await page.goto(`${gateway.url}/w/acme/audit-log?${range}&outcome=failure&actor=u_7`)
    await expectEvery(page, 'action', 'Failed')
    const shown = await columnOf(page, 'date')
    expect(shown.every((date) => /^03\/\d\d\/2025 /.test(date))).toBe(true)
    const person = await columnOf(page, 'user')
    expect(new Set(person).size).toBe(1)
  })

  test(
    'scrolls through 100,000 rows and back without a lasting blank, in order, in flat memory',
    async () => {
      const { page, faults } = await at('/w/acme/audit-log')
      await rowsShown(page)
      const slow = await scrollThrough(page, { to: 2_000, rows: 8, frames: 1 })
      expect(slow.blankFrames).toBe(0)
      const early = await livingHeap(page)
      const fast = await scrollThrough(page, { to: 100_000, rows: 60, frames: 2 })
      expect(fast.blankFrames).toBeLessThan(BLANK_FRAMES)
      expect(fast.mostRows).toBeLessThan(100)
      expect((await livingHeap(page)) - early).toBeLessThan(8 * MEGABYTE)

      // Up again, through what was dropped meanwhile.
      const back = await scrollThrough(page, { to: 96_000, rows: 8, frames: 1 })
      expect(back.blankFrames).toBeLessThan(BLANK_FRAMES)
      const rows = await indexedColumn(page, 'date')
      expect(rows.map(([index]) => index)).toEqual(rows.map((_, at) => (rows[0]?.[0] ?? 0) + at))
      // Half a minute from one to the next: a part of the screen is one day or two, in which text sorts as time does.
      const times = rows.map(([, time]) => time)
      expect(times).toEqual([...times].sort().reverse())
      expect(faults).toEqual([])
    },
    10 * MINUTE,
  )

  test('switches all of it with the workspace', async () => {
    const { page, faults } = await stage.visit(ADMIN_TOKEN)
    for (const place of ['dashboard', 'audit-log', 'exports', 'integrity', 'settings']) {
      const isList = place === 'dashboard' || place === 'audit-log'
      await page.goto(`${gateway.url}/w/acme/${place}?q=obligation&category=obligation`)
      await page.getByRole('heading', { level: 1, name: /Acme Robotics/ }).waitFor()
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.getByRole('button', { name: 'Workspace Acme Robotics, switch' }).click()
      await page.getByRole('menuitem', { name: 'Cloud accounts' }).click()
      await page.getByRole('heading', { level: 1, name: /Cloud accounts/ }).waitFor()
      if (isList) await rowsShown(page)
      expect(page.url()).toBe(`${gateway.url}/w/cloud/${place}`)
      expect(await page.getByRole('main').getByText('Acme Robotics').count()).toBe(0)
      // From the first question about the new one on, none is about the former.
      const first = asked.findIndex((url) => url.includes('cloud'))
      expect(first).toBeGreaterThanOrEqual(0)
      expect(asked.slice(first).filter((url) => url.includes('acme'))).toEqual([])
    }
    expect(faults).toEqual([])
  })

  test('shows every record of a CloudTrail history once, down to the first', async () => {
    const { page } = await at(
      '/w/cloud/audit-log',
      await gateway.token({ role: 'owner', workspace: 'cloud' }),
    )
    await rowsShown(page)
    const total = await page.locator('.place-title [role=status]').innerText()
    const count = Number(total.replace(/\D/g, ''))
    expect(count).toBeGreaterThanOrEqual(2_900)
    await page.locator('[role=grid]').focus()
    const last = page.locator(`[aria-rowindex="${count + 1}"]`)
    while (!(await last.isVisible())) await page.keyboard.press('End')
    expect(await page.locator('[role=grid]').getAttribute('aria-rowcount')).toBe(String(count + 1))
  })

  test('takes what is typed and scrolls what is there while the network does not answer', async () => {
    const { page } = await at('/w/acme/audit-log')
    await rowsShown(page)
    await page.route(/\/v1\//, () => {})
    const bar = page.getByRole('combobox', { name: 'Query' })
    await bar.pressSequentially('actor.id:u_7 AND notified bod')
    expect(await bar.inputValue()).toBe('actor.id:u_7 AND notified bod')
    await bar.press('Enter')
    await bar.pressSequentially('y')
    expect(await bar.inputValue()).toBe('actor.id:u_7 AND notified body')

    await page.unrouteAll({ behavior: 'ignoreErrors' })
    await page.goto(`${gateway.url}/w/acme/audit-log`)
    await rowsShown(page)
    await page.route(/\/v1\//, () => {})
    const { blankFrames } = await scrollThrough(page, { to: 60, rows: 4, frames: 1 })
    expect(blankFrames).toBe(0)
  })

  test(
    'verifies the whole log in the browser, shows how far it is, and stays usable in flat memory',
    async () => {
      const { page, faults } = await at('/w/acme/integrity')
      await page.getByRole('button', { name: 'Verify now' }).click()
      await page.getByText(/^[1-9][\d,]* of 1,000,\d{3} entries$/).waitFor()
      const early = await livingHeap(page)
      // Cancelling and beginning again works while it runs.
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('button', { name: 'Verify now' }).click()
      await page.getByText(/^[5-9]\d\d,\d{3} of 1,000,\d{3} entries$/).waitFor({ timeout: 8 * MINUTE })
      expect((await livingHeap(page)) - early).toBeLessThan(8 * MEGABYTE)
      await page.getByRole('heading', { name: 'The log holds' }).waitFor({ timeout: 8 * MINUTE })
      expect(await page.locator('.verdict').innerText()).toMatch(
        /1,000,\d{3} entries and \d,\d{3} hash tiles/,
      )
      expect(faults).toEqual([])
    },
    17 * MINUTE,
  )
})

jest.setTimeout(3 * MINUTE)

async function search(page: Page, text: string): Promise<void> {
  const bar = page.getByRole('combobox', { name: 'Query' })
  await bar.fill(text)
  await bar.press('Enter')
  await page.waitForURL((url) => url.searchParams.get('q') === text)
}

/** Waits until each row that is shown has the text in the column. */
async function expectEvery(page: Page, column: string, text: string): Promise<void> {
  await page.locator(`[role=row][aria-selected] .cell-${column}`, { hasText: text }).first().waitFor()
  await page
    .locator(`[role=row][aria-selected] .cell-${column}`, { hasNotText: text })
    .first()
    .waitFor({ state: 'detached' })
}
