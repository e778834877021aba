import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { STILL, violations } from './support/axe.ts'
import { rowsShown } from './support/browser.ts'
import type { Gateway } from './support/gateway.ts'
import { ADA, sampleHistory } from './support/sample-history.ts'
import { Stage } from './support/stage.ts'
import { describeInBrowser } from './support/suite.ts'
import { changeStoredText } from './support/tamper.ts'

interface State {
  readonly name: string
  readonly path: string
  /** Default: the owner of a workspace full of events. */
  readonly who?: Who
  readonly reach: (page: Page) => Promise<unknown>
}
type Who = 'owner' | 'newcomer' | 'basic' | 'member' | 'requester'

/** Whoever else is there, or is not let in. */
const STATES: readonly State[] = [
  {
    name: 'first start',
    path: '/w/fresh/dashboard',
    who: 'newcomer',
    reach: (page) => page.getByRole('button', { name: 'Load sample data' }).waitFor(),
  },
  {
    name: 'plan required',
    path: '/w/basic/audit-log',
    who: 'basic',
    reach: (page) => page.getByText('730 days online').waitFor(),
  },
  {
    name: 'no archive',
    path: '/w/basic/integrity',
    who: 'basic',
    reach: (page) => page.getByText('comes without an archive').waitFor(),
  },
  {
    name: 'archive requested',
    path: '/w/closed/integrity',
    who: 'requester',
    reach: async (page) => {
      await page.getByLabel('From').fill('2026-01-01')
      await page.getByLabel('To', { exact: true }).fill('2026-06-30')
      await page.getByLabel('Reason').fill('Yearly review')
      await page.getByRole('button', { name: 'Ask for the archive' }).click()
      await page.getByText('Waiting for the operator').first().waitFor()
    },
  },
  {
    name: 'forbidden',
    path: '/w/closed/dashboard',
    who: 'member',
    reach: (page) => page.getByRole('heading', { name: 'Not for your role' }).waitFor(),
  },
  {
    name: "no event of one's own yet",
    path: '/w/closed/home?q=nothing',
    who: 'member',
    reach: (page) => page.getByRole('button', { name: 'Clear the query' }).last().waitFor(),
  },
  {
    name: 'a scope for an auditor',
    path: '/w/acme/settings',
    reach: async (page) => {
      await page.getByRole('button', { name: 'New token' }).click()
      await page.getByRole('combobox', { name: 'Role' }).selectOption('auditor')
      await page.getByLabel('Scope: a query').waitFor()
    },
  },
  {
    name: 'error',
    path: '/w/acme/audit-log',
    reach: async (page) => {
      await page.route('**/events?*', (route) => route.abort())
      await page.reload()
      await page.getByRole('button', { name: 'Try again' }).waitFor()
      await page.unroute('**/events?*')
    },
  },
  {
    name: 'loading',
    path: '/w/acme/audit-log',
    reach: async (page) => {
      await page.route('**/events?*', () => undefined)
      await page.reload()
      await page.getByRole('status', { name: 'Loading events' }).waitFor()
      await page.unrouteAll()
    },
  },
  {
    name: 'not reconnected',
    path: '/w/acme/audit-log',
    reach: async (page) => {
      await page.route('**/stream?*', (route) => route.abort())
      await page.reload()
      await page.getByRole('button', { name: 'Reconnecting' }).waitFor()
      await page.unrouteAll()
    },
  },
  {
    name: 'a log that does not hold',
    path: '/w/closed/integrity',
    who: 'requester',
    reach: async (page) => {
      await page.getByRole('button', { name: 'Verify now' }).click()
      await page.getByRole('heading', { name: 'The log does not hold' }).waitFor()
    },
  },
  {
    name: 'tampered',
    path: '/w/closed/audit-log?event=spoilt&tab=proof',
    who: 'requester',
    reach: async (page) => {
      await page.getByText('This event was tampered with').waitFor()
      await page.getByRole('button', { name: 'Verify in this browser' }).click()
      await page.getByRole('heading', { name: 'Not verified' }).waitFor()
    },
  },
  {
    name: 'tampered in the list',
    path: '/w/closed/audit-log',
    who: 'requester',
    reach: (page) => page.getByText('TAMPERED').waitFor(),
  },
]

describeInBrowser('axe finds nothing to object to in refusals, faults and first steps', () => {
  const stage = new Stage()
  let gateway: Gateway
  let tokens: Record<Who, string>

  beforeAll(async () => {
    gateway = await stage.open()
    await gateway.workspace('acme', 'Acme Robotics', 'strategic')
    await gateway.workspace('fresh', 'Fresh start', 'command')
    await gateway.workspace('basic', 'Basic', 'starter')
    await gateway.workspace('closed', 'Closed shop', 'portfolio', 'owners')
    await gateway.send('acme', sampleHistory(Date.now(), 120))
    await gateway.send('closed', [
      {
        ...{ id: 'spoilt', actor: ADA, action: 'file.shared', resource: { type: 'FILE', id: 'f_1' } },
        source: { ip: '203.0.113.9' },
      },
    ])
    const member = { id: ADA.id, name: ADA.name }
    tokens = {
      owner: await gateway.token({ role: 'owner', workspace: 'acme', member }),
      newcomer: await gateway.token({ role: 'owner', workspace: 'fresh' }),
      basic: await gateway.token({ role: 'owner', workspace: 'basic' }),
      member: await gateway.token({ role: 'member', workspace: 'closed', member }),
      requester: await gateway.token({ role: 'owner', workspace: 'closed', member }),
    }
    await gateway.pause()
    changeStoredText(gateway.dataDir, 'spoilt', '203.0.113', '203.0.112')
    await gateway.resume()
  })

  afterAll(() => stage.close())

  test.each([
    { colorScheme: 'light', width: 360 },
    { colorScheme: 'dark', width: 1280 },
  ] as const)('$colorScheme, $width px', async ({ colorScheme, width }) => {
    for (const [who, states] of Map.groupBy(STATES, (state) => state.who ?? 'owner')) {
      const { page } = await stage.visit(tokens[who], {
        ...STILL,
        colorScheme,
        viewport: { width, height: 800 },
      })
      for (const state of states) {
        await page.goto(gateway.url + state.path)
        await state.reach(page)
        expect({ state: state.name, violations: await violations(page) }).toEqual({
          state: state.name,
          violations: [],
        })
      }
      await page.context().close()
    }
  })

  test('in the menu of a phone', async () => {
    const { page } = await stage.visit(tokens.owner, { ...STILL, viewport: { width: 360, height: 740 } })
    await page.goto(`${gateway.url}/w/acme/dashboard`)
    await rowsShown(page)
    await page.getByRole('button', { name: 'Open the menu' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'Integrity' }).waitFor()
    expect(await violations(page)).toEqual([])
  })
})
