/** The states of the viewer that are photographed, and how each is reached. */
import type { BrowserContextOptions, Page } from 'playwright-core'
import { rowsShown } from '../test/e2e/support/browser.ts'
import type { Gateway } from '../test/e2e/support/gateway.ts'
import { sampleHistory } from '../test/e2e/support/sample-history.ts'

export interface Shot {
  readonly name: string
  readonly path: string
  readonly who?: 'owner' | 'stranger' | 'newcomer' | 'basic' | 'closed' | 'member' | 'host'
  readonly options?: BrowserContextOptions
  readonly pose: (page: Page, gateway: Gateway) => Promise<unknown>
}

const DARK: BrowserContextOptions = { colorScheme: 'dark' }
const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 } }
const WIDE: BrowserContextOptions = { viewport: { width: 1320, height: 740 } }
const settled = async (page: Page): Promise<void> => {
  await rowsShown(page)
  await page.waitForLoadState('load')
  await page.locator('.bar').first().waitFor()
}
const seen = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor()

export const SHOTS: readonly Shot[] = [
  {
    name: 'sign-in',
    path: '/',
    who: 'stranger',
    pose: (page) => page.getByLabel('Token', { exact: true }).waitFor(),
  },
  { name: 'home', path: '/w/acme/home', pose: settled },
  { name: 'dashboard', path: '/w/acme/dashboard', pose: settled },
  { name: 'dashboard-dark', path: '/w/acme/dashboard', options: DARK, pose: settled },
  { name: 'dashboard-phone', path: '/w/acme/dashboard', options: { ...PHONE, ...DARK }, pose: settled },
  { name: 'audit-log-wide', path: '/w/acme/audit-log', options: WIDE, pose: compact },
  {
    name: 'completion',
    path: '/w/acme/audit-log',
    pose: async (page) => {
      await settled(page)
      await page.getByRole('combobox', { name: 'Query' }).pressSequentially('verb:')
      await page.getByRole('option').nth(3).waitFor()
    },
  },
  {
    name: 'query-error',
    path: '/w/acme/audit-log?q=verb:CREATE AND )',
    pose: (page) => page.locator('.query-problem').waitFor(),
  },
  {
    name: 'filters',
    path: '/w/acme/audit-log?category=evidence&category=obligation&range=30d',
    pose: async (page) => {
      await settled(page)
      await page.getByRole('button', { name: 'Action type' }).click()
      await page.getByRole('checkbox').nth(3).waitFor()
    },
  },
  {
    name: 'date-range',
    path: '/w/acme/audit-log?range=7d',
    options: DARK,
    pose: async (page) => {
      await settled(page)
      await page.getByRole('button', { name: 'Last 7 days' }).click()
      await page.getByRole('button', { name: 'Show this range' }).waitFor()
    },
  },
  { name: 'change', path: '/w/acme/audit-log?event=sample_389', pose: seen('unchanged fields') },
  {
    name: 'details',
    path: '/w/acme/audit-log?event=sample_388&tab=details',
    options: DARK,
    pose: seen('Place in the log'),
  },
  {
    name: 'json',
    path: '/w/acme/audit-log?event=sample_389&tab=json',
    options: DARK,
    pose: (page) => page.locator('.json').waitFor(),
  },
  {
    name: 'history',
    path: '/w/acme/audit-log?event=sample_389&tab=history',
    pose: (page) => page.locator('.timeline > li').nth(2).waitFor(),
  },
  { name: 'proof', path: '/w/acme/audit-log?event=sample_389&tab=proof', pose: verified },
  { name: 'tampered', path: '/w/acme/audit-log?event=sample_391&tab=proof', pose: verified },
  { name: 'tampered-list', path: '/w/acme/audit-log', pose: settled },
  {
    name: 'tampered-phone',
    path: '/w/acme/audit-log?event=sample_391&tab=proof',
    options: { ...PHONE, ...DARK },
    pose: verified,
  },
  { name: 'integrity-failed', path: '/w/acme/integrity', options: DARK, pose: verifiedLog },
  { name: 'integrity', path: '/w/closed/integrity', who: 'closed', pose: verifiedLog },
  {
    name: 'exports',
    path: '/w/acme/audit-log?q=verb:SHARE',
    pose: async (page) => {
      await settled(page)
      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Export', exact: true }).click()
      await download
      await page.getByRole('link', { name: 'Exports' }).click()
      await page.getByRole('link', { name: 'Manifest' }).first().waitFor()
    },
  },
  {
    name: 'settings',
    path: '/w/acme/settings',
    pose: async (page) => {
      await page.getByRole('button', { name: 'New token' }).click()
      await page.getByRole('combobox', { name: 'Role' }).selectOption('auditor')
      await page.getByRole('group', { name: 'Tokens' }).getByRole('row').nth(1).scrollIntoViewIfNeeded()
    },
  },
  { name: 'first-start', path: '/w/fresh/dashboard', who: 'newcomer', pose: seen('Send the first one') },
  {
    name: 'sample-data',
    path: '/w/fresh/dashboard',
    who: 'newcomer',
    pose: async (page) => {
      await page.getByRole('button', { name: 'Load sample data' }).click()
      await settled(page)
    },
  },
  {
    name: 'loading',
    path: '/w/acme/audit-log',
    pose: async (page) => {
      await page.route('**/events?*', () => undefined)
      await page.reload()
      await page.getByRole('status', { name: 'Loading events' }).waitFor()
    },
  },
  {
    name: 'new-events',
    path: '/w/acme/audit-log',
    pose: async (page, gateway) => {
      await page.getByRole('button', { name: 'Live', exact: true }).waitFor()
      await page.evaluate(`document.querySelector('[role=grid]').scrollTo({ top: 2000 })`)
      await page.getByText('sample_399').waitFor({ state: 'detached' })
      await gateway.send(
        'acme',
        sampleHistory(Date.now() + 5, 12).map((event) => ({ ...event, id: undefined })),
      )
      await page.getByRole('button', { name: '12 new events' }).waitFor()
    },
  },
  {
    name: 'reconnecting',
    path: '/w/acme/audit-log',
    options: DARK,
    pose: async (page) => {
      await settled(page)
      await page.getByRole('button', { name: 'Live', exact: true }).waitFor()
      await page.route('**/stream?*', (route) => route.abort())
      await page.reload()
      await settled(page)
      await page.getByRole('button', { name: 'Reconnecting' }).waitFor()
    },
  },
  {
    name: 'phone-menu',
    path: '/w/acme/dashboard',
    options: PHONE,
    pose: async (page) => {
      await rowsShown(page)
      await page.getByRole('button', { name: 'Open the menu' }).click()
      await page.getByRole('dialog').getByRole('link', { name: 'Integrity' }).waitFor()
    },
  },
  { name: 'home-owners-only', path: '/w/closed/home', who: 'member', pose: settled },
  {
    name: 'history-of-ones-own',
    path: '/w/closed/home?q=resource.type:obligation',
    who: 'member',
    pose: async (page) => {
      await rowsShown(page)
      await page.getByRole('row').nth(1).click()
      await page.getByRole('tab', { name: 'View history' }).click()
      await page.locator('.timeline > li').first().waitFor()
    },
  },
  {
    name: 'not-for-your-role',
    path: '/w/closed/dashboard',
    who: 'member',
    pose: seen('Not for your role'),
  },
  {
    name: 'archive',
    path: '/w/closed/integrity',
    who: 'closed',
    pose: async (page) => {
      await page.getByLabel('From').fill('2026-01-01')
      await page.getByLabel('To', { exact: true }).fill('2026-06-30')
      await page.getByLabel('Reason').fill('Yearly review by the notified body')
      await page.getByRole('button', { name: 'Ask for the archive' }).click()
      await page.getByText('Waiting for the operator').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'embedded',
    path: '/embed/acme/audit-log?verb=SHARE',
    who: 'host',
    pose: async (page) => {
      await page.frameLocator('iframe').locator('[role=gridcell]').first().waitFor()
      await page.waitForFunction(`document.querySelector('iframe').offsetHeight > 400`)
    },
  },
  {
    name: 'nothing-found',
    path: '/w/acme/audit-log?q=nobodywrotethis&range=30d&verb=DELETE',
    pose: seen('No event matches'),
  },
  { name: 'plan-required', path: '/w/basic/audit-log', who: 'basic', pose: seen('730 days online') },
  {
    name: 'forbidden',
    path: '/w/acme/home',
    who: 'newcomer',
    options: DARK,
    pose: seen('No such workspace'),
  },
  {
    name: 'error',
    path: '/w/acme/audit-log',
    options: DARK,
    pose: async (page) => {
      await page.route('**/events?*', (route) => route.abort())
      await page.reload()
      await page.getByText('This could not be loaded').waitFor()
    },
  },
]

async function compact(page: Page): Promise<void> {
  await settled(page)
  await page.getByRole('button', { name: 'One line a row' }).click()
}

async function verified(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Verify in this browser' }).click()
  await page.locator('.verdict').waitFor()
}

async function verifiedLog(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page.locator('.verdict').waitFor()
}
