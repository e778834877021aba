import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Sqlite } from '../../../src/drivers/sqlite/sqlite.ts'
import { TrailsealError } from '../../../src/errors.ts'
import { readPlans } from '../../../src/workspaces/plans.ts'
import {
  SqliteWorkspaceStore,
  workspaceModule,
} from '../../../src/workspaces/sqlite/sqlite-workspace-store.ts'
import { tokenRequestSchema, type TokenRequest } from '../../../src/workspaces/token-rules.ts'
import type { Principal } from '../../../src/workspaces/workspace-store.ts'
import { OPERATOR, Workspaces, type AdministrativeEvent } from '../../../src/workspaces/workspaces.ts'

const ADMIN: Principal = { ...OPERATOR, tokenId: 'tok_admin' }
const owner = (workspace: string): Principal => ({ ...ADMIN, tokenId: 'tok_owner', role: 'owner', workspace })
const as = (role: Principal['role']): Principal => ({
  ...owner('acme'),
  role,
  member: { id: 'u_1', email: 'a@example.com' },
})

const clock = { time: 0, now: () => clock.time }
const recorded: { workspace: string; event: AdministrativeEvent }[] = []
let recordFailure: Error | null = null
let folder: string
let sqlite: Sqlite
let store: SqliteWorkspaceStore
let workspaces: Workspaces

