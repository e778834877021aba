import { connect } from 'node:net'
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { TrailsealError } from '../../../src/errors.ts'
import { ADMIN_TOKEN, openGateway, problemOf, type Gateway } from './gateway.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await openGateway()
})
beforeEach(() => gateway.reset())
afterAll(() => gateway.close())

const json = { 'content-type': 'application/json' }
describe('problem documents', () => {
  test.each([
    ['an unknown address', 'GET', '/nowhere', 404, 'not_found'],
    ['an unknown address below a known one', 'GET', '/v1/workspaces/acme/nowhere', 404, 'not_found'],
    ['another method', 'PATCH', '/v1/tokens', 405, 'method_not_allowed'],
    ['a malformed path', 'GET', '/v1/workspaces/%E0%A4%A', 400, 'bad_request'],
    ['no token', 'GET', '/v1/me', 401, 'unauthenticated'],
  ])('%s', async (_, method, path, status, code) => {
    const response = await gateway.fetch(path, { method })
    expect(response.status).toBe(status)
    expect(await problemOf(response)).toMatchObject({
      type: 'about:blank',
      status,
      code,
      detail: expect.any(String),
    })
  })

  test('405 names the methods that there are, and OPTIONS answers the same', async () => {
    const allow = 'POST, GET, OPTIONS'
    expect(
      (await gateway.fetch('/v1/tokens', { method: 'PUT' })).headers.get('allow')?.split(', ').sort(),
    ).toEqual(['POST', 'GET', 'HEAD', 'OPTIONS'].sort())
    const options = await gateway.fetch('/v1/tokens', { method: 'OPTIONS' })
    expect(options.status).toBe(204)
    expect(options.headers.get('allow')).toContain(allow.split(', ')[0])
  })

  test('carry position, errors and Retry-After', async () => {
    gateway.query.failure = new TrailsealError('bad_query', 'A word was expected.', { position: 4 })
    const bad = await gateway.fetch('/v1/workspaces/acme/events?q=((', { token: ADMIN_TOKEN })
    expect(await problemOf(bad)).toMatchObject({
      status: 400,
      code: 'bad_query',
      position: 4,
      detail: 'A word was expected.',
    })

    const errors = [{ index: 3, path: '/actor', message: 'This field is required.' }]
    gateway.outcome = new TrailsealError('invalid_event', 'One event is not valid.', { errors })
    const post = { method: 'POST', headers: json, body: '{}', token: ADMIN_TOKEN }
    const invalid = await gateway.fetch('/v1/workspaces/acme/events', post)
    expect(await problemOf(invalid)).toMatchObject({ status: 422, errors })

    gateway.outcome = new TrailsealError('overloaded', 'Too much is waiting.', { retryAfterSeconds: 0.4 })
    const overloaded = await gateway.fetch('/v1/workspaces/acme/events', post)
    expect([overloaded.status, overloaded.headers.get('retry-after')]).toEqual([429, '1'])
  })

  test('a fault of ours says nothing but its request id, which the log explains', async () => {
    gateway.query.failure = new Error('SELECT secret_thing FROM token')
    const response = await gateway.fetch('/v1/workspaces/acme/events', { token: ADMIN_TOKEN })
    const problem = await problemOf(response)
    expect(problem).toMatchObject({
      status: 500,
      code: 'internal',
      request_id: response.headers.get('x-request-id'),
    })
    expect(JSON.stringify(problem)).not.toContain('secret_thing')
    expect(
      gateway.log.some(
        (line) => line.includes('secret_thing') && line.includes(String(problem['request_id'])),
      ),
    ).toBe(true)
  })

  test('what is not HTTP gets 400 and is cut', async () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.end('NOT HTTP\r\n\r\n')
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(text).toContain('application/problem+json')
  })
})

