import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { afterBusinessDays, type ShownArchiveRequest } from '../../../src/export/archive-requests.ts'
import type { ListedEvent } from '../../../src/query/query-facade.ts'
import { RealGateway } from '../../support/real-gateway.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const ASKED = { from: '2026-11-01', to: '2026-11-02', reason: 'Yearly review by the notified body' }

test.each([
  ['2026-11-23T10:00:00.000Z', '2026-11-30T10:00:00.000Z'],
  ['2026-11-27T10:00:00.000Z', '2026-12-04T10:00:00.000Z'],
  ['2026-11-28T23:59:00.000Z', '2026-12-04T23:59:00.000Z'],
  ['2026-11-29T00:00:00.000Z', '2026-12-04T00:00:00.000Z'],
])('five business days after %s is %s', (from, to) => {
  expect(new Date(afterBusinessDays(Date.parse(from), 5)).toISOString()).toBe(to)
})

describe('archive requests through HTTP on the real store', () => {
  const directory = temporaryDirectory()
  let gateway: RealGateway
  const tokens: Record<string, string> = {}
  beforeAll(async () => {
    gateway = await RealGateway.open(directory.path)
    for (const [workspace, plan] of [
      ['extended', 'command'],
      ['on-request', 'portfolio'],
      ['none', 'starter'],
    ] as const) {
      await gateway.trailseal.administration.setWorkspace(workspace, { plan })
      const member = { id: 'u_ada', name: 'Ada' }
      tokens[workspace] = (await gateway.token({ role: 'owner', workspace, member })).token
      await gateway.append(
        workspace,
        [1, 2, 3].map((day) => ({
          timestamp: `2026-11-0${day}T12:00:00.000Z`,
          actor: { type: 'user', id: 'u_ada' },
          action: 'evidence.uploaded',
          resource: { type: 'FILE', id: `f_${day}` },
        })),
      )
    }
    tokens['admin'] = (await gateway.token({ role: 'admin' })).token
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })

  const path = (workspace: string) => `/v1/workspaces/${workspace}/archive-requests`
  const token = (name: string): string => tokens[name] ?? ''
  const ask = async (workspace: string, body: object = ASKED): Promise<Response> =>
    await gateway.fetch(token(workspace), path(workspace), { method: 'POST', body: JSON.stringify(body) })
  const list = async (workspace: string): Promise<readonly ShownArchiveRequest[]> =>
    (await gateway.json<{ archive_requests: ShownArchiveRequest[] }>(token(workspace), path(workspace)))
      .archive_requests
  const recorded = async (workspace: string): Promise<readonly ListedEvent[]> => {
    const events = `/v1/workspaces/${workspace}/events?q=resource.type:ARCHIVE_REQUEST&order=asc`
    return (await gateway.json<{ events: ListedEvent[] }>(token(workspace), events)).events
  }

  test('an extended archive answers at once, with a file that holds the range and nothing else', async () => {
    const response = await ask('extended')
    expect(response.status).toBe(202)
    const taken = (await response.json()) as ShownArchiveRequest
    const id = taken.export ?? ''
    await gateway.ended(token('extended'), { workspace: 'extended', id } as never)
    expect(await list('extended')).toMatchObject([
      { ...ASKED, id: taken.id, status: 'done', export: id, requested_by: { role: 'owner', name: 'Ada' } },
    ])
    const file = await gateway.download(token('extended'), { workspace: 'extended', id } as never)
    const ids = file
      .toString()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as ListedEvent).resource.id)
    expect(ids).toEqual(['f_1', 'f_2'])
    expect((await recorded('extended')).map(({ action, justification }) => [action, justification])).toEqual([
      ['audit.archive_requested', ASKED.reason],
      ['audit.archive_fulfilled', undefined],
    ])
  })

  test('an archive on request waits for the operator, who fulfils it once', async () => {
    const taken = (await (await ask('on-request')).json()) as ShownArchiveRequest
    expect(taken).toMatchObject({ status: 'open', export: null, fulfilled_at: null })
    expect(Date.parse(taken.due_at)).toBe(afterBusinessDays(Date.parse(taken.requested_at), 5))

    const fulfil = `${path('on-request')}/${taken.id}/fulfil`
    const refused = await gateway.fetch(token('on-request'), fulfil, { method: 'POST' })
    expect(refused.status).toBe(403)
    const first = await gateway.json<ShownArchiveRequest>(token('admin'), fulfil, { method: 'POST' })
    await gateway.ended(token('on-request'), { workspace: 'on-request', id: first.export } as never)
    const again = await gateway.json<ShownArchiveRequest>(token('admin'), fulfil, { method: 'POST' })
    expect(again.export).toBe(first.export)
    expect(await list('on-request')).toMatchObject([{ id: taken.id, status: 'done' }])
    expect((await recorded('on-request')).map(({ action }) => action)).toEqual([
      'audit.archive_requested',
      'audit.archive_fulfilled',
    ])
  })

  test('a plan without archive says that it takes another one', async () => {
    const response = await ask('none')
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'plan_required' })
  })

  test('a request that an ingest client forges in the log is not in the list', async () => {
    const before = await list('extended')
    await gateway.append('extended', [
      {
        actor: { type: 'user', id: 'u_mallory' },
        action: 'audit.archive_requested',
        resource: { type: 'ARCHIVE_REQUEST', id: 'arc_forged' },
      },
    ])
    expect(await list('extended')).toEqual(before)
  })

  test('a range that ends before it begins, no reason and no date are refused', async () => {
    for (const body of [
      { ...ASKED, to: '2026-10-01' },
      { ...ASKED, from: 'yesterday' },
      { ...ASKED, reason: ' ' },
    ])
      expect((await ask('extended', body)).status).toBe(400)
  })
})
