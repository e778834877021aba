import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Frame, Page } from 'playwright-core'
import type { Gateway } from './support/gateway.ts'
import { HostPage } from './support/host-page.ts'
import { ADA, GRACE, sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'

describeInBrowser('the viewer in a frame of another site', () => {
  const stage = new Stage()
  let gateway: Gateway
  let host: HostPage
  let stranger: HostPage
  const grace = { role: 'member', workspace: 'acme', member: { id: GRACE.id, name: GRACE.name } }

  beforeAll(async () => {
    host = await HostPage.open()
    stranger = await HostPage.open()
    gateway = await stage.open(undefined, { TRAILSEAL_EMBED_ORIGINS: host.origin })
    await gateway.workspace('acme', 'Acme Robotics', 'strategic')
    await gateway.send('acme', sampleHistory(Date.now(), 120))
  })

  afterEach(() => {
    host.token = null
  })

  afterAll(async () => {
    await stage.close()
    await host[Symbol.asyncDispose]()
    await stranger[Symbol.asyncDispose]()
  })

  async function opened(page: Page, of: HostPage, src: string): Promise<Frame> {
    of.src = gateway.url + src
    await page.goto(of.origin)
    const handle = await page.waitForSelector('iframe', { state: 'attached' })
    const frame = await handle.contentFrame()
    if (!frame) throw new Error('The page has no frame.')
    return frame
  }

  test('shows the place alone to whom the host page says, and keeps the token in memory only', async () => {
    const { page } = await stage.visit(null)
    host.token = await gateway.token(grace)
    const frame = await opened(page, host, '/embed/acme/dashboard')
    await frame.locator('[role=gridcell]').first().waitFor()
    await frame.getByRole('heading', { name: 'Team activity in Acme Robotics' }).waitFor()
    expect(await frame.getByRole('link', { name: 'Exports' }).count()).toBe(0)

    expect(await page.context().cookies()).toEqual([])
    expect(frame.url()).not.toContain(host.token)
    // Chromium keeps storage from frames of other sites; where a browser does not, the token is not in it.
    const stored = `(() => { try { return JSON.stringify({ ...localStorage }) } catch (error) { return error.name } })()`
    expect(await frame.evaluate<string>(stored)).not.toContain(host.token)
  })

  test('takes the height of its content, and more while an event is open', async () => {
    const { page } = await stage.visit(null)
    host.token = await gateway.token(grace)
    const frame = await opened(page, host, '/embed/acme/audit-log?q=verb:SHARE')
    await frame.locator('[role=gridcell]').first().waitFor()
    await page.waitForFunction(`document.querySelector('iframe').offsetHeight > 400`)
    const [inside, outside] = [
      await frame.evaluate<number>(`document.getElementById('viewer').offsetHeight`),
      await page.evaluate<number>(`document.querySelector('iframe').offsetHeight`),
    ]
    expect(outside).toBe(Math.max(420, inside))
    await frame.locator('[role=row][aria-selected]').first().click()
    await page.waitForFunction(`document.querySelector('iframe').offsetHeight >= 720`)
  })

  test('follows the log live, and saves exports', async () => {
    const { page } = await stage.visit(null)
    host.token = await gateway.token(grace)
    const frame = await opened(page, host, '/embed/acme/audit-log')
    await frame.getByRole('button', { name: 'Live', exact: true }).waitFor()
    await gateway.send('acme', [
      { actor: ADA, action: 'file.shared', resource: { type: 'FILE', id: 'f_live', name: 'live.pdf' } },
    ])
    await frame.getByText('live.pdf').waitFor()
    const downloading = page.waitForEvent('download')
    await frame.getByRole('button', { name: 'Export', exact: true }).click()
    const download = await downloading
    expect(download.suggestedFilename()).toMatch(/\.xlsx$/)
    const file = readFileSync(await download.path())
    expect(file.subarray(0, 2).toString()).toBe('PK')
  })

  test('asks for another token when its own is revoked, and goes on with it', async () => {
    const { page } = await stage.visit(null)
    host.token = await gateway.token(grace)
    const frame = await opened(page, host, '/embed/acme/audit-log')
    await frame.locator('[role=gridcell]').first().waitFor()
    await gateway.revoke(host.token)
    host.token = await gateway.token(grace)
    await frame.getByRole('button', { name: 'Outcome' }).click()
    await page.waitForFunction(`said.includes('trailseal:token-needed')`)
    await frame.getByRole('button', { name: 'Live', exact: true }).waitFor()
    await frame.locator('[role=gridcell]').first().waitFor()
    expect(await frame.getByText('Your session has ended').count()).toBe(0)
  })

  test('takes a token from the fragment of its address, and takes it out of there', async () => {
    const { page } = await stage.visit(null)
    const token = await gateway.token(grace)
    const frame = await opened(page, host, `/embed/acme/home#token=${token}`)
    await frame.getByRole('heading', { name: 'Your activity in Acme Robotics' }).waitFor()
    expect(await frame.evaluate<string>('location.href')).toBe(`${gateway.url}/embed/acme/home`)
  })

  test('is refused to pages of other origins', async () => {
    const { page } = await stage.visit(null)
    stranger.token = await gateway.token(grace)
    const frame = await opened(page, stranger, '/embed/acme/home')
    await page.waitForLoadState('load')
    expect(frame.url()).toBe('chrome-error://chromewebdata/')
    expect(await page.evaluate<string[]>('said')).toEqual([])
    // All other pages are refused to everybody.
    const other = await opened(page, host, '/w/acme/home')
    expect(other.url()).toBe('chrome-error://chromewebdata/')
  })

  test('takes no token from a window that merely opened it', async () => {
    const { page } = await stage.visit(null)
    const token = await gateway.token(grace)
    await page.goto(stranger.origin)
    const opening = page.waitForEvent('popup')
    await page.evaluate(`window.opened = window.open('${gateway.url}/embed/acme/home')`)
    const popup = await opening
    await popup.getByRole('status', { name: 'Signing in' }).waitFor()
    await page.evaluate(`opened.postMessage({ type: 'trailseal:token', token: '${token}' }, '*')`)
    await popup.getByRole('heading', { name: 'Not signed in' }).waitFor()
    expect(await popup.getByText('Your activity').count()).toBe(0)
  })
})