describe('query parameters are strict', () => {
  test.each([
    ['unknown', 'colour=red', '`colour`'],
    ['an inherited name', '__proto__=1', '`__proto__`'],
    ['a single one twice', 'limit=1&limit=2', '`limit`'],
    ['a hexadecimal number', 'limit=0x5', '`limit`'],
    ['a number out of range', 'limit=1001', '`limit`'],
    ['an unknown order', 'order=up', '`order`'],
    ['NUL', 'q=a%00b', 'NUL'],
    ['a lone surrogate', 'q=%ED%A0%80', 'percent-encoded UTF-8'],
    ['a malformed escape', 'q=%2', 'percent-encoded UTF-8'],
  ])('%s', async (_, query, named) => {
    const response = await gateway.fetch(`/v1/workspaces/acme/events?${query}`, { token: ADMIN_TOKEN })
    expect(await problemOf(response)).toMatchObject({
      status: 400,
      code: 'bad_request',
      detail: expect.stringContaining(named),
    })
    expect(gateway.query.asked).toEqual([])
  })

  test('filters repeat, numbers are numbers, empty ones are as good as none', async () => {
    const query = 'q=a+b&actor=u_1&actor=u_2&category=&limit=5&min_seq=7&order=asc&from=2026-01-01&cursor='
    await gateway.fetch(`/v1/workspaces/acme/events?${query}`, { token: ADMIN_TOKEN })
    expect(gateway.query.asked[0]).toMatchObject({ workspace: 'acme' })
    expect(gateway.query.asked[0]?.request).toEqual({
      ...{ q: 'a b', actor: ['u_1', 'u_2'], limit: 5, min_seq: 7, order: 'asc', from: '2026-01-01' },
    })
  })
})

describe('events in', () => {
  const post = (token: string, query = '', body: RequestInit['body'] = '{"a":1}') =>
    gateway.fetch(`/v1/workspaces/acme/events${query}`, {
      method: 'POST',
      headers: json,
      body: body ?? null,
      token,
    })

  test('201 with receipts in the form of the contract, and proofs when asked for', async () => {
    gateway.outcome = {
      events: [
        { id: 'e_1', seq: 4, leafHash: new Uint8Array(32) },
        { id: null, skipped: 'plan' },
      ],
      checkpoint: 'note',
    }
    const token = await gateway.token({ role: 'ingest', workspace: 'acme' })
    const response = await post(token, '?proofs=true')
    expect(response.status).toBe(201)
    const leafHash = Buffer.alloc(32).toString('base64')
    expect(await response.json()).toEqual({
      events: [
        { id: 'e_1', seq: 4, leaf_hash: leafHash, proof: 'proof of 4\n' },
        { id: null, skipped: 'plan' },
      ],
      checkpoint: 'note',
    })
    expect(gateway.appended).toEqual([{ workspace: 'acme', submitted: [{ a: 1 }] }])
  })

  test.each(['owner', 'member', 'auditor'] as const)('%s may not append', async (role) => {
    const token = await gateway.token({ role, workspace: 'acme', member: { id: 'u_1' } })
    expect(await problemOf(await post(token))).toMatchObject({ status: 403, code: 'forbidden' })
    expect(gateway.appended).toEqual([])
  })

  test('an ingest token of another workspace does not learn that this one exists', async () => {
    const token = await gateway.token({ role: 'ingest', workspace: 'other' })
    expect(await problemOf(await post(token))).toMatchObject({ status: 404 })
  })

  test('a workspace that nobody created is 404 with advice', async () => {
    const token = await gateway.token({ role: 'ingest' })
    const response = await gateway.fetch('/v1/workspaces/newcomer/events', {
      method: 'POST',
      headers: json,
      body: '{}',
      token,
    })
    expect(await problemOf(response)).toMatchObject({
      status: 404,
      detail: expect.stringContaining('trailseal workspace set newcomer'),
    })
  })

  test('a gzip bomb is refused, and the connection lives on', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))
    const response = await gateway.fetch('/v1/workspaces/acme/events', {
      ...{ method: 'POST', token: ADMIN_TOKEN, body: bomb },
      headers: { ...json, 'content-encoding': 'gzip' },
    })
    expect(await problemOf(response)).toMatchObject({ status: 413 })
    expect(gateway.appended).toEqual([])
  })

  test('a body over the limit is refused while it is sent, and the answer arrives', async () => {
    const response = await post(ADMIN_TOKEN, '', `[${`{"a":"${'x'.repeat(60_000)}"},`.repeat(600)}1]`)
    expect(await problemOf(response)).toMatchObject({ status: 413, code: 'body_too_large' })
    expect((await gateway.fetch('/healthz')).status).toBe(200)
  })
})

