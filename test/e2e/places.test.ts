import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { rowsShown, type Visit } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { ADA, GRACE, sampleHistory } from './support/sample-history.ts'
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

  test('shows auditors with their scopes', async () => {
    await gateway.token({
      ...{ role: 'auditor', workspace: 'acme', member: { id: 'u_chiara', name: 'Chiara' } },
      scope: { q: 'category:evidence', from: '2026-01-01' },
    })
    const { page } = await at('/w/acme/settings')
    const row = page.getByRole('group', { name: 'Auditors' }).getByRole('row').filter({ hasText: 'Chiara' })
    expect(await row.innerText()).toMatch(/events matching category:evidence\s+from 2026-01-01/)
  })

  test('takes a range from a brush across the histogram', async () => {
    const { page } = await at('/w/acme/audit-log')
    await page.locator('.bar').first().waitFor()
    const box = await page.locator('.bars').boundingBox()
    const at_ = (part: number) =>
      [(box?.x ?? 0) + (box?.width ?? 0) * part, (box?.y ?? 0) + (box?.height ?? 0) / 2] as const
    await page.mouse.move(...at_(0.6))
    await page.mouse.down()
    await page.mouse.move(...at_(0.3), { steps: 4 })
    await page.mouse.up()
    await page.waitForURL(/from=.*&to=/)
    await rowsShown(page)
    const query = new URL(page.url()).searchParams
    const [from, to] = [query.get('from') ?? '', query.get('to') ?? '']
    expect(Date.parse(to) - Date.parse(from)).toBeGreaterThan(86_400_000)
    const times = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.cell-date time')].map(({ dateTime }) => dateTime)`,
    )
    expect(times.every((time) => time >= from && time <= to)).toBe(true)
    await page.goBack()
    await page.waitForURL(/audit-log$/)
  })

  test('keeps recent and saved queries for the next time', async () => {
    const { page } = await at('/w/acme/audit-log')
    const bar = page.getByRole('combobox', { name: 'Query' })
    for (const query of ['verb:SHARE', 'outcome:failure']) {
      await bar.fill(query)
      await page.keyboard.press('Enter')
      await page.waitForURL((url) => url.searchParams.get('q') === query)
    }
    await page.getByRole('button', { name: 'Save this query' }).click()
    await page.getByRole('button', { name: 'Clear the query' }).click()
    await page.reload()
    await rowsShown(page)
    await page.keyboard.press('/')
    expect(await page.getByRole('option').allInnerTexts()).toEqual([
      'outcome:failure\nsaved',
      'verb:SHARE\nrecent',
    ])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.searchParams.get('q') === 'outcome:failure')
  })

  test.each([
    ['All by this user', /^\?actor=u_\w+$/],
    ['All of this action', /^\?action=obligation.status_changed$/],
    ['All on this resource', /^\?resource_type=OBLIGATION&resource_id=o_4$/],
    ['All from this address', /^\?q=source.ip%3A/],
  ])('leads from an event to "%s"', async (name, expected) => {
    const { page } = await at('/w/acme/audit-log?event=sample_2&tab=details&verb=UPDATE')
    await page.getByRole('button', { name }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await rowsShown(page)
    expect(new URL(page.url()).search).toMatch(expected)
  })

  test('takes single filters away where nothing is found', async () => {
    const { page } = await at('/w/acme/audit-log?verb=DELETE&outcome=failure')
    await page.getByRole('heading', { name: 'No event matches' }).waitFor()
    await page.getByRole('button', { name: 'Any verb' }).click()
    await page.waitForURL(/audit-log\?outcome=failure$/)
    await rowsShown(page)
    expect(await page.locator('.cell-action .failed').count()).toBeGreaterThan(0)
  })

  test("follows live on Home what is one's own and nothing else, also where the Dashboard is for owners", async () => {
    await gateway.workspace('closed', 'Closed shop', 'strategic', 'owners')
    const member = { id: GRACE.id, name: GRACE.name }
    await gateway.send('closed', sampleHistory(Date.now(), 40))
    const token = await gateway.token({ role: 'member', workspace: 'closed', member })
    const { page, faults } = await at('/w/closed/home', token)
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor()
    await page.locator('.bar').first().waitFor()
    const shared = (actor: object, name: string) => ({
      actor,
      action: 'file.shared',
      resource: { type: 'FILE', id: name },
    })
    await gateway.send('closed', [shared(ADA, 'of-ada'), shared(GRACE, 'of-grace')])
    await page.getByText('of-grace').waitFor()
    expect(await page.getByText('of-ada').count()).toBe(0)
    await page.getByRole('button', { name: 'Verb' }).click()
    await page.getByRole('checkbox', { name: /SHARE/ }).waitFor()
    expect(faults).toEqual([])
  })
})
