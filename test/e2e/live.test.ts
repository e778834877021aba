import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { rowsShown, type Visit } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { ADA, GRACE, sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'
import { columnOf, indexedColumn } from './support/table.ts'

const RETRY_MS = 50

describeInBrowser('the live feed', () => {
  const stage = new Stage()
  let gateway: Gateway

  beforeAll(async () => {
    gateway = await stage.open()
  })

  afterAll(() => stage.close())

  /** A workspace of the test's own, open at its top and following. */
  async function following(workspace: string, path = 'audit-log', member?: typeof GRACE): Promise<Visit> {
    await gateway.workspace(workspace, 'Acme Robotics', 'strategic')
    await gateway.send(workspace, sampleHistory(Date.now(), 150))
    const role = member ? 'member' : 'owner'
    const token = await gateway.token({ role, workspace, ...(member && { member: { id: member.id } }) })
    const visited = await stage.visit(token)
    await visited.page.goto(`${gateway.url}/w/${workspace}/${path}`)
    await rowsShown(visited.page)
    await visited.page.getByRole('button', { name: 'Live', exact: true }).waitFor()
    return visited
  }

  test('shows each event within a second of its sending, without a reload', async () => {
    const { page, faults } = await following('prompt')
    await page.evaluate('window.isSamePage = true')
    const times: number[] = []
    for (let at = 0; at < 9; at++) {
      const sent = performance.now()
      await gateway.send('prompt', [upload(`prompt_${at}.pdf`)])
      await page.getByText(`prompt_${at}.pdf`).waitFor()
      times.push(performance.now() - sent)
    }
    expect(times.sort((left, right) => left - right)[4]).toBeLessThan(1_000)
    expect((await columnOf(page, 'target')).slice(0, 3)).toEqual([
      'prompt_8.pdf',
      'prompt_7.pdf',
      'prompt_6.pdf',
    ])
    expect(await page.evaluate('window.isSamePage')).toBe(true)
    expect(faults).toEqual([])
  })

  test('loses and doubles nothing when the gateway is killed while events are sent, and says that it reconnects', async () => {
    const { page, faults } = await following('killed')
    const sending = (async () => {
      for (let at = 0; at < 60; at++) await sendUntilTaken(gateway, 'killed', upload(`killed_${at}.pdf`, at))
    })()
    await page
      .getByText(/^killed_\d+\.pdf$/)
      .first()
      .waitFor()
    await gateway.kill()
    await page.getByRole('button', { name: 'Reconnecting' }).waitFor()
    await gateway.resume()
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor()
    await sending
    await page.getByText('killed_59.pdf').waitFor()
    const shown = await fromTheTop(page, 60)
    expect(shown).toEqual(Array.from({ length: 60 }, (_, at) => `killed_${59 - at}.pdf`))
    expect(faults).toEqual([])
  })

  test('keeps the news of a restart for the reader who is further down, and the place of what is read', async () => {
    const { page } = await following('reader')
    await page.evaluate(`document.querySelector('[role=grid]').scrollTo({ top: 2200 })`)
    await page.locator('[aria-rowindex="55"]').waitFor()
    const before = await columnOf(page, 'date')
    await gateway.send('reader', [upload('one.pdf')])
    await page.getByRole('button', { name: '1 new event' }).waitFor()
    await gateway.pause()
    await page.getByRole('button', { name: 'Reconnecting' }).waitFor()
    await gateway.resume()
    await gateway.send('reader', [upload('two.pdf'), upload('three.pdf')])
    await page.getByRole('button', { name: '3 new events' }).waitFor()
    expect(await columnOf(page, 'date')).toEqual(before)
    await page.getByRole('button', { name: '3 new events' }).click()
    await page.getByText('three.pdf').waitFor()
    expect((await columnOf(page, 'target')).slice(0, 3)).toEqual(['three.pdf', 'two.pdf', 'one.pdf'])
  })

  test('loses nothing of what is committed while the list is on its way, however much', async () => {
    await gateway.workspace('opening', 'Acme Robotics', 'strategic')
    await gateway.send('opening', sampleHistory(Date.now(), 150))
    const { page } = await stage.visit(await gateway.token({ role: 'owner', workspace: 'opening' }))
    const listed = Promise.withResolvers<true>()
    let isListAsked = false
    await page.route(/\/events\?/, async (request) => {
      isListAsked = true
      const response = await request.fetch()
      await gateway.send('opening', uploads('opening', 300))
      await request.fulfill({ response })
      listed.resolve(true)
    })
    await page.route('**/integrity', async (request) => {
      await frames(page, 20)
      // Asked for beside the list, the position may be that of long after it.
      if (isListAsked) await listed.promise
      await request.continue()
    })
    await page.goto(`${gateway.url}/w/opening/audit-log`)
    await page.getByText('opening_299.pdf').waitFor()
    await page.unrouteAll({ behavior: 'wait' })
    expect(await fromTheTop(page, 300)).toEqual(namesDown('opening', 300))
  })

  test('brings everything that came while the feed was paused', async () => {
    const { page } = await following('paused')
    await page.getByRole('button', { name: 'Live', exact: true }).click()
    await page.getByRole('button', { name: 'Paused' }).waitFor()
    await gateway.send('paused', uploads('paused', 450))
    await page.getByRole('button', { name: 'Paused' }).click()
    await page.getByText('paused_449.pdf').waitFor()
    expect(await fromTheTop(page, 450)).toEqual(namesDown('paused', 450))
  })

  test('stays whole and short when thousands arrive at the top', async () => {
    const { page } = await following('flood')
    const count = 3_000
    for (let first = 0; first < count; first += 500)
      await gateway.send(
        'flood',
        Array.from({ length: 500 }, (_, at) => upload(`flood_${first + at}.pdf`, first + at)),
      )
    await page.getByText(`flood_${count - 1}.pdf`).waitFor()
    expect(await fromTheTop(page, 2_400)).toEqual(
      Array.from({ length: 2_400 }, (_, at) => `flood_${count - 1 - at}.pdf`),
    )
  })

  test('brings to Home only what the member did, and to a filtered list only what matches', async () => {
    const { page: home } = await following('own', 'home', GRACE)
    const { page: filtered } = await stage.visit(await gateway.token({ role: 'owner', workspace: 'own' }))
    await filtered.goto(`${gateway.url}/w/own/audit-log?q=second`)
    await filtered.getByRole('heading', { name: 'No event matches' }).waitFor()
    await filtered.getByRole('button', { name: 'Live', exact: true }).waitFor()
    await gateway.send('own', [
      { ...upload('first_of_ada.pdf'), actor: ADA },
      upload('second_of_grace.pdf'),
      { ...upload('third_of_ada.pdf'), actor: ADA },
    ])
    await home.getByText('second_of_grace.pdf').waitFor()
    await filtered.getByText('second_of_grace.pdf').waitFor()
    expect(await home.getByText('_of_ada.pdf').count()).toBe(0)
    expect(await columnOf(filtered, 'target')).toEqual(['second_of_grace.pdf'])
  })
})

function upload(name: string, number?: number): object {
  const event = { actor: GRACE, action: 'evidence.uploaded', resource: { type: 'FILE', id: name, name } }
  // An id makes a retry harmless; a time of its own keeps those of one batch in their order.
  if (number === undefined) return event
  return { ...event, id: name, timestamp: new Date(Date.now() + number).toISOString() }
}

/** With times of their own, in their order. */
function uploads(name: string, count: number): object[] {
  return Array.from({ length: count }, (_, at) => upload(`${name}_${at}.pdf`, at))
}

/** Their targets, newest first. */
function namesDown(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${name}_${count - 1 - at}.pdf`)
}

/** Waits until the page has painted so often. */
async function frames(page: Page, count: number): Promise<void> {
  await page.evaluate(`new Promise((painted) => {
    let left = ${count}
    const frame = () => (left-- > 0 ? requestAnimationFrame(frame) : painted())
    frame()
  })`)
}

/** As a careful client sends: again until it is answered. */
async function sendUntilTaken(gateway: Gateway, workspace: string, event: object): Promise<void> {
  for (;;)
    try {
      await gateway.send(workspace, [event])
      return
    } catch {
      await pause(RETRY_MS)
    }
}

/** The targets of so many rows, scrolled through from the first. */
async function fromTheTop(page: Page, count: number): Promise<(string | undefined)[]> {
  const targets = new Map<number, string>()
  await page.evaluate(`document.querySelector('[role=grid]').scrollTo({ top: 0 })`)
  while (targets.size < count) {
    for (const [index, name] of await indexedColumn(page, 'target'))
      if (index <= count + 1) targets.set(index, name)
    await page.evaluate(`new Promise((shown) => {
      document.querySelector('[role=grid]').scrollBy({ top: 600 })
      requestAnimationFrame(() => requestAnimationFrame(shown))
    })`)
  }
  return Array.from({ length: count }, (_, at) => targets.get(at + 2))
}
