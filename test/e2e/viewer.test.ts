import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { rowsShown, type Visit, until } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { ADA, GRACE, sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'
import { changeStoredText } from './support/tamper.ts'

const CLOUDTRAIL = 'test/vectors/cloudtrail-stratus.ndjson.gz'

describeInBrowser('the viewer', () => {
  const stage = new Stage()
  let gateway: Gateway
  let owner: string

  beforeAll(async () => {
    gateway = await stage.open()
    await gateway.workspace('acme', 'Acme Robotics', 'strategic')
    await gateway.workspace('cloud', 'Cloud accounts', 'strategic')
    await gateway.workspace('closed', 'Closed shop', 'strategic', 'owners')
    await gateway.workspace('basic', 'Basic', 'starter')
    await gateway.send('acme', sampleHistory(Date.now()))
    await gateway.send('closed', sampleHistory(Date.now(), 40))
    await gateway.import(CLOUDTRAIL, 'cloud', 'cloudtrail')
    owner = await gateway.token({ role: 'owner', workspace: 'acme', member: personOf(ADA) })
  })

  afterAll(() => stage.close())

  async function at(path: string, token: string | null = owner): Promise<Visit> {
    const visited = await stage.visit(token)
    await visited.page.goto(gateway.url + path)
    return visited
  }

  test('takes a token on the sign-in page, and refuses a wrong one in words', async () => {
    const { page, faults } = await at('/', null)
    await page.getByLabel('Token', { exact: true }).fill('ts_not_a_token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This token is not known').waitFor()

    await page.getByLabel('Token', { exact: true }).fill(owner)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Your activity in Acme Robotics' }).waitFor()
    expect(page.url()).toBe(`${gateway.url}/w/acme/home`)
    expect(faults).toEqual([])
  })

  test('shows on Home only the events of the member, on the Dashboard those of the whole team', async () => {
    const member = await gateway.token({ role: 'member', workspace: 'acme', member: personOf(GRACE) })
    const { page, faults } = await at('/w/acme/home', member)
    await rowsShown(page)
    expect(new Set(await cells(page, 'user'))).toEqual(new Set(['Grace Hopper']))

    await page.getByRole('link', { name: 'Dashboard' }).click()
    await page.getByRole('heading', { name: 'Team activity in Acme Robotics' }).waitFor()
    await rowsShown(page)
    expect(new Set(await cells(page, 'user')).size).toBeGreaterThan(3)
    expect(faults).toEqual([])
  })

  test('keeps the Dashboard from members where the workspace says owners only', async () => {
    const member = await gateway.token({ role: 'member', workspace: 'closed', member: personOf(GRACE) })
    const { page } = await at('/w/closed/home', member)
    await rowsShown(page)
    expect(await page.getByRole('link', { name: 'Dashboard' }).count()).toBe(0)
    await page.goto(`${gateway.url}/w/closed/dashboard`)
    await page.getByRole('heading', { name: 'Not for your role' }).waitFor()
  })

  test('shows a member there of a resource what they did themselves, and says so', async () => {
    const member = await gateway.token({ role: 'member', workspace: 'closed', member: personOf(GRACE) })
    const { page, faults } = await at('/w/closed/home?q=resource.type:OBLIGATION', member)
    await rowsShown(page)
    await page.locator('.cell-date').first().click()
    await page.getByRole('tab', { name: 'View history' }).click()
    await page.getByText('What others did is for owners of this workspace.').waitFor()
    const people = await page.locator('.timeline article header > bdi:first-of-type').allInnerTexts()
    expect(new Set(people)).toEqual(new Set(['Grace Hopper']))
    expect(faults).toEqual([])
  })

  test('says what another plan would show', async () => {
    const { page } = await at(
      '/w/basic/audit-log',
      await gateway.token({ role: 'owner', workspace: 'basic' }),
    )
    await page.getByRole('heading', { name: 'The plan of this workspace does not show its log' }).waitFor()
    await page.getByText('730 days online').waitFor()
    expect(await page.getByRole('grid').count()).toBe(0)
  })

  test('has the five columns in their order, and dates in the zone that the header names', async () => {
    const { page } = await at('/w/acme/audit-log?q=resource.type:OBLIGATION')
    await rowsShown(page)
    const headers = await page.getByRole('columnheader').allInnerTexts()
    expect(headers.map((text) => text.split('\n')[0]?.trim().split(' ')[0])).toEqual([
      ...['Date', 'User', 'Action', 'Resource', 'Target'],
    ])
    expect(await page.getByRole('button', { name: 'Times are in Europe/Berlin' }).count()).toBe(1)

    const time = page.locator('.cell-date time').first()
    const moment = new Date((await time.getAttribute('datetime')) ?? '')
    expect(await time.innerText()).toBe(inZone(moment, 'Europe/Berlin'))
    await page.getByRole('button', { name: 'Times are in Europe/Berlin' }).click()
    expect(await time.innerText()).toBe(inZone(moment, 'UTC'))
    const target = page.locator('.cell-target a').first()
    expect(await target.getAttribute('href')).toMatch(/^https:\/\/app\.example\.com\/o\//)
  })

  test('searches by word, file part, field and filter, and carries all of it in the address', async () => {
    const { page, faults } = await at('/w/acme/audit-log')
    await rowsShown(page)
    await page.keyboard.press('/')
    await page.keyboard.type('risk_assessment verb:CREATE')
    await page.keyboard.press('Enter')
    await page.waitForURL(/q=risk_assessment/)
    await page.getByRole('button', { name: 'Action type' }).click()
    await page.getByRole('checkbox', { name: /^Evidence/ }).check()
    await page.waitForURL(/category=evidence/)
    await page.keyboard.press('Escape')
    await rowsShown(page)
    await expectCells(page, 'target', 'risk_assessment_vacuum_robot.pdf')

    const colleague = await stage.visit(owner)
    await colleague.page.goto(page.url())
    await rowsShown(colleague.page)
    expect(await colleague.page.getByRole('combobox', { name: 'Query' }).inputValue()).toBe(
      'risk_assessment verb:CREATE',
    )
    expect(await cells(colleague.page, 'date')).toEqual(await cells(page, 'date'))
    await colleague.page.getByRole('button', { name: 'Clear all' }).click()
    await colleague.page.waitForURL(/audit-log$/)
    expect(faults).toEqual([])
  })

  test('marks the place of a mistake in a query', async () => {
    const { page } = await at('/w/acme/audit-log')
    await page.getByRole('combobox', { name: 'Query' }).fill('verb:CREATE AND )')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    expect(await page.locator('.query-problem mark').getAttribute('data-position')).toBe('16')
    expect(await page.locator('.query-problem mark').innerText()).toBe(')')
  })

  test('completes fields and the values that there are', async () => {
    const { page } = await at('/w/acme/audit-log')
    await page.getByRole('combobox', { name: 'Query' }).pressSequentially('outc')
    await page.getByRole('option', { name: 'outcome:' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: 'failure' }).waitFor()
    await page.keyboard.type('fai')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    expect(await page.getByRole('combobox', { name: 'Query' }).inputValue()).toBe('outcome:failure ')
  })

  test('says what to loosen where nothing is found', async () => {
    const { page } = await at('/w/acme/audit-log?q=nobodywrotethis&range=30d')
    await page.getByRole('heading', { name: 'No event matches' }).waitFor()
    await page.getByRole('button', { name: 'All times' }).last().click()
    await page.waitForURL(/audit-log\?q=nobodywrotethis$/)
    expect(await page.getByRole('button', { name: 'All times' }).count()).toBe(1)
  })

  test('loads an endless list by cursor, in order and without gaps', async () => {
    const { page } = await at(
      '/w/cloud/audit-log',
      await gateway.token({ role: 'owner', workspace: 'cloud' }),
    )
    await rowsShown(page)
    const shown = new Map<number, string>()
    const isAllShown = (): boolean => shown.size > 600
    while (!isAllShown()) {
      const rows = await page.evaluate<[number, string][]>(
        `[...document.querySelectorAll('[role=row][aria-selected]')].map((row) =>
          [Number(row.getAttribute('aria-rowindex')), row.querySelector('time').dateTime])`,
      )
      for (const [index, time] of rows) shown.set(index, time)
      await page.evaluate(`new Promise((shown) => {
        document.querySelector('[role=grid]').scrollBy({ top: 500 })
        requestAnimationFrame(() => requestAnimationFrame(shown))
      })`)
    }
    const indexes = [...shown.keys()].sort((left, right) => left - right)
    expect(indexes).toEqual(Array.from(indexes, (_, index) => index + 2))
    const times = indexes.map((index) => shown.get(index) ?? '')
    expect(times).toEqual([...times].sort().reverse())
  })

  test('shows an event within a second of its arrival, or announces it further down, also after a restart', async () => {
    const { page, faults } = await at('/w/acme/audit-log')
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor()
    const sent = Date.now()
    await gateway.send('acme', [liveEvent('first.pdf')])
    await page.getByText('first.pdf').waitFor({ timeout: 1_000 })
    expect(Date.now() - sent).toBeLessThan(1_000)

    await page.evaluate(`document.querySelector('[role=grid]').scrollTo({ top: 2000 })`)
    await page.getByText('first.pdf').waitFor({ state: 'detached' })
    await gateway.send('acme', [liveEvent('second.pdf'), liveEvent('third.pdf')])
    await page.getByRole('button', { name: '2 new events' }).click()
    await page.getByText('third.pdf').waitFor()
    expect((await cells(page, 'target')).slice(0, 3)).toEqual(['third.pdf', 'second.pdf', 'first.pdf'])

    await gateway.pause()
    await page.getByRole('button', { name: 'Reconnecting' }).waitFor()
    await gateway.resume()
    await gateway.send('acme', [liveEvent('fourth.pdf')])
    await page.getByText('fourth.pdf').waitFor()
    expect((await cells(page, 'target')).slice(0, 2)).toEqual(['fourth.pdf', 'third.pdf'])
    expect(faults).toEqual([])
  })

  test('goes through list and flyout by keyboard alone', async () => {
    const { page } = await at('/w/acme/audit-log?q=action:status_changed')
    await rowsShown(page)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page
      .getByRole('heading', { name: / changed the status of obligation Art\. \d+ from \w+ to \w+/ })
      .waitFor()
    await page
      .getByRole('cell', { name: 'status' })
      .or(page.getByRole('rowheader', { name: 'status' }))
      .waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(page.url()).not.toContain('event=')
  })

  test('shows the history of a resource, related events included, oldest first', async () => {
    const { page } = await at('/w/acme/audit-log?event=sample_2&tab=history')
    await page.locator('.timeline > li').first().waitFor()
    const actions = await page.locator('.timeline header .soft').allInnerTexts()
    expect(new Set(actions)).toEqual(new Set(['obligation.status_changed', 'evidence.uploaded']))
    const moments = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.timeline .moment')].map((each) => each.title)`,
    )
    expect(moments).toEqual([...moments].sort())
  })

  test('verifies a proof step by step, and turns red when a byte of the store was changed', async () => {
    const honest = await at('/w/acme/audit-log?event=sample_100&tab=proof')
    await honest.page.getByRole('button', { name: 'Verify in this browser' }).click()
    await honest.page.getByRole('heading', { name: 'Verified', exact: true }).waitFor()
    expect(await honest.page.locator('.step-green').count()).toBe(5)

    await gateway.pause()
    changeStoredText(gateway.dataDir, 'sample_100', '203.0.113', '203.0.112')
    await gateway.resume()
    const { page } = await at('/w/acme/audit-log?event=sample_100&tab=proof')
    await page.getByText('This event was tampered with').waitFor()
    await page.getByRole('button', { name: 'Verify in this browser' }).click()
    await page.getByRole('heading', { name: 'Not verified' }).waitFor()
    expect(await page.locator('.step-red strong').allInnerTexts()).toEqual([
      'The event is the one that was committed',
      'The log contains it',
    ])

    await page.goto(`${gateway.url}/w/acme/integrity`)
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.getByRole('heading', { name: 'The log does not hold' }).waitFor()
    expect(await page.locator('.findings li').first().innerText()).toContain('sample_100')
  })
})

function personOf({ id, name, email }: typeof ADA | typeof GRACE) {
  return { id, name, email }
}

function liveEvent(name: string): object {
  return { actor: GRACE, action: 'evidence.uploaded', resource: { type: 'FILE', id: name, name } }
}

/** First lines of a column's cells, from the top. */
async function cells(page: Page, column: string): Promise<string[]> {
  return await page.evaluate<string[]>(
    `[...document.querySelectorAll('[role=row][aria-selected]')]
      .sort((left, right) => left.getAttribute('aria-rowindex') - right.getAttribute('aria-rowindex'))
      .map((row) => row.querySelector('.cell-${column}').innerText.trim().split('\\n')[0])`,
  )
}

async function expectCells(page: Page, column: string, text: string): Promise<void> {
  const areAll = `[...document.querySelectorAll('.cell-${column}')].every((cell) => cell.innerText.trim() === ${JSON.stringify(text)})`
  await until(page, () => page.evaluate<boolean>(areAll))
  expect(new Set(await cells(page, column))).toEqual(new Set([text]))
}

/** MM/DD/YYYY HH:MM:SS by another implementation than the viewer's. */
function inZone(moment: Date, timeZone: string): string {
  const two = '2-digit' as const
  const format = {
    year: 'numeric',
    month: two,
    day: two,
    hour: two,
    minute: two,
    second: two,
    hourCycle: 'h23',
  } as const
  return new Intl.DateTimeFormat('en-US', { ...format, timeZone }).format(moment).replace(',', '')
}
