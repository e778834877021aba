import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import type { Gateway } from './support/gateway.ts'
import { ADA, sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'

describeInBrowser('archive requests', () => {
  const stage = new Stage()
  let gateway: Gateway

  beforeAll(async () => {
    gateway = await stage.open()
    for (const [id, plan] of [
      ['extended', 'command'],
      ['request', 'portfolio'],
      ['none', 'starter'],
    ] as const) {
      await gateway.workspace(id, `Plan ${plan}`, plan)
      await gateway.send(id, sampleHistory(Date.now(), 60))
    }
  })

  afterAll(() => stage.close())

  async function integrity(workspace: string, role = 'owner'): Promise<Page> {
    const member = { id: ADA.id, name: ADA.name }
    const { page } = await stage.visit(await gateway.token({ role, workspace, member }))
    await page.goto(`${gateway.url}/w/${workspace}/integrity`)
    await page.getByRole('heading', { name: 'The log', exact: true }).waitFor()
    return page
  }

  async function ask(page: Page): Promise<void> {
    await page.getByLabel('From').fill('2026-01-01')
    await page.getByLabel('To', { exact: true }).fill('2099-12-31')
    await page.getByLabel('Reason').fill('Yearly review')
    await page.getByRole('button', { name: 'Ask for the archive' }).click()
  }

  test('are answered at once where the plan has an extended archive', async () => {
    const page = await integrity('extended')
    await ask(page)
    const row = page.getByRole('row').filter({ hasText: 'Yearly review' })
    await row.getByText('Ready, for seven days').waitFor()
    const downloading = page.waitForEvent('download')
    await row.getByRole('link', { name: 'NDJSON' }).click()
    const lines = readFileSync(await (await downloading).path(), 'utf8')
      .trim()
      .split('\n')
    expect(lines.length).toBeGreaterThan(50)
    expect(await row.getByRole('link', { name: 'Proof' }).count()).toBe(1)
  })

  test('wait for the operator where it is on request, and say until when', async () => {
    const page = await integrity('request')
    await ask(page)
    const row = page.getByRole('row').filter({ hasText: 'Yearly review' })
    await row.getByText('Waiting for the operator').waitFor()
    await row.getByText(/^due \d\d\/\d\d\/\d{4}/).waitFor()
    expect(await row.getByRole('button').count()).toBe(0)

    const operator = await stage.visit('the-admin-token-of-the-end-to-end-tests')
    await operator.page.goto(`${gateway.url}/w/request/integrity`)
    await operator.page.getByRole('button', { name: 'Provide it now' }).click()
    await operator.page.getByText('Ready, for seven days').waitFor()
    await page.reload()
    await row.getByRole('link', { name: 'NDJSON' }).waitFor()
  })

  test('say which plans have an archive where this one has none, and are not shown to members', async () => {
    const page = await integrity('none')
    await page.getByText('The plan of this workspace comes without an archive').waitFor()
    expect(await page.getByRole('button', { name: 'Ask for the archive' }).count()).toBe(0)
    const member = await integrity('extended', 'member')
    expect(await member.getByRole('heading', { name: 'Archive requests' }).count()).toBe(0)
  })
})
