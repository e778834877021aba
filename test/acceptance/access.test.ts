import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ACME, codeOf, event, JSON_HEADERS, Tenants, type Role } from '../support/tenants.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Who may call what (contract §3), tried over HTTP with real tokens. */

type Statuses = Readonly<Record<Role, number>>

const directory = temporaryDirectory()
let tenants: Tenants

beforeAll(async () => {
  tenants = await Tenants.start(directory.path)
})

afterAll(async () => {
  await tenants[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

const ALL = { admin: 200, owner: 200, member: 200, auditor: 200, ingest: 200 }
const READERS = { ...ALL, ingest: 403 }
const NOTHING_THERE = { admin: 404, owner: 404, member: 404, auditor: 404, ingest: 403 }
/** Home is for whoever stands for a member. */
const OWN = { admin: 403, owner: 200, member: 200, auditor: 403, ingest: 403 }
const KEEPERS = { admin: 200, owner: 200, member: 403, auditor: 403, ingest: 403 }

interface Call {
  readonly path: string
  readonly statuses: Statuses
  readonly body?: unknown
}

/** Every route that asks for a token, called once by each role. A new route fails the test below until it is here. */
const CALLS: Readonly<Record<string, Call>> = {
  'post /v1/workspaces/{workspace}/events': {
    path: `${ACME}/events`,
    body: event('u_1', 'f_new', { id: 'posted' }),
    statuses: { admin: 201, owner: 403, member: 403, auditor: 403, ingest: 201 },
  },
  'get /v1/workspaces/{workspace}/events': { path: `${ACME}/events`, statuses: READERS },
  'get /v1/me/events': {
    path: '/v1/me/events?workspace=acme',
    statuses: OWN,
  },
  'get /v1/workspaces/{workspace}/events/{id}': { path: `${ACME}/events/one-0`, statuses: READERS },
  'get /v1/workspaces/{workspace}/events/{id}/proof': {
    path: `${ACME}/events/one-0/proof`,
    statuses: READERS,
  },
  'get /v1/workspaces/{workspace}/resources/{type}/{id}/history': {
    path: `${ACME}/resources/FILE/f_shared/history`,
    statuses: READERS,
  },
  'get /v1/workspaces/{workspace}/facets': { path: `${ACME}/facets?field=actor`, statuses: READERS },
  'get /v1/workspaces/{workspace}/histogram': { path: `${ACME}/histogram`, statuses: READERS },
  'get /v1/workspaces/{workspace}/stream': { path: `${ACME}/stream`, statuses: READERS },
  'get /v1/me/facets': { path: '/v1/me/facets?workspace=acme&field=action', statuses: OWN },
  'get /v1/me/histogram': { path: '/v1/me/histogram?workspace=acme', statuses: OWN },
  'get /v1/me/stream': { path: '/v1/me/stream?workspace=acme', statuses: OWN },
  'get /v1/workspaces/{workspace}/integrity': { path: `${ACME}/integrity`, statuses: READERS },
  'get /v1/workspaces/{workspace}/log/checkpoint': { path: `${ACME}/log/checkpoint`, statuses: READERS },
  'get /v1/workspaces/{workspace}/log/vkey': { path: `${ACME}/log/vkey`, statuses: READERS },
  'get /v1/workspaces/{workspace}/log/tile/{tile}': {
    path: `${ACME}/log/tile/entries/000.p/2`,
    statuses: KEEPERS,
  },
  'post /v1/workspaces/{workspace}/exports': {
    path: `${ACME}/exports`,
    body: { format: 'ndjson' },
    statuses: { admin: 202, owner: 202, member: 202, auditor: 202, ingest: 403 },
  },
  'get /v1/workspaces/{workspace}/exports': { path: `${ACME}/exports`, statuses: READERS },
  'get /v1/workspaces/{workspace}/exports/{id}': { path: `${ACME}/exports/nobody`, statuses: NOTHING_THERE },
  'get /v1/workspaces/{workspace}/exports/{id}/download': {
    path: `${ACME}/exports/nobody/download`,
    statuses: NOTHING_THERE,
  },
  'get /v1/workspaces/{workspace}/exports/{id}/manifest': {
    path: `${ACME}/exports/nobody/manifest`,
    statuses: NOTHING_THERE,
  },
  'get /v1/workspaces/{workspace}/exports/{id}/proof': {
    path: `${ACME}/exports/nobody/proof`,
    statuses: NOTHING_THERE,
  },
  'delete /v1/workspaces/{workspace}/exports/{id}': {
    path: `${ACME}/exports/nobody`,
    statuses: NOTHING_THERE,
  },
  'post /v1/workspaces/{workspace}/archive-requests': {
    path: `${ACME}/archive-requests`,
    body: { from: '2026-01-01', to: '2026-12-31', reason: 'Yearly review' },
    statuses: { ...KEEPERS, admin: 202, owner: 202 },
  },
  'get /v1/workspaces/{workspace}/archive-requests': { path: `${ACME}/archive-requests`, statuses: KEEPERS },
  'post /v1/workspaces/{workspace}/archive-requests/{id}/fulfil': {
    path: `${ACME}/archive-requests/arc_nobody/fulfil`,
    statuses: { ...KEEPERS, admin: 404, owner: 404 },
  },
  // The log has events of its own, so there is no sample data for it, whoever asks.
  'post /v1/workspaces/{workspace}/sample-data': {
    path: `${ACME}/sample-data`,
    statuses: { admin: 403, owner: 403, member: 403, auditor: 403, ingest: 403 },
  },
  'post /v1/verifications': {
    path: '/v1/verifications',
    statuses: { admin: 200, owner: 403, member: 403, auditor: 403, ingest: 403 },
  },
  'get /v1/me': { path: '/v1/me', statuses: ALL },
  'get /v1/plans': { path: '/v1/plans', statuses: ALL },
  'get /v1/workspaces': { path: '/v1/workspaces', statuses: ALL },
  'get /v1/workspaces/{workspace}': { path: ACME, statuses: ALL },
  'put /v1/workspaces/{workspace}': { path: ACME, body: { name: 'Acme' }, statuses: KEEPERS },
  'post /v1/tokens': {
    path: '/v1/tokens',
    body: { role: 'ingest', workspace: 'acme' },
    statuses: { ...KEEPERS, admin: 201, owner: 201 },
  },
  'get /v1/tokens': { path: '/v1/tokens', statuses: KEEPERS },
  'delete /v1/tokens/{id}': {
    path: '/v1/tokens/tok_nobody',
    statuses: { ...KEEPERS, admin: 404, owner: 404 },
  },
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { security: readonly unknown[] }>>>>
}

async function call(route: string, { path, body }: Call, token: string | null): Promise<Response> {
  const method = route.slice(0, route.indexOf(' ')).toUpperCase()
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` }
  const aborted = new AbortController()
  const response = await fetch(new URL(path, tenants.gateway.url), {
    method,
    signal: aborted.signal,
    headers: { ...authorization, ...(body === undefined ? {} : JSON_HEADERS) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  // A stream has no end of its own.
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) aborted.abort()
  return response
}

describe('routes', () => {
  test('the table below knows every route that asks for a token', async () => {
    const { paths } = await tenants.get<OpenApi>('/openapi.json', tenants.tokens.admin)
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { security }]) => security.length > 0)
        .map(([method]) => `${method} ${path}`),
    )
    expect(Object.keys(CALLS).sort()).toEqual(routes.sort())
  })

  test.each(Object.entries(CALLS))('%s', async (route, each) => {
    const statuses: Record<string, number> = {}
    for (const role of Object.keys(each.statuses) as Role[])
      statuses[role] = (await call(route, each, tenants.tokens[role])).status
    expect(statuses).toEqual(each.statuses)
  })

  test.each(Object.entries(CALLS))('%s: nobody without a valid token', async (route, each) => {
    for (const token of [null, 'ts_nobody', 'x'.repeat(600), `${tenants.tokens.admin}x`]) {
      const response = await call(route, each, token)
      expect(await codeOf(response)).toBe('401 unauthenticated')
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
    }
  })

  test.each(Object.entries(CALLS).filter(([route]) => route.includes('{workspace}')))(
    '%s: another workspace is not found, whatever the role',
    async (route, each) => {
      for (const token of Object.values(tenants.foreign))
        expect(await codeOf(await call(route, each, token))).toBe('404 not_found')
      const nowhere = { ...each, path: each.path.replace('/acme', '/nowhere') }
      for (const token of Object.values(tenants.foreign))
        expect(await codeOf(await call(route, nowhere, token))).toBe('404 not_found')
    },
  )

  test('Home, tokens and the list of workspaces show no other workspace', async () => {
    expect(
      await codeOf(
        await tenants.gateway.fetch('/v1/me/events?workspace=acme', { token: tenants.foreign.member }),
      ),
    ).toBe('404 not_found')
    for (const token of Object.values(tenants.foreign)) {
      const { workspaces } = await tenants.get<{ workspaces: { id: string }[] }>('/v1/workspaces', token)
      expect(workspaces.map(({ id }) => id)).toEqual(['beta'])
    }
    const own = await tenants.get<{ tokens: { id: string; workspace: string }[] }>(
      '/v1/tokens',
      tenants.foreign.owner,
    )
    expect(new Set(own.tokens.map(({ workspace }) => workspace))).toEqual(new Set(['beta']))
    const acme = await tenants.get<{ tokens: { id: string }[] }>(
      '/v1/tokens?workspace=acme',
      tenants.tokens.admin,
    )
    for (const { id } of acme.tokens) {
      const response = await tenants.gateway.fetch(`/v1/tokens/${id}`, {
        method: 'DELETE',
        token: tenants.foreign.owner,
      })
      expect(await codeOf(response)).toBe('404 not_found')
    }
  })

  test('an owner makes no admin, no token for others, no plan of its own, and no scope that nobody checks', async () => {
    const make = async (request: object) =>
      await codeOf(await tenants.send('POST', '/v1/tokens', request, tenants.tokens.owner))
    expect(await make({ role: 'admin' })).toBe('403 forbidden')
    expect(await make({ role: 'owner', workspace: 'beta' })).toBe('404 not_found')
    expect(await make({ role: 'owner', workspace: 'acme', scope: { q: 'x' } })).toBe('400 bad_request')
    expect(await make({ role: 'auditor', scope: { q: 'a OR' } })).toBe('400 bad_query')
    expect(await make({ role: 'member' })).toBe('400 bad_request')
    const plan = await tenants.send('PUT', ACME, { name: 'Acme', plan: 'strategic' }, tenants.tokens.owner)
    expect(await codeOf(plan)).toBe('403 forbidden')
  })
})

test('Basic and ApiKey carry a token as well as Bearer does', async () => {
  const basic = Buffer.from(`anybody:${tenants.tokens.owner}`).toString('base64')
  const headers = [`Basic ${basic}`, `ApiKey ${tenants.tokens.owner}`, `bearer ${tenants.tokens.owner}`]
  for (const authorization of headers)
    expect((await fetch(new URL('/v1/me', tenants.gateway.url), { headers: { authorization } })).status).toBe(
      200,
    )
  for (const authorization of [
    'Basic',
    'Digest x',
    tenants.tokens.owner,
    'Bearer',
    `Bearer ${tenants.tokens.owner} x`,
  ])
    expect((await fetch(new URL('/v1/me', tenants.gateway.url), { headers: { authorization } })).status).toBe(
      401,
    )
})