async function open(): Promise<Workspaces> {
  return new Workspaces({
    ...{ store, clock, plans: await readPlans(null) },
    parseQuery: (text) => {
      if (text.includes('((')) throw new TrailsealError('bad_query', 'A word was expected.', { position: 1 })
    },
    record: (workspace, event) => {
      if (recordFailure) return Promise.reject(recordFailure)
      recorded.push({ workspace, event })
      return Promise.resolve()
    },
  })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trailseal-workspaces-'))
  sqlite = await Sqlite.open({ file: join(folder, 'trailseal.sqlite'), modules: [workspaceModule] })
  store = new SqliteWorkspaceStore(sqlite)
})
afterAll(async () => {
  await sqlite[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  clock.time = Date.parse('2026-11-23T12:00:00.000Z')
  recordFailure = null
  workspaces = await open()
  for (const id of ['acme', 'other'])
    await workspaces.putWorkspace(ADMIN, id, { name: id, plan: 'command', dashboard: 'members' })
  recorded.length = 0
})

const code = (expected: string) => expect.objectContaining({ code: expected })

describe('tokens', () => {
  test('a token lets in whom it was made for, and its text is nowhere in the store or the log', async () => {
    const scope = { q: 'category:evidence', from: '2026-01-01' }
    const made = await workspaces.createToken(owner('acme'), { role: 'auditor', scope, ttl_seconds: 60 })
    expect(made).toEqual({
      id: expect.stringMatching(/^tok_/),
      token: expect.stringMatching(/^ts_[A-Za-z0-9_-]{43}$/),
      expires_at: '2026-11-23T12:01:00.000Z',
    })
    const auditor = { tokenId: made.id, role: 'auditor', workspace: 'acme', member: null, scope }
    expect(await workspaces.authenticate(made.token)).toEqual(auditor)
    expect(JSON.stringify([recorded, await store.tokens(null)])).not.toContain(made.token)
    expect(recorded).toEqual([
      {
        workspace: 'acme',
        event: {
          actor: { type: 'api_token', id: 'tok_owner', role: 'owner' },
          action: 'token.created',
          resource: { type: 'TOKEN', id: made.id },
          after: { role: 'auditor', expires_at: '2026-11-23T12:01:00.000Z', scope },
        },
      },
    ])
  })

  test.each<[string, Principal, TokenRequest, string]>([
    ['an owner: an admin token', owner('acme'), { role: 'admin' }, 'forbidden'],
    [
      'an owner: one of another workspace',
      owner('acme'),
      { role: 'member', workspace: 'other', member: { id: 'x' } },
      'not_found',
    ],
    [
      'an owner: one of a workspace that is not',
      owner('acme'),
      { role: 'owner', workspace: 'nowhere' },
      'not_found',
    ],
    ['a member', as('member'), { role: 'member', member: { id: 'x' } }, 'forbidden'],
    ['an auditor', as('auditor'), { role: 'auditor' }, 'forbidden'],
    ['an ingest token', as('ingest'), { role: 'ingest' }, 'forbidden'],
    ['an admin: an owner of nothing', ADMIN, { role: 'owner' }, 'bad_request'],
    ['an admin: an admin of one workspace', ADMIN, { role: 'admin', workspace: 'acme' }, 'bad_request'],
    ['an admin: for a workspace that is not', ADMIN, { role: 'owner', workspace: 'nowhere' }, 'not_found'],
    ['a member token without member', ADMIN, { role: 'member', workspace: 'acme' }, 'bad_request'],
    [
      'a scope for another role',
      ADMIN,
      { role: 'owner', workspace: 'acme', scope: { q: 'a' } },
      'bad_request',
    ],
    [
      'a scope that does not parse',
      ADMIN,
      { role: 'auditor', workspace: 'acme', scope: { q: '((' } },
      'bad_query',
    ],
    [
      'a scope that ends before it begins',
      ADMIN,
      { role: 'auditor', workspace: 'acme', scope: { from: '2026-02-01', to: '2026-01-01' } },
      'bad_request',
    ],
  ])('%s is refused', async (_, by, request, expected) => {
    await expect(workspaces.createToken(by, request)).rejects.toEqual(code(expected))
    expect(recorded).toEqual([])
  })

  test.each([
    { role: 'root' },
    { role: 'ingest', ttl_seconds: 0 },
    { role: 'ingest', ttl_seconds: 1.5 },
    { role: 'ingest', workspace: '../x' },
    { role: 'ingest', colour: 'red' },
    { role: 'member', member: { id: 'a\u0000b' } },
    { role: 'auditor', scope: { from: 'yesterday' } },
  ])('%j is not a request for a token', (request) => {
    expect(tokenRequestSchema.safeParse(request).success).toBe(false)
  })

  test('no token is made that its log does not know of', async () => {
    const before = await store.tokens(null)
    recordFailure = new TrailsealError('store_unavailable', 'The store is full.')
    await expect(workspaces.createToken(ADMIN, { role: 'ingest', workspace: 'acme' })).rejects.toEqual(
      code('store_unavailable'),
    )
    expect(await store.tokens(null)).toEqual(before)
  })

  test('expiry counts to the millisecond, although tokens are remembered', async () => {
    const { token } = await workspaces.createToken(ADMIN, { role: 'ingest', ttl_seconds: 1 })
    clock.time += 999
    await workspaces.authenticate(token)
    clock.time += 1
    await expect(workspaces.authenticate(token)).rejects.toEqual(code('unauthenticated'))
  })

  test('a revocation counts at once here, and within a second in another process', async () => {
    const elsewhere = await open()
    const { id, token } = await workspaces.createToken(ADMIN, { role: 'ingest', workspace: 'acme' })
    await elsewhere.authenticate(token)
    clock.time += 500
    await workspaces.revokeToken(owner('acme'), id)
    await expect(workspaces.authenticate(token)).rejects.toEqual(code('unauthenticated'))
    await expect(workspaces.principal(id)).rejects.toEqual(code('unauthenticated'))
    clock.time += 500
    await expect(elsewhere.authenticate(token)).rejects.toEqual(code('unauthenticated'))
    expect(recorded.map(({ event }) => event.action)).toEqual(['token.created', 'token.revoked'])
    await workspaces.revokeToken(ADMIN, id)
    expect(recorded).toHaveLength(2)
  })

  test('an owner neither sees nor revokes tokens of others', async () => {
    const { id } = await workspaces.createToken(ADMIN, { role: 'ingest', workspace: 'other' })
    const wide = await workspaces.createToken(ADMIN, { role: 'ingest' })
    for (const each of [id, wide.id, 'tok_unknown'])
      await expect(workspaces.revokeToken(owner('acme'), each)).rejects.toEqual(code('not_found'))
    await expect(workspaces.listTokens(owner('acme'), 'other')).rejects.toEqual(code('not_found'))
    const listed = await workspaces.listTokens(owner('acme'), null)
    expect(new Set(listed.map(({ workspace }) => workspace))).toEqual(new Set(['acme']))
    expect(listed[0]).not.toHaveProperty('hash')
    await expect(workspaces.listTokens(as('member'), null)).rejects.toEqual(code('forbidden'))
  })
})

describe('the admin token', () => {
  test('is made once, unless one is given; a given one replaces the given one before', async () => {
    for (const { tokenId } of await store.tokens(null))
      await store.revokeToken(tokenId, '2026-01-01T00:00:00.000Z')
    const first = await workspaces.ensureAdminToken(null)
    expect(first).toMatch(/^ts_/)
    expect(await workspaces.ensureAdminToken(null)).toBeNull()
    expect(await workspaces.authenticate(first!)).toMatchObject({ role: 'admin', workspace: null })

    expect(await workspaces.ensureAdminToken('given-by-the-environment')).toBeNull()
    expect(await workspaces.ensureAdminToken('given-by-the-environment')).toBeNull()
    await workspaces.authenticate('given-by-the-environment')
    await workspaces.ensureAdminToken('given-by-the-environment-later')
    await expect(workspaces.authenticate('given-by-the-environment')).rejects.toEqual(code('unauthenticated'))
    await expect(workspaces.ensureAdminToken('given-by-the-environment')).rejects.toEqual(
      code('bad_configuration'),
    )
  })
})

describe('workspaces', () => {
  test('each change is one event of its own log, a repetition none', async () => {
    const put = (request: object) => workspaces.putWorkspace(ADMIN, 'fresh', request as { name: string })
    expect(await put({ name: 'Fresh', plan: 'starter' })).toMatchObject({ created: true })
    expect(await put({ name: 'Fresh', plan: 'starter' })).toMatchObject({ created: false })
    await put({ name: 'Fresh', plan: 'strategic', dashboard: 'owners' })
    expect(
      recorded.map(({ workspace, event }) => [workspace, event.action, event.before, event.after]),
    ).toEqual([
      ['fresh', 'workspace.created', undefined, { name: 'Fresh', plan: 'starter', dashboard: 'members' }],
      ['fresh', 'workspace.plan_changed', { plan: 'starter' }, { plan: 'strategic' }],
      [
        'fresh',
        'workspace.updated',
        { name: 'Fresh', dashboard: 'members' },
        { name: 'Fresh', dashboard: 'owners' },
      ],
    ])
    expect((await workspaces.lookup('fresh')).plan.online_days).toBe(730)
  })

  test.each<[string, Principal, string, { name: string; plan?: string }, string]>([
    ['an unknown plan', ADMIN, 'acme', { name: 'A', plan: 'gold' }, 'bad_request'],
    ['a new one without plan', ADMIN, 'fresh-2', { name: 'A' }, 'bad_request'],
    ['an id that is none', ADMIN, '../etc', { name: 'A', plan: 'starter' }, 'bad_request'],
    ['an owner, another plan', owner('acme'), 'acme', { name: 'A', plan: 'strategic' }, 'forbidden'],
    ["an owner, another's workspace", owner('acme'), 'other', { name: 'A' }, 'not_found'],
    ['an owner, a new workspace', owner('acme'), 'fresh-2', { name: 'A', plan: 'starter' }, 'not_found'],
    ['a member', as('member'), 'acme', { name: 'A' }, 'forbidden'],
    ['an auditor', as('auditor'), 'acme', { name: 'A' }, 'forbidden'],
  ])('%s is refused', async (_, by, id, request, expected) => {
    await expect(workspaces.putWorkspace(by, id, request)).rejects.toEqual(code(expected))
    expect(recorded).toEqual([])
  })

  test('an owner changes the name', async () => {
    const { workspace } = await workspaces.putWorkspace(owner('acme'), 'acme', { name: 'Acme Ltd' })
    expect(workspace).toMatchObject({ name: 'Acme Ltd', plan: 'command' })
  })

  test('everybody but admins knows of their own workspace only', async () => {
    expect((await workspaces.list(owner('acme'))).map(({ id }) => id)).toEqual(['acme'])
    expect((await workspaces.list(ADMIN)).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['acme', 'other']),
    )
    expect(await workspaces.list({ ...ADMIN, role: 'ingest' })).toEqual([])
    await expect(workspaces.show(as('member'), 'other')).rejects.toEqual(code('not_found'))
  })

  test('a plan that left the plans file stops the start', async () => {
    await store.putWorkspace({
      id: 'old',
      name: 'Old',
      plan: 'bronze',
      dashboard: 'members',
      createdAt: '2026-01-01T00:00:00.000Z',
    })
    await expect(workspaces.checkPlans()).rejects.toEqual(
      expect.objectContaining({
        code: 'bad_configuration',
        message: expect.stringContaining('workspace old'),
      }),
    )
  })
})
