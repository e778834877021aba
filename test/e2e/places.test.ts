import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { rowsShown, type Visit } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'

const CLOUDTRAIL = 'test/vectors/cloudtrail-stratus.ndjson.gz'

describeInBrowser('the places beside the list', () => {
  const stage = new Stage()
  let gateway: Gateway
  let owner: string

  beforeAll(async () => {
    gateway = await stage.open()
    await gateway.workspace('acme', 'Acme Robotics', 'strategic')
    await gateway.workspace('cloud', 'Cloud accounts', 'strategic')
    await gateway.send('acme', sampleHistory(Date.now(), 200))
    await gateway.import(CLOUDTRAIL, 'cloud', 'cloudtrail')
    owner = await gateway.token({ role: 'owner', workspace: 'acme' })
  })

  afterAll(() => stage.close())

  async function at(path: string, token: string = owner): Promise<Visit> {
    const visited = await stage.visit(token)
    await visited.page.goto(gateway.url + path)
    return visited
  }

  test('verifies a whole log in the browser', async () => {
    const { page } = await at(
      '/w/cloud/integrity',
      await gateway.token({ role: 'owner', workspace: 'cloud' }),
    )
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.getByRole('heading', { name: 'The log holds' }).waitFor()
    expect(await page.locator('.verdict').innerText()).toMatch(/2,90\d entries and \d+ hash tiles checked/)
  })

  test('switches the workspace with all that is shown', async () => {
    const { page } = await at('/w/acme/dashboard', 'the-admin-token-of-the-end-to-end-tests')
    await rowsShown(page)
    await page.getByRole('button', { name: 'Workspace Acme Robotics, switch' }).click()
    await page.getByRole('menuitem', { name: 'Cloud accounts' }).click()
    await page.getByRole('heading', { name: 'Team activity in Cloud accounts' }).waitFor()
    await rowsShown(page)
    expect(await page.getByText('Ada Lovelace').count()).toBe(0)
  })

  test('exports what the table shows, and lists the export with its manifest', async () => {
    const { page, faults } = await at('/w/acme/audit-log?q=verb:SHARE')
    await rowsShown(page)
    const total = await page.locator('.place-title [role=status]').innerText()
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export', exact: true }).click()
    const download = await downloading
    expect(download.suggestedFilename()).toMatch(/\.xlsx$/)
    // The signature of a ZIP file, which a workbook is.
    expect(
      readFileSync(await download.path())
        .subarray(0, 2)
        .toString(),
    ).toBe('PK')

    await page.getByRole('link', { name: 'Exports' }).click()
    const row = page.getByRole('row').filter({ hasText: 'verb:SHARE' })
    expect(await row.locator('.two-lines').nth(2).innerText()).toContain(total)
    const path = await row.getByRole('link', { name: 'Manifest' }).getAttribute('href')
    const manifest = await page.request.get(`${gateway.url}${path ?? ''}`)
    expect(await manifest.json()).toHaveProperty('signature')
    expect(faults).toEqual([])
  })

  test('makes and revokes tokens', async () => {
    const { page } = await at('/w/acme/settings')
    await page.getByRole('button', { name: 'New token' }).click()
    await page.getByLabel('Member id').fill('u_new')
    await page.getByRole('button', { name: 'Make the token' }).click()
    const text = await page.getByLabel('The new token').innerText()
    const me = await fetch(`${gateway.url}/v1/me`, { headers: { authorization: `Bearer ${text.trim()}` } })
    expect(await me.json()).toMatchObject({ role: 'member', member: { id: 'u_new' } })

    const row = page.getByRole('row').filter({ hasText: 'u_new' })
    await row.getByRole('button', { name: 'Revoke' }).click()
    await row.getByRole('button', { name: 'Really revoke' }).click()
    await row.getByText('revoked').waitFor()
  })
})
