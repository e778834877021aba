import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { launch, rowsShown, visit } from '../test/e2e/support/browser.ts'
import { Gateway } from '../test/e2e/support/gateway.ts'
import { copyLargeStore } from '../test/e2e/support/large-store.ts'
import { livingHeap, scrollThrough } from '../test/e2e/support/watch-scrolling.ts'
import { median, quantile, type Measurement } from './table.ts'

const LOADS = 7
const ASSETS = join(import.meta.dirname, '../dist/web')
/** As slow as a network gets before people call it down. */
const SLOW_NETWORK_MS = 3_000
const TYPED = 'actor.id:u_7 AND "notified body" risk_assess*'

/** The viewer in Chromium before a gateway with a long history: what somebody who looks at it waits for. */
export async function benchWeb(events: number): Promise<Measurement[]> {
  console.log(
    `viewer: ${events} events (the store is made on first use, and kept in the directory for temporary files)`,
  )
  await using gateway = await Gateway.start((dataDir) => copyLargeStore(dataDir, events))
  const browser = await launch()
  try {
    const token = await gateway.token({ role: 'owner', workspace: 'acme' })
    return [
      await firstRows(browser, gateway, token, 'audit-log'),
      await firstRows(browser, gateway, token, 'dashboard'),
      ...(await onThePage(browser, gateway, token, Math.min(100_000, Math.floor(events * 0.9)))),
    ]
  } finally {
    await browser.close()
  }
}

async function firstRows(
  browser: Browser,
  gateway: Gateway,
  token: string,
  place: string,
): Promise<Measurement> {
  const times: number[] = []
  for (let load = 0; load < LOADS; load++) {
    // Somebody new each time: nothing is in a cache.
    const { page } = await visit(browser, gateway, token)
    await page.goto(`${gateway.url}/w/acme/${place}`, { waitUntil: 'commit' })
    await rowsShown(page)
    times.push(await page.evaluate<number>('performance.now()'))
    await page.context().close()
  }
  return bounded(`viewer, first rows of ${place}: median of ${LOADS}`, median(times), 'ms', 1_000)
}

async function onThePage(
  browser: Browser,
  gateway: Gateway,
  token: string,
  rows: number,
): Promise<Measurement[]> {
  const { page } = await visit(browser, gateway, token)
  await page.goto(`${gateway.url}/w/acme/audit-log`)
  await rowsShown(page)
  const kilobytes = await scriptKilobytes(page)
  const smooth = await scrollThrough(page, { to: 2_000, rows: 8, frames: 1 })
  const before = await livingHeap(page)
  const jumps = await scrollThrough(page, { to: rows, rows: 60, frames: 2 })
  const after = await livingHeap(page)
  const back = await scrollThrough(page, { to: rows - 2_000, rows: 8, frames: 1 })
  const rides = [smooth, jumps, back]
  const times = await typing(page)
  const name = `viewer, scrolling through ${rows.toLocaleString('en-US')} rows`
  return [
    bounded('viewer, JavaScript of the first page, gzip', kilobytes, 'kB', 250),
    bounded(`${name}: longest blank`, longest(rides.map(({ longestBlank }) => longestBlank)), 'ms', 200),
    // Where frames are few because the machine is busy, this tells what the viewer's own part is.
    plain(`${name}: longest blank`, longest(rides.map(({ blankFrames }) => blankFrames)), 'frames'),
    plain(`${name}: frames a second`, jumps.frames / jumps.seconds, ''),
    plain(`${name}: longest wait at the end of what is loaded`, jumps.longestStop, 'ms'),
    plain(`${name}: living heap before`, before / 1e6, 'MB'),
    {
      ...bounded(`${name}: living heap after`, after / 1e6, 'MB', before / 1e6 + 8),
      target: '≤ before + 8 MB',
    },
    bounded('viewer, key to screen while the network takes 3 s: p95', quantile(times, 0.95), 'ms', 100),
  ]
}

/** Of the scripts that were loaded until the first rows were shown. */
async function scriptKilobytes(page: Page): Promise<number> {
  const paths = await page.evaluate<string[]>(
    `performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname).filter((path) => path.endsWith('.js'))`,
  )
  const bytes = paths.map((path) => gzipSync(readFileSync(join(ASSETS, path)), { level: 9 }).length)
  return bytes.reduce((sum, each) => sum + each, 0) / 1_000
}

/** Times in ms from each key to the frame that shows it, while requests are under way all the time. */
async function typing(page: Page): Promise<number[]> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    ...{ offline: false, latency: SLOW_NETWORK_MS, downloadThroughput: -1, uploadThroughput: -1 },
  })
  await page.evaluate(`window.typed = []
    document.addEventListener('input', ({ timeStamp }) =>
      requestAnimationFrame(() => setTimeout(() => window.typed.push(performance.now() - timeStamp))), true)`)
  const bar = page.getByRole('combobox', { name: 'Query' })
  await bar.pressSequentially(TYPED)
  await page.waitForFunction(`window.typed.length >= ${TYPED.length}`)
  return await page.evaluate<number[]>('window.typed')
}

const longest = (values: readonly number[]): number => Math.max(...values)

function plain(name: string, value: number, unit: string): Measurement {
  return { name, value, unit, raw: null, ratio: null, target: '', ok: null }
}

function bounded(name: string, value: number, unit: string, most: number): Measurement {
  return { ...plain(name, value, unit), target: `< ${most} ${unit}`, ok: value < most }
}