describe('the log', () => {
  test('tiles: full hash tiles are immutable, partial ones and entries are not kept', async () => {
    const tile = (path: string) =>
      gateway.fetch(`/v1/workspaces/acme/log/tile/${path}`, { token: ADMIN_TOKEN })
    const full = await tile('0/x001/067')
    expect(Buffer.from(await full.arrayBuffer())).toEqual(Buffer.of(1, 2, 3))
    expect(full.headers.get('content-type')).toBe('application/octet-stream')
    expect(full.headers.get('cache-control')).toContain('immutable')
    expect((await tile('0/067.p/3')).headers.get('cache-control')).toBe('no-store')
    expect((await tile('entries/067')).headers.get('cache-control')).toBe('no-store')
    expect(gateway.query.asked.map(({ request }) => request)).toEqual([
      'tile/0/x001/067',
      'tile/0/067.p/3',
      'tile/entries/067',
    ])
  })

  test('an event id may hold any character', async () => {
    await gateway.fetch('/v1/workspaces/acme/events/a%2Fb%20%C3%BC', { token: ADMIN_TOKEN })
    expect(gateway.query.asked[0]?.request).toBe('a/b ü')
  })
})

describe('operation', () => {
  test('readyz says which check fails', async () => {
    expect((await gateway.fetch('/readyz')).status).toBe(200)
    gateway.checks.push({ name: 'archive', ok: false, message: 'The disk is full.' })
    const response = await gateway.fetch('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      ready: false,
      checks: [
        { name: 'store', ok: true },
        { name: 'archive', ok: false },
      ],
    })
  })

  test('metrics count requests by route pattern', async () => {
    await gateway.fetch('/v1/workspaces/acme', { token: ADMIN_TOKEN })
    const text = await (await gateway.fetch('/metrics')).text()
    expect(text).toContain(
      'trailseal_http_request_duration_seconds_count{method="GET",route="/v1/workspaces/{workspace}",status="200"} 1',
    )
    expect(text).toContain('trailseal_queue_bytes 42')
  })

  test('the OpenAPI document has every route, and every reference in it resolves', async () => {
    const text = await (await gateway.fetch('/openapi.json')).text()
    const document = JSON.parse(text) as { paths: Record<string, object>; components: { schemas: object } }
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/v1/workspaces/{workspace}/log/tile/{tile}', '/v1/tokens', '/metrics']),
    )
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      expect(Object.keys(document.components.schemas)).toContain(name)
    expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBeNull()
    const docs = await (await gateway.fetch('/docs')).text()
    for (const path of Object.keys(document.paths)) expect(docs).toContain(path)
  })

  test('pages have a strict policy, no script, and escape what they show', async () => {
    const token = await gateway.token({
      role: 'owner',
      workspace: 'acme',
      member: { id: 'u_1', name: '<script>alert(1)</script>' },
    })
    const response = await gateway.fetch('/', { token })
    const page = await response.text()
    expect(page).toContain('&lt;script&gt;')
    expect(page).not.toContain('<script')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(response.headers.get('content-security-policy')).not.toContain('unsafe')
  })

  // The last one: it closes the server.
  test('closing lets a running request end, and no new one begin', async () => {
    gateway.duringAppend = () => void gateway.server.close()
    const init = { method: 'POST', headers: json, body: '{}', token: ADMIN_TOKEN }
    expect((await gateway.fetch('/v1/workspaces/acme/events', init)).status).toBe(201)
    await expect(gateway.fetch('/healthz')).rejects.toThrow('fetch failed')
  })
})
