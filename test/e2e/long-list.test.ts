import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { STILL, violations } from './support/axe.ts'
import { rowsShown, until } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { GRACE } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'

const COUNT = 26_000
const BATCH = 2_000
/** On so fine a screen the list has to end before there are no more rows: Chromium's limit is in pixels of the screen. */
const FINE = { ...STILL, deviceScaleFactor: 16, viewport: { width: 360, height: 400 } }

describeInBrowser('a list longer than the interface counts', () => {
  const stage = new Stage()
  let gateway: Gateway
  let owner: string

  beforeAll(async () => {
    gateway = await stage.open()
    await gateway.workspace('acme', 'Acme Robotics', 'strategic')
    const start = Date.now() - COUNT * 60_000
    for (let first = 0; first < COUNT; first += BATCH)
      await gateway.send(
        'acme',
        Array.from({ length: BATCH }, (_, at) => ({
          actor: GRACE,
          action: 'evidence.uploaded',
          timestamp: new Date(start + (first + at) * 60_000).toISOString(),
          resource: { type: 'FILE', id: `file_${first + at}`, name: `file_${first + at}.pdf` },
        })),
      )
    owner = await gateway.token({ role: 'owner', workspace: 'acme' })
  })

  afterAll(() => stage.close())

  test('says the exact number as soon as it is known, and counts on', async () => {
    const { page, faults } = await stage.visit(owner)
    await page.goto(`${gateway.url}/w/acme/audit-log?verb=CREATE&resource_type=FILE`)
    await page.getByText('26,000 events', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor()
    await gateway.send('acme', [
      { actor: GRACE, action: 'evidence.uploaded', resource: { type: 'FILE', id: 'one_more' } },
    ])
    await page.getByText('26,001 events', { exact: true }).waitFor()
    expect(faults).toEqual([])
  })

  test('leads on behind the last row that the browser can show, down to the first event', async () => {
    const { page, faults } = await stage.visit(owner, FINE)
    await page.goto(`${gateway.url}/w/acme/audit-log?verb=CREATE`)
    await rowsShown(page)
    const goOn = page.getByRole('button', { name: /^Go on with those up to / })
    const grid = page.getByRole('grid')
    await grid.focus()
    while (!(await goOn.isVisible())) await page.keyboard.press('End')
    const last = page.locator('[role=row][aria-selected]').last()
    await last.locator('.cell-target').waitFor()
    const name = await last.locator('.cell-target').innerText()
    expect(Number(name.replace(/\D/g, ''))).toBeGreaterThan(0)
    expect(await violations(page)).toEqual([])
    // The key that leads to the last row leads to what stands below it, too.
    const bottom = async (place: Locator): Promise<number> => {
      const box = await place.boundingBox()
      return box ? box.y + box.height : Infinity
    }
    await until(page, async () => {
      await page.keyboard.press('End')
      return (await bottom(goOn)) <= (await bottom(grid))
    })
    await goOn.click()
    await page.waitForURL(/[?&]to=/)
    await page.getByText(name).waitFor()

    await grid.focus()
    const first = page.getByText('file_0.pdf', { exact: true })
    while (!(await first.isVisible())) await page.keyboard.press('End')
    expect(await goOn.count()).toBe(0)
    expect(faults).toEqual([])
  })
})

jest.setTimeout(300_000)
