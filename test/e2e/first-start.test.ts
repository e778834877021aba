import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { rowsShown } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'

describeInBrowser('the first start', () => {
  const stage = new Stage()
  let gateway: Gateway

  beforeAll(async () => {
    gateway = await stage.open()
    for (const id of ['fresh', 'other']) await gateway.workspace(id, `${id} start`, 'command')
  })

  afterAll(() => stage.close())

  test('an empty log shows how to send an event, and fills with sample data at a click', async () => {
    const { page, faults } = await stage.visit(await gateway.token({ role: 'owner', workspace: 'fresh' }))
    await page.goto(`${gateway.url}/w/fresh/audit-log`)
    await page.getByText(`curl ${gateway.url}/v1/workspaces/fresh/events`).waitFor()
    await page.getByRole('button', { name: 'Load sample data' }).click()
    await page.getByRole('button', { name: 'Load sample data' }).waitFor({ state: 'detached' })
    await rowsShown(page)
    expect(await page.locator('.place-title [role=status]').innerText()).toMatch(/^[3-9]\d\d events$/)

    await page.getByRole('link', { name: 'Dashboard' }).click()
    await page.locator('.bar').first().waitFor()
    const figures = await page.locator('.figure strong').allInnerTexts()
    expect(figures.every((figure) => Number(figure) > 3)).toBe(true)
    expect(faults).toEqual([])
  })

  test('whoever may not write into the workspace gets no such button', async () => {
    const member = { id: 'u_1', name: 'One' }
    const { page } = await stage.visit(await gateway.token({ role: 'member', workspace: 'other', member }))
    await page.goto(`${gateway.url}/w/other/dashboard`)
    await page.getByText(`curl ${gateway.url}/v1/workspaces/other/events`).waitFor()
    expect(await page.getByRole('button', { name: 'Load sample data' }).count()).toBe(0)
  })
})
