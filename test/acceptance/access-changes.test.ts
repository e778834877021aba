import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { runTrailseal } from '../support/gateway-process.ts'
import { ACME, BETA, codeOf, event, Tenants, type Page } from '../support/tenants.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Plans that change, tokens that end, sessions of browsers (contract §§3 and 4): what counts at once, and from whom. */

const directory = temporaryDirectory()
let tenants: Tenants

beforeAll(async () => {
  tenants = await Tenants.start(directory.path)
})

afterAll(async () => {
  await tenants[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

/** An open live feed, with everything that it has said. */
async function openStream(path: string, token: string) {
  const response = await tenants.gateway.fetch(path, { token })
  expect(response.status).toBe(200)
  const state = { text: '', ended: false }
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) state.text += decoder.decode(chunk)
    state.ended = true
  })()
  return { state, reading }
}

async function until(condition: () => Promise<boolean> | boolean, milliseconds = 5_000): Promise<number> {
  const started = performance.now()
  while (!(await condition())) {
    if (performance.now() - started > milliseconds) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return performance.now() - started
}

describe('plans', () => {
  const SHOWING = ['events', 'events/one-0', 'events/one-0/proof', 'resources/FILE/f_shared/history']
  const COUNTING = ['facets?field=action', 'histogram', 'stream', 'log/tile/entries/000.p/1']

  test('a downgrade hides everything at once, open streams included; an upgrade brings it back', async () => {
    const stream = await openStream(`${BETA}/stream`, tenants.foreign.owner)
    await tenants.send('POST', `${BETA}/events`, event('u_1', 'f_before'))
    await until(() => stream.state.text.includes('f_before'))
    await tenants.send('PUT', BETA, { name: 'Beta', plan: 'starter' })
    for (const path of [...SHOWING, ...COUNTING])
      expect(
        `${path} ${await codeOf(await tenants.gateway.fetch(`${BETA}/${path}`, { token: tenants.foreign.owner }))}`,
      ).toBe(`${path} 403 plan_required`)
    for (const token of [tenants.foreign.member, tenants.foreign.auditor])
      expect(await codeOf(await tenants.gateway.fetch(`${BETA}/events`, { token }))).toBe('403 plan_required')
    expect(
      await codeOf(await tenants.gateway.fetch('/v1/me/events', { token: tenants.foreign.member })),
    ).toBe('403 plan_required')
    // Recording goes on.
    expect(
      (await tenants.send('POST', `${BETA}/events`, event('u_1', 'f_hidden'), tenants.foreign.ingest)).status,
    ).toBe(201)
    await stream.reading
    expect(stream.state.text).toContain('plan_required')
    expect(stream.state.text).not.toContain('f_hidden')

    await tenants.send('PUT', BETA, { name: 'Beta', plan: 'command' })
    for (const path of SHOWING)
      expect((await tenants.gateway.fetch(`${BETA}/${path}`, { token: tenants.foreign.owner })).status).toBe(
        200,
      )
    const { total } = await tenants.get<Page>(`${BETA}/events?resource_id=f_hidden`, tenants.foreign.owner)
    expect(total.value).toBe(1)
  })

  test('on a plan without API-call events they are acknowledged and not recorded', async () => {
    await tenants.send('PUT', BETA, { name: 'Beta', plan: 'portfolio' })
    const call = event('u_1', 'r_1', { action: 'api.called', id: 'call-1' })
    const response = await tenants.send(
      'POST',
      `${BETA}/events`,
      [call, event('u_1', 'f_2')],
      tenants.foreign.ingest,
    )
    expect(await response.json()).toMatchObject({
      events: [{ id: 'call-1', skipped: 'plan' }, { seq: expect.any(Number) }],
    })
    expect(await codeOf(await tenants.gateway.fetch(`${BETA}/events/call-1`))).toBe('404 not_found')
    await tenants.send('PUT', BETA, { name: 'Beta', plan: 'command' })
  })
})

describe('tokens that end', () => {
  test('a revoked token is refused at once and its open stream ends without another event', async () => {
    const { id, token } = await tenants.makeToken({ role: 'owner', workspace: 'acme' })
    const stream = await openStream(`${ACME}/stream`, token)
    expect((await tenants.gateway.fetch(`/v1/tokens/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await codeOf(await tenants.gateway.fetch(`${ACME}/events`, { token }))).toBe('401 unauthenticated')
    await tenants.send('POST', `${ACME}/events`, event('u_1', 'f_after_revocation'))
    await stream.reading
    expect(stream.state.text).not.toContain('f_after_revocation')
  })

  test('a revocation by another process counts within a second or so', async () => {
    const { id, token } = await tenants.makeToken({ role: 'owner', workspace: 'acme' })
    expect((await tenants.gateway.fetch(ACME, { token })).status).toBe(200)
    const result = await runTrailseal(directory.path, ['token', 'revoke', id])
    expect(result).toMatchObject({ code: 0, stdout: `revoked ${id}\n` })
    const waited = await until(async () => (await tenants.gateway.fetch(ACME, { token })).status === 401)
    expect(waited).toBeLessThan(1_200)
  })

  test('a token ends with its time', async () => {
    const { token } = await tenants.makeToken({ role: 'owner', workspace: 'acme', ttl_seconds: 1 })
    expect((await tenants.gateway.fetch(ACME, { token })).status).toBe(200)
    const waited = await until(async () => (await tenants.gateway.fetch(ACME, { token })).status === 401)
    expect(waited).toBeLessThan(1_500)
  })
})

describe('sessions of browsers', () => {
  async function signIn(token: string): Promise<string> {
    const response = await fetch(new URL(`/signin?token=${token}`, tenants.gateway.url), {
      redirect: 'manual',
    })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).not.toContain(token)
    const cookie = response.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/HttpOnly/)
    expect(cookie).toMatch(/SameSite=Strict/)
    expect(cookie).not.toContain(token)
    return cookie.split(';', 1)[0] ?? ''
  }

  async function ask(
    path: string,
    cookie: string,
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<Response> {
    const body = method === 'GET' ? {} : { body: JSON.stringify({ role: 'ingest', workspace: 'acme' }) }
    return await fetch(new URL(path, tenants.gateway.url), {
      method,
      headers: { cookie, ...headers },
      ...body,
    })
  }

  test('a session reads, and changes things only from its own pages', async () => {
    const cookie = await signIn(tenants.tokens.owner)
    const own = { origin: tenants.gateway.url, 'content-type': 'application/json' }
    expect((await ask('/v1/me', cookie)).status).toBe(200)
    expect((await ask('/v1/tokens', cookie, own, 'POST')).status).toBe(201)
    const forged: Record<string, string>[] = [
      { ...own, origin: 'https://evil.example' },
      { ...own, origin: 'http://localhost:1' },
      { ...own, origin: 'null' },
      { ...own, 'sec-fetch-site': 'cross-site' },
      { ...own, 'sec-fetch-site': 'same-site' },
      { ...own, 'content-type': 'text/plain' },
      { ...own, 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'application/json' },
    ]
    for (const headers of forged)
      expect(await codeOf(await ask('/v1/tokens', cookie, headers, 'POST'))).toBe('403 forbidden')
    expect(await codeOf(await ask('/v1/me', cookie, { 'sec-fetch-site': 'cross-site' }))).toBe(
      '403 forbidden',
    )
    expect(await codeOf(await ask('/signout', cookie, { origin: 'https://evil.example' }, 'POST'))).toBe(
      '403 forbidden',
    )
  })

  test('forged, signed out and revoked sessions do not count', async () => {
    const { id, token } = await tenants.makeToken({ role: 'owner', workspace: 'acme' })
    const cookie = await signIn(token)
    const flipped = cookie.slice(0, -2) + (cookie.at(-2) === 'A' ? 'B' : 'A') + cookie.slice(-1)
    const other = cookie.replace(id, 'tok_00000000-0000-0000-0000-000000000000')
    const longer = cookie.replace(/\.(\d+)\./, (_, seconds: string) => `.${Number(seconds) + 9}.`)
    for (const each of [flipped, other, longer, 'trailseal=', 'trailseal=a.b.c.d', ''])
      expect(await codeOf(await ask('/v1/me', each))).toBe('401 unauthenticated')
    // A wrong header is not rescued by a right cookie.
    expect(await codeOf(await ask('/v1/me', cookie, { authorization: 'Bearer nobody' }))).toBe(
      '401 unauthenticated',
    )

    const second = await signIn(token)
    const out = await fetch(new URL('/signout', tenants.gateway.url), {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, origin: tenants.gateway.url },
    })
    expect(out.status).toBe(303)
    expect(await codeOf(await ask('/v1/me', cookie))).toBe('401 unauthenticated')
    expect((await ask('/v1/me', second)).status).toBe(200)
    await tenants.gateway.fetch(`/v1/tokens/${id}`, { method: 'DELETE' })
    expect(await codeOf(await ask('/v1/me', second))).toBe('401 unauthenticated')
  })

  test('a bad sign-in link begins nothing', async () => {
    for (const token of ['nobody', '', '%00', tenants.tokens.owner.slice(0, -1)]) {
      const response = await fetch(new URL(`/signin?token=${token}`, tenants.gateway.url), {
        redirect: 'manual',
      })
      expect([400, 401]).toContain(response.status)
      expect(response.headers.get('set-cookie')).toBeNull()
    }
  })
})
