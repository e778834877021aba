import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { rowsShown } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { ADA, sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'

describeInBrowser('without a mouse', () => {
  const stage = new Stage()
  let gateway: Gateway

  beforeAll(async () => {
    gateway = await stage.open()
    await gateway.workspace('acme', 'Acme Robotics', 'strategic')
    await gateway.send('acme', sampleHistory(Date.now(), 120))
  })

  afterAll(() => stage.close())

  test('somebody signs in, searches, filters, verifies an event, exports and signs out', async () => {
    const { page, faults } = await stage.visit(null)
    const { keyboard } = page
    await page.goto(gateway.url)
    await page.getByLabel('Token', { exact: true }).waitFor()
    const member = { id: ADA.id, name: ADA.name }
    await keyboard.insertText(await gateway.token({ role: 'owner', workspace: 'acme', member }))
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your activity in Acme Robotics' }).waitFor()

    await tabTo(page, 'Skip to the content')
    await tabTo(page, 'Audit log')
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Audit log of Acme Robotics' }).waitFor()
    await rowsShown(page)

    await keyboard.press('/')
    await keyboard.type('resource.type:OBLIGATION')
    await keyboard.press('Enter')
    await page.waitForURL(/q=resource.type%3AOBLIGATION/)
    await tabTo(page, 'Verb')
    await keyboard.press('Enter')
    await page.getByRole('checkbox', { name: /UPDATE/ }).waitFor()
    await tabTo(page, 'UPDATE')
    await keyboard.press('Space')
    await page.waitForURL(/verb=UPDATE/)
    await keyboard.press('Escape')
    await rowsShown(page)

    await tabTo(page, 'Audit log')
    await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
    // The dialog is there before its event is: Tab would go round in an empty one.
    await page.getByRole('tab', { name: 'Change' }).waitFor()
    await tabTo(page, 'Change')
    for (let step = 0; step < 3; step++) await keyboard.press('ArrowRight')
    await page.getByRole('button', { name: 'Verify in this browser' }).waitFor()
    await tabTo(page, 'Verify in this browser')
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Verified', exact: true }).waitFor()
    await keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    await tabTo(page, 'Other formats')
    await keyboard.press('Enter')
    await page.getByRole('menuitem', { name: /CSV/ }).waitFor()
    const downloading = page.waitForEvent('download')
    // The menu takes the focus a moment after it is shown, and goes round at its end.
    for (let pressed = 0; pressed < 20; pressed++) {
      await keyboard.press('ArrowDown')
      if ((await page.evaluate<string>('document.activeElement.innerText')).includes('CSV')) break
    }
    await keyboard.press('Enter')
    expect((await downloading).suggestedFilename()).toMatch(/\.csv$/)

    await tabTo(page, 'Sign out')
    await keyboard.press('Enter')
    await page.getByLabel('Token', { exact: true }).waitFor()
    expect(faults).toEqual([])
  })
})

/** Presses Tab until the focus is on what has this name, and sees to it that the focus can be seen. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = `(() => {
    const { activeElement: element } = document
    const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText ?? element.innerText ?? ''
    return label.trim().split('\\n')[0]
  })()`
  for (let pressed = 0; pressed < 80; pressed++) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate<string>(focused)) !== name) continue
    expect(await page.evaluate<boolean>(`document.activeElement.matches(':focus-visible')`)).toBe(true)
    return
  }
  throw new Error(`No way by Tab to "${name}".`)
}
