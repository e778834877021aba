import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import type { Gateway } from './gateway.ts'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Path of the browser of this machine; null where there is none. */
export const chromiumPath = PLACES.find((path) => existsSync(path)) ?? null

export async function launch(): Promise<Browser> {
  if (chromiumPath === null) throw new Error(`No Chromium at ${PLACES.join(', ')}.`)
  return await chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--no-first-run', '--disable-extensions'],
    ],
  })
}

export interface Visit {
  readonly page: Page
  /** Everything that must stay empty: errors of the page, refusals of its policy, requests to other hosts. */
  readonly faults: readonly string[]
}

/** A person of their own: cookies, storage and zone are not shared. Signed in by the link that owners send; no page is open yet. */
export async function visit(
  browser: Browser,
  gateway: Gateway,
  token: string | null,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    ...{
      timezoneId: 'Europe/Berlin',
      locale: 'en-US',
      viewport: { width: 1280, height: 800 },
      colorScheme: 'light',
    },
    ...options,
  })
  const page = await context.newPage()
  // A test machine may be busy with other things; what has to be fast says so itself.
  page.setDefaultTimeout(25_000)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    // A refused request is a console error too, and what the tests of refusals want.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text())
  })
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== gateway.url) faults.push(`request to ${request.url()}`)
  })
  if (token !== null) await context.request.get(`${gateway.url}/signin?token=${token}`, { maxRedirects: 0 })
  return { page, faults }
}

const ASKED_EVERY_MS = 20

/** Asks until it is so. Playwright's `waitForFunction` asks by eval, which the viewer's policy forbids from the second time on. */
export async function until(page: Page, isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await page.waitForTimeout(ASKED_EVERY_MS)
}

/** Waits for what a list shows when it is there. */
export async function rowsShown(page: Page): Promise<void> {
  await page.locator('[role=gridcell]').first().waitFor()
}
