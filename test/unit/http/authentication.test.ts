import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { request as rawRequest } from 'node:http'
import { ADMIN_TOKEN, openGateway, type Gateway } from './gateway.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await openGateway()
})
beforeEach(() => gateway.reset())
afterAll(() => gateway.close())

/** `fetch` lets nobody set Origin, Sec-Fetch-Site or Host, as browsers do. */
function send(
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string },
) {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const sent = rawRequest(gateway.url + path, { method, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

async function me(authorization: string): Promise<number> {
  return (await gateway.fetch('/v1/me', { headers: { authorization } })).status
}

describe('the Authorization header', () => {
  test.each([
    ['Bearer', `Bearer ${ADMIN_TOKEN}`],
    ['bearer in any case, with more spaces', `bEARER   ${ADMIN_TOKEN}`],
    ['ApiKey', `ApiKey ${ADMIN_TOKEN}`],
    ['Basic with any user', `basic ${Buffer.from(`elastic:${ADMIN_TOKEN}`).toString('base64')}`],
  ])('%s lets in', async (_, authorization) => {
    expect(await me(authorization)).toBe(200)
  })

  test.each([
    ['an unknown token', `Bearer ${ADMIN_TOKEN}x`],
    ['no token', 'Bearer'],
    ['a scheme that is not ours', `Digest ${ADMIN_TOKEN}`],
    ['the token as Basic user', `Basic ${Buffer.from(`${ADMIN_TOKEN}:`).toString('base64')}`],
    ['a very long token', `Bearer ${'a'.repeat(5_000)}`],
  ])('%s does not', async (_, authorization) => {
    const response = await gateway.fetch('/v1/me', { headers: { authorization } })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="trailseal"')
  })

  test('a token in the address does not count', async () => {
    expect((await gateway.fetch(`/v1/me?token=${ADMIN_TOKEN}`)).status).toBe(401)
  })

  test('expired, revoked and unknown tokens get the same answer', async () => {
    const expired = await gateway.token({ role: 'owner', workspace: 'acme', ttl_seconds: 60 })
    const made = await gateway.fetch('/v1/tokens', {
      method: 'POST',
      token: ADMIN_TOKEN,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'owner', workspace: 'acme' }),
    })
    const { id, token: revoked } = (await made.json()) as { id: string; token: string }
    expect([await me(`Bearer ${expired}`), await me(`Bearer ${revoked}`)]).toEqual([200, 200])
    gateway.clock.time += 60_000
    expect((await gateway.fetch(`/v1/tokens/${id}`, { method: 'DELETE', token: ADMIN_TOKEN })).status).toBe(
      204,
    )
    const details = await Promise.all(
      [expired, revoked, 'ts_unknown'].map(async (token) => {
        const text = await (await gateway.fetch('/v1/me', { token })).text()
        return text.replace(/"request_id":"[^"]+"/, '')
      }),
    )
    expect(new Set(details).size).toBe(1)
  })
})

describe('sessions', () => {
  async function signIn(headers: Record<string, string> = {}): Promise<string> {
    const response = await send(`/signin?token=${ADMIN_TOKEN}`, { headers })
    return String((response.headers['set-cookie'] as string[])[0])
  }
  const cookieOf = (setCookie: string): string => setCookie.split(';')[0]!

  test('signing in drops the token from the address and keeps it out of the cookie', async () => {
    const response = await send(`/signin?token=${ADMIN_TOKEN}`, {})
    expect(response).toMatchObject({
      status: 303,
      headers: { location: '/', 'referrer-policy': 'no-referrer' },
    })
    const cookie = String((response.headers['set-cookie'] as string[])[0])
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(ADMIN_TOKEN)
    expect((await send('/v1/me', { headers: { cookie: cookieOf(cookie) } })).status).toBe(200)
  })

  test('a link on another site signs in by a page, because a redirect would lose a strict cookie', async () => {
    const response = await send(`/signin?token=${ADMIN_TOKEN}`, {
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(response).toMatchObject({ status: 200, headers: { refresh: '0; url=/' } })
  })

  test('a bad token begins none', async () => {
    const response = await send('/signin?token=ts_unknown', {})
    expect(response.status).toBe(401)
    expect(response.headers['set-cookie']).toBeUndefined()
  })

  test.each([
    ['a changed signature', (cookie: string) => cookie.slice(0, -1) + (cookie.endsWith('A') ? 'B' : 'A')],
    ['another token id', (cookie: string) => cookie.replace('env_', 'env-')],
    [
      'a later expiry',
      (cookie: string) => cookie.replace(/\.(\d{10})\./, (_, time: string) => `.${Number(time) + 1}.`),
    ],
    ['nonsense', () => 'trailseal=%00'],
  ])('%s is no session', async (_, forge) => {
    const cookie = forge(cookieOf(await signIn()))
    expect((await send('/v1/me', { headers: { cookie } })).status).toBe(401)
  })

  test('a session ends after twelve hours, and with sign-out', async () => {
    const cookie = cookieOf(await signIn())
    gateway.clock.time += 12 * 3_600_000
    expect((await send('/v1/me', { headers: { cookie } })).status).toBe(401)
    const next = cookieOf(await signIn())
    const headers = { cookie: next, origin: gateway.url, 'content-type': 'application/x-www-form-urlencoded' }
    expect((await send('/signout', { method: 'POST', headers })).status).toBe(303)
    expect((await send('/v1/me', { headers: { cookie: next } })).status).toBe(401)
  })

  test('a bad Authorization header is not made good by a session', async () => {
    const cookie = cookieOf(await signIn())
    expect((await send('/v1/me', { headers: { cookie, authorization: 'Bearer wrong' } })).status).toBe(401)
  })

  const json = { 'content-type': 'application/json' }
  const body = JSON.stringify({ role: 'ingest' })
  test.each([
    ['GET of another site', 'GET', { 'sec-fetch-site': 'cross-site' }, 403],
    ['GET of another port of the same host', 'GET', { 'sec-fetch-site': 'same-site' }, 403],
    ['GET with a foreign origin', 'GET', { origin: 'https://evil.example' }, 403],
    ['GET of the address bar', 'GET', { 'sec-fetch-site': 'none' }, 200],
    [
      'POST of another site',
      'POST',
      { ...json, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      403,
    ],
    ['POST of nobody knows where', 'POST', json, 403],
    ['POST with origin null', 'POST', { ...json, origin: 'null' }, 403],
    [
      'form POST, even of our own page',
      'POST',
      { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' },
      403,
    ],
    ['POST of our own page', 'POST', { ...json, 'sec-fetch-site': 'same-origin' }, 201],
    ['POST of the public address', 'POST', { ...json, origin: 'http://localhost:8787' }, 201],
  ])('%s', async (_, method, headers, status) => {
    const cookie = cookieOf(await signIn())
    const response = await send('/v1/tokens', {
      method,
      headers: { ...headers, cookie },
      body: method === 'GET' ? '' : body,
    })
    expect(response.status).toBe(status)
  })
})

test('over HTTPS cookies are bound to the host and sent over HTTPS only', async () => {
  const secure = await openGateway('https://audit.example.com')
  try {
    const response = await secure.fetch(`/signin?token=${ADMIN_TOKEN}`)
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-trailseal=.*; Path=\/; .*; Secure$/)
    expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000')
  } finally {
    await secure.close()
  }
})
