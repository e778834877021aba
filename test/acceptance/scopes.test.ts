import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ACME, codeOf, Tenants, type Page, type ShownEvent } from '../support/tenants.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What an auditor's scope and a workspace's settings hide, asked for by somebody who wants more (contract §3). */

const directory = temporaryDirectory()
let tenants: Tenants

beforeAll(async () => {
  tenants = await Tenants.start(directory.path)
})

afterAll(async () => {
  await tenants[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

describe('scopes', () => {
  const WIDENING = [
    'up*',
    'secret',
    'actor.id:u_2',
    'secret OR actor.id:u_2',
    'NOT actor.id:u_1',
    '-actor.id:u_1',
    'nothing OR NOT nothing',
    'seq:[0 TO 1000000]',
    'x OR (y OR NOT z)',
    'timestamp:[1970-01-01 TO 2199-01-01] OR secret',
  ]

  test.each(WIDENING)('an auditor who asks for %j sees nothing outside the scope', async (q) => {
    const query = `q=${encodeURIComponent(q)}&from=1970-01-01&to=2199-01-01`
    const search = await tenants.gateway.fetch(`${ACME}/events?${query}&limit=1000`, {
      token: tenants.tokens.auditor,
    })
    const { events, total } = (await search.json()) as Page
    expect(events.filter(({ actor }) => actor.id !== 'u_1')).toEqual([])
    expect(total.value).toBe(events.length)
    type Buckets = { buckets: { key: string; count: number }[] }
    const facets = await tenants.get<Buckets>(`${ACME}/facets?field=actor&${query}`, tenants.tokens.auditor)
    expect(facets.buckets.filter(({ key }) => key !== 'u_1')).toEqual([])
    const bars = await tenants.get<Buckets>(`${ACME}/histogram?${query}`, tenants.tokens.auditor)
    expect(bars.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(events.length)
    const history = await tenants.get<Page>(
      `${ACME}/resources/FILE/f_shared/history?${query}`,
      tenants.tokens.auditor,
    )
    expect(history.events.filter(({ actor }) => actor.id !== 'u_1')).toEqual([])
  })

  test('brackets that do not match break out of nothing', async () => {
    const broken = ['x) OR (actor.id:u_2', ') OR (', 'x) OR actor.id:u_2 OR (y', '" OR actor.id:u_2 OR "']
    for (const q of broken) {
      const response = await tenants.gateway.fetch(`${ACME}/events?q=${encodeURIComponent(q)}`, {
        token: tenants.tokens.auditor,
      })
      expect((await response.text()).includes('u_2')).toBe(false)
    }
  })

  test('single events, proofs and raw entries outside the scope are not found or forbidden', async () => {
    const { seq } = await tenants.get<ShownEvent>(`${ACME}/events/two-0`, tenants.tokens.owner)
    for (const id of ['two-0', `seq_${seq}`, 'seq_0']) {
      for (const path of [`${ACME}/events/${id}`, `${ACME}/events/${id}/proof`])
        expect(await codeOf(await tenants.gateway.fetch(path, { token: tenants.tokens.auditor }))).toBe(
          '404 not_found',
        )
    }
    for (const token of [tenants.tokens.auditor, tenants.tokens.member])
      expect(await codeOf(await tenants.gateway.fetch(`${ACME}/log/tile/entries/000.p/1`, { token }))).toBe(
        '403 forbidden',
      )
  })

  test("a cursor of one token shows another token nothing that its own search doesn't", async () => {
    const owners = await tenants.get<Page>(`${ACME}/events?limit=2`, tenants.tokens.owner)
    const cursor = owners.next_cursor ?? ''
    expect(
      await codeOf(
        await tenants.gateway.fetch(`${ACME}/events?limit=2&cursor=${cursor}`, {
          token: tenants.tokens.auditor,
        }),
      ),
    ).toBe('400 bad_cursor')
    const auditors = await tenants.get<Page>(`${ACME}/events?limit=2`, tenants.tokens.auditor)
    const back = `${ACME}/events?limit=2&cursor=${auditors.next_cursor ?? ''}`
    expect(await codeOf(await tenants.gateway.fetch(back, { token: tenants.tokens.owner }))).toBe(
      '400 bad_cursor',
    )
    const mine = await tenants.get<Page>('/v1/me/events?limit=2', tenants.tokens.member)
    const home = `${ACME}/events?limit=2&cursor=${mine.next_cursor ?? ''}`
    expect(await codeOf(await tenants.gateway.fetch(home, { token: tenants.tokens.member }))).toBe(
      '400 bad_cursor',
    )
  })

  test('each read of an auditor is in the log, refused ones too', async () => {
    const count = async () =>
      (
        await tenants.get<Page>(
          `${ACME}/events?q=${encodeURIComponent('category:audit')}&limit=1`,
          tenants.tokens.owner,
        )
      ).total.value
    const before = await count()
    await tenants.gateway.fetch(`${ACME}/events?q=(`, { token: tenants.tokens.auditor })
    await tenants.gateway.fetch(`${ACME}/events/two-0`, { token: tenants.tokens.auditor })
    await tenants.gateway.fetch(`${ACME}/facets?field=action`, { token: tenants.tokens.auditor })
    expect(await count()).toBe(before + 3)
  })

  test('where the dashboard is for owners, a member has Home alone', async () => {
    await tenants.send('PUT', ACME, { name: 'Acme', dashboard: 'owners' })
    const forbidden = [
      'events',
      'facets?field=actor',
      'histogram',
      'stream',
      'resources/FILE/f_shared/history',
    ]
    for (const path of forbidden)
      expect(
        await codeOf(await tenants.gateway.fetch(`${ACME}/${path}`, { token: tenants.tokens.member })),
      ).toBe('403 forbidden')
    for (const path of ['events/two-0', 'events/two-0/proof'])
      expect(
        await codeOf(await tenants.gateway.fetch(`${ACME}/${path}`, { token: tenants.tokens.member })),
      ).toBe('404 not_found')
    const { events } = await tenants.get<Page>('/v1/me/events?q=secret+OR+NOT+secret', tenants.tokens.member)
    expect(new Set(events.map(({ actor }) => actor.id))).toEqual(new Set(['u_1']))
    await tenants.send('PUT', ACME, { name: 'Acme', dashboard: 'members' })
    expect((await tenants.gateway.fetch(`${ACME}/events`, { token: tenants.tokens.member })).status).toBe(200)
  })
})
