import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import type { Gateway } from './support/gateway.ts'
import { sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'
import { changeStoredText } from './support/tamper.ts'

/** As the store numbers them: entries of a log have the keys from here on. */
const LOG_SPAN = 2n ** 33n

describeInBrowser('a log that is verified in the browser', () => {
  const stage = new Stage()
  let gateway: Gateway

  beforeAll(async () => {
    gateway = await stage.open()
    for (const workspace of ['letter', 'tile', 'gone', 'whole']) {
      await gateway.workspace(workspace, `The ${workspace}`, 'strategic')
      // Several full tiles of hashes, and a part of one.
      await gateway.send(workspace, sampleHistory(Date.now(), 600))
    }
    await gateway.pause()
    changeStoredText(gateway.dataDir, 'sample_300', '203.0.113', '203.0.114')
    const store = new DatabaseSync(join(gateway.dataDir, 'trailseal.sqlite'))
    const logOf = (workspace: string): bigint => {
      const row = store.prepare('SELECT number FROM ledger_log WHERE workspace = ?').get(workspace)
      return BigInt((row as { number: number }).number)
    }
    const first = (workspace: string): bigint => logOf(workspace) * LOG_SPAN
    // One bit of the hashes of the entries 256 to 511, which are the second tile of the log.
    const tile = first('tile') + 1n
    const { hashes } = store.prepare('SELECT hashes FROM ledger_tile WHERE key = ?').get(tile) as {
      hashes: Uint8Array
    }
    hashes[1000] = (hashes[1000] ?? 0) ^ 1
    store.prepare('UPDATE ledger_tile SET hashes = ? WHERE key = ?').run(hashes, tile)
    store
      .prepare('DELETE FROM ledger_entries WHERE key = (SELECT max(key) FROM ledger_entries WHERE key < ?)')
      .run(first('gone') + 400n)
    store.close()
    await gateway.resume()
  })

  afterAll(() => stage.close())

  /** What the verification says of a workspace, to somebody of this role. */
  async function verdict(
    workspace: string,
    wish: { role: string; scope?: object } = { role: 'owner' },
  ): Promise<Page> {
    const { page } = await stage.visit(await gateway.token({ ...wish, workspace }))
    await page.goto(`${gateway.url}/w/${workspace}/integrity`)
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.locator('.verdict').waitFor()
    return page
  }

  test('holds where nothing was changed', async () => {
    const page = await verdict('whole')
    await page.getByRole('heading', { name: 'The log holds' }).waitFor()
    expect(await page.locator('.verdict').innerText()).toMatch(/60\d entries and \d+ hash tiles checked/)
  })

  test.each([
    ['letter', 'one letter of an event', /entry #301 sample_300/],
    ['tile', 'one byte of a hash', /tile/],
    ['gone', 'entries that are gone', /entry #\d+ The entry is missing/],
  ])('is red and names what is wrong: %s, %s', async (workspace, _what, finding) => {
    const page = await verdict(workspace)
    await page.getByRole('heading', { name: 'The log does not hold' }).waitFor()
    expect(await page.locator('.findings li').first().innerText()).toMatch(finding)
  })

  test('is checked by its hashes where somebody may not read all of it', async () => {
    const page = await verdict('whole', { role: 'auditor', scope: { q: 'category:evidence' } })
    await page.getByRole('heading', { name: 'The log holds' }).waitFor()
    expect(await page.locator('.verdict').innerText()).toContain('Your role does not read raw entries')
  })
})
