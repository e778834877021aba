/**
 * Photographs the running viewer in its states, from a gateway of its own with made-up history, into docs/screenshots:
 * `npm run screenshots [NAME…]`.
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { rowsShown } from '../test/e2e/support/browser.ts'
import type { Gateway } from '../test/e2e/support/gateway.ts'
import { ADA, sampleHistory } from '../test/e2e/support/sample-history.ts'
import { Stage } from '../test/e2e/support/stage.ts'
import { changeStoredText } from '../test/e2e/support/tamper.ts'

const TARGET = new URL('../docs/screenshots/', import.meta.url)

interface Shot {
  readonly name: string
  readonly path: string
  readonly who?: 'owner' | 'stranger' | 'newcomer' | 'basic' | 'closed'
  readonly options?: BrowserContextOptions
  readonly pose: (page: Page) => Promise<unknown>
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

const SHOTS: readonly Shot[] = [
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
      await page.getByText('Ada Lovelace').last().waitFor()
    },
  },
  { name: 'first-start', path: '/w/fresh/dashboard', who: 'newcomer', pose: seen('Send the first one') },
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

async function setUp(gateway: Gateway): Promise<Record<NonNullable<Shot['who']>, string | null>> {
  await gateway.workspace('acme', 'Acme Robotics', 'strategic')
  await gateway.workspace('basic', 'Basic', 'starter')
  await gateway.workspace('fresh', 'Fresh start', 'command')
  await gateway.workspace('closed', 'Acme Robotics, archive', 'strategic')
  const now = Date.now()
  await gateway.send('acme', sampleHistory(now))
  await gateway.send('closed', sampleHistory(now, 300))
  const member = { id: ADA.id, name: ADA.name, email: ADA.email }
  const owner = await gateway.token({ role: 'owner', workspace: 'acme', member })
  return {
    owner,
    stranger: null,
    newcomer: await gateway.token({ role: 'owner', workspace: 'fresh' }),
    basic: await gateway.token({ role: 'owner', workspace: 'basic' }),
    closed: await gateway.token({ role: 'owner', workspace: 'closed', member }),
  }
}

const stage = new Stage()
try {
  const wanted = process.argv.slice(2)
  await mkdir(TARGET, { recursive: true })
  const gateway = await stage.open()
  const tokens = await setUp(gateway)
  let isTampered = false
  for (const { name, path, who = 'owner', options = {}, pose } of SHOTS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    if (name.startsWith('tampered') && !isTampered) {
      isTampered = true
      await gateway.pause()
      changeStoredText(gateway.dataDir, 'sample_391', '203.0.113', '203.0.112')
      await gateway.resume()
    }
    const { page } = await stage.visit(tokens[who], options)
    await page.goto(gateway.url + path)
    await pose(page)
    await page.mouse.move(2, 2)
    // Fonts and the fading of popovers.
    await page.waitForTimeout(250)
    await page.screenshot({ path: fileURLToPath(new URL(`${name}.jpg`, TARGET)), type: 'jpeg', quality: 70 })
    await page.context().close()
  }
} finally {
  await stage.close()
}
