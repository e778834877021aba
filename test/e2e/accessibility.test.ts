import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { STILL, violations } from './support/axe.ts'
import { rowsShown } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { ADA, sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'

interface State {
  readonly name: string
  readonly path: string
  readonly reach: (page: Page) => Promise<unknown>
}

const STATES: readonly State[] = [
  { name: 'Dashboard', path: '/w/acme/dashboard', reach: rowsShown },
  {
    name: 'Change',
    path: '/w/acme/audit-log?event=sample_2',
    reach: (page) => page.getByText('unchanged fields').waitFor(),
  },
  {
    name: 'Details',
    path: '/w/acme/audit-log?event=sample_2&tab=details',
    reach: (page) => page.getByText('Place in the log').waitFor(),
  },
  {
    name: 'Proof',
    path: '/w/acme/audit-log?event=sample_2&tab=proof',
    reach: async (page) => {
      await page.getByRole('button', { name: 'Verify in this browser' }).click()
      await page.getByRole('heading', { name: 'Verified', exact: true }).waitFor()
    },
  },
  {
    name: 'JSON',
    path: '/w/acme/audit-log?event=sample_2&tab=json',
    reach: (page) => page.locator('.json').waitFor(),
  },
  {
    name: 'View history',
    path: '/w/acme/audit-log?event=sample_2&tab=history',
    reach: (page) => page.locator('.timeline > li').first().waitFor(),
  },
  {
    name: 'faulty query with suggestions',
    path: '/w/acme/audit-log?q=verb:(CREATE',
    reach: async (page) => {
      await page.locator('.query-problem').waitFor()
      await page.getByRole('combobox', { name: 'Query' }).fill('act')
      await page.getByRole('option').first().waitFor()
    },
  },
  {
    name: 'values of a filter',
    path: '/w/acme/audit-log?verb=UPDATE',
    reach: async (page) => {
      await rowsShown(page)
      await page.getByRole('button', { name: 'Verb' }).click()
      await page.getByRole('checkbox').first().waitFor()
    },
  },
  {
    name: 'date range',
    path: '/w/acme/audit-log?range=30d',
    reach: async (page) => {
      await page.getByRole('button', { name: 'Last 30 days' }).click()
      await page.getByRole('button', { name: 'Show this range' }).waitFor()
    },
  },
  {
    name: 'nothing found',
    path: '/w/acme/audit-log?q=nobodywrotethis',
    reach: (page) => page.getByRole('heading', { name: 'No event matches' }).waitFor(),
  },
  {
    name: 'no such workspace',
    path: '/w/empty/home',
    reach: (page) => page.getByRole('heading', { name: 'No such workspace' }).waitFor(),
  },
  {
    name: 'Integrity',
    path: '/w/acme/integrity',
    reach: async (page) => {
      await page.getByRole('button', { name: 'Verify now' }).click()
      await page.getByRole('heading', { name: 'The log holds' }).waitFor()
    },
  },
  {
    name: 'Settings',
    path: '/w/acme/settings',
    reach: async (page) => {
      await page.getByRole('button', { name: 'New token' }).click()
      await page.getByRole('row').nth(1).waitFor()
    },
  },
  {
    name: 'Exports',
    path: '/w/acme/exports',
    reach: (page) => page.locator('.notice, .plain-table').first().waitFor(),
  },
]

describeInBrowser('axe finds nothing to object to', () => {
  const stage = new Stage()
  let gateway: Gateway
  let token: string

  beforeAll(async () => {
    gateway = await stage.open()
    await gateway.workspace('acme', 'Acme Robotics', 'strategic')
    await gateway.send('acme', sampleHistory(Date.now(), 120))
    token = await gateway.token({ role: 'owner', workspace: 'acme', member: { id: ADA.id, name: ADA.name } })
  })

  afterAll(() => stage.close())

  test.each([
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'dark', width: 360 },
  ] as const)('in any state, $colorScheme, $width px', async ({ colorScheme, width }) => {
    const { page, faults } = await stage.visit(token, {
      ...STILL,
      colorScheme,
      viewport: { width, height: 800 },
    })
    for (const state of STATES) {
      await page.goto(gateway.url + state.path)
      await state.reach(page)
      expect({ state: state.name, violations: await violations(page) }).toEqual({
        state: state.name,
        violations: [],
      })
    }
    expect(faults).toEqual([])
  })

  test.each([
    { colorScheme: 'dark', width: 1280 },
    { colorScheme: 'light', width: 360 },
    { colorScheme: 'light', width: 1920 },
    { colorScheme: 'dark', width: 1920 },
  ] as const)('in list and proof, $colorScheme, $width px', async ({ colorScheme, width }) => {
    const { page } = await stage.visit(token, { ...STILL, colorScheme, viewport: { width, height: 900 } })
    for (const state of STATES.filter(({ name }) => name === 'Dashboard' || name === 'Proof')) {
      await page.goto(gateway.url + state.path)
      await state.reach(page)
      expect({ state: state.name, violations: await violations(page) }).toEqual({
        state: state.name,
        violations: [],
      })
    }
  })

  test('on the sign-in page', async () => {
    const { page } = await stage.visit(null, { ...STILL, colorScheme: 'dark' })
    await page.goto(gateway.url)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Paste your token here first.').waitFor()
    expect(await violations(page)).toEqual([])
  })
})
