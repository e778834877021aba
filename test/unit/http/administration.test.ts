import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { ADMIN_TOKEN, openGateway, problemOf, type Gateway } from './gateway.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await openGateway()
})
beforeEach(() => gateway.reset())
afterAll(() => gateway.close())

const json = { 'content-type': 'application/json' }

describe('small JSON bodies', () => {
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) =>
    gateway.fetch('/v1/tokens', { method: 'POST', headers, body, token: ADMIN_TOKEN })

  test.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>, number, string]>([
    [
      'another media type',
      '{"role":"ingest"}',
      { 'content-type': 'text/plain' },
      415,
      'unsupported_media_type',
    ],
    ['a content encoding', '{}', { ...json, 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
    ['more than 64 KiB', `{"role":"${'x'.repeat(200_000)}"}`, json, 413, 'body_too_large'],
    ['half a document', '{"role":', json, 400, 'bad_json'],
    ['what is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), json, 400, 'bad_json'],
    ['an array', '[]', json, 400, 'bad_request'],
    ['null', 'null', json, 400, 'bad_request'],
    ['an unknown field', '{"role":"ingest","colour":1}', json, 400, 'bad_request'],
    ['__proto__', '{"role":"ingest","__proto__":{"workspace":"acme"}}', json, 400, 'bad_request'],
    [
      'a lone surrogate',
      '{"role":"auditor","workspace":"acme","scope":{"q":"\\ud800"}}',
      json,
      400,
      'bad_request',
    ],
  ])('%s', async (_, body, headers, status, code) => {
    expect(await problemOf(await post(body, headers))).toMatchObject({ status, code })
  })

  test('a new token is shown once', async () => {
    const made = await post('{"role":"ingest","workspace":"acme","ttl_seconds":60}')
    expect(made.status).toBe(201)
    expect(made.headers.get('cache-control')).toBe('no-store')
    const { id, token } = (await made.json()) as { id: string; token: string }
    const listed = await (await gateway.fetch('/v1/tokens?workspace=acme', { token: ADMIN_TOKEN })).text()
    expect(listed).toContain(id)
    expect(listed).not.toContain(token)
  })
})

describe('who am I', () => {
  test('an owner sees its one workspace and its plan', async () => {
    const token = await gateway.token({ role: 'owner', workspace: 'acme', member: { id: 'u_1' } })
    expect(await (await gateway.fetch('/v1/me', { token })).json()).toMatchObject({
      ...{ role: 'owner', member: { id: 'u_1' }, scope: null },
      workspaces: [{ id: 'acme', plan: 'command', dashboard: 'members', created_at: expect.any(String) }],
      plan: { name: 'command', online_days: 365 },
    })
  })

  test('own events are those of the active workspace; an admin has to name one', async () => {
    const token = await gateway.token({ role: 'member', workspace: 'acme', member: { id: 'u_1' } })
    await gateway.fetch('/v1/me/events?limit=3', { token })
    expect(gateway.query.asked[0]).toMatchObject({ workspace: 'acme', request: { limit: 3 } })
    expect((await gateway.fetch('/v1/me/events', { token: ADMIN_TOKEN })).status).toBe(400)
  })
})
