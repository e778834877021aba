import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { LogEntry } from '../../../src/event/audit-event.ts'
import type { ListedEvent } from '../../../src/query/query-facade.ts'
import { RealGateway } from '../../support/real-gateway.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const PEOPLE = ['ada', 'bob', 'eve']

function event(number: number, given: object = {}): object {
  return {
    timestamp: new Date(Date.parse('2026-11-01T00:00:00Z') + (number % 977) * 60_000).toISOString(),
    actor: {
      type: 'user',
      id: `u_${PEOPLE[number % 3] ?? ''}`,
      email: `${PEOPLE[number % 3] ?? ''}@example.com`,
    },
    action: number % 2 === 0 ? 'evidence.uploaded' : 'obligation.updated',
    resource: { type: 'FILE', id: `f_${number}`, name: `=cmd|' /C calc'!A${number}` },
    justification: `Zürich "${number}",\r\nsecond line`,
    ...given,
  }
}

const lines = (file: Buffer): LogEntry[] =>
  file
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogEntry)
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('exports through HTTP on the real store', () => {
  const directory = temporaryDirectory()
  let gateway: RealGateway
  let owner: { id: string; token: string }
  beforeAll(async () => {
    gateway = await RealGateway.open(directory.path)
    owner = await gateway.token({
      role: 'owner',
      workspace: 'acme',
      member: { id: 'u_ada', email: 'ada@example.com' },
    })
    await gateway.append(
      'acme',
      Array.from({ length: 2_500 }, (_, number) => event(number)),
    )
    await gateway.append('rival', [event(1, { justification: 'of the rival' })])
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })
  const log = async (action: string): Promise<readonly ListedEvent[]> => {
    const path = `/v1/workspaces/acme/events?action=${action}&limit=1000`
    return (await gateway.json<{ events: ListedEvent[] }>(owner.token, path)).events
  }

  test('NDJSON of everything is the log itself, byte for byte', async () => {
    const asked = await gateway.request(owner.token, { format: 'ndjson' })
    expect(asked).toMatchObject({ workspace: 'acme', format: 'ndjson', rows: null, sha256: null })
    const done = await gateway.ended(owner.token, asked)
    expect(done).toMatchObject({ status: 'done', progress: 1, error: null })
    const file = await gateway.download(owner.token, done)
    const [first, last] = done.seq_range
    const entries = await Promise.all(
      Array.from({ length: Math.ceil((last + 1) / 1_000) }, (_, page) =>
        gateway.trailseal.ledger.entries('acme', page * 1_000, Math.min(1_000, last + 1 - page * 1_000)),
      ),
    )
    expect(first).toBe(0)
    expect(file.toString()).toBe(
      entries
        .flat()
        .map((entry) => `${Buffer.from(entry).toString()}\n`)
        .join(''),
    )
    expect(done).toMatchObject({ rows: last + 1, bytes: file.length, sha256: sha256(file) })
    const kept = Date.parse(done.expires_at!) - Date.now()
    expect(kept).toBeGreaterThan(6.9 * 86_400_000)
    expect(kept).toBeLessThanOrEqual(7 * 86_400_000)
  })

  test('a filtered export has what the search finds, NDJSON in the order of the log and CSV as the table shows it', async () => {
    const filters = { action: 'evidence.uploaded', actor: 'u_ada', from: '2026-11-01T02:00:00Z' }
    const query = new URLSearchParams({ ...filters, limit: '1000' }).toString()
    const { events } = await gateway.json<{ events: ListedEvent[] }>(
      owner.token,
      `/v1/workspaces/acme/events?${query}`,
    )
    expect(events.length).toBeGreaterThan(300)
    const shown = events.map(({ seq }) => seq)

    const ndjson = await gateway.ended(
      owner.token,
      await gateway.request(owner.token, { format: 'ndjson', ...filters }),
    )
    const logged = lines(await gateway.download(owner.token, ndjson)).map(({ seq }) => seq)
    expect(logged).toEqual(shown.toSorted((one, other) => one - other))

    const csv = await gateway.ended(
      owner.token,
      await gateway.request(owner.token, { format: 'csv', ...filters }),
    )
    const table = (await gateway.download(owner.token, csv)).toString('utf8')
    const places = events.map(({ resource }) => table.indexOf(`${resource.id ?? ''},`))
    expect(places.every((place) => place > 0)).toBe(true)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(csv).toMatchObject({
      rows: shown.length,
      filters: { ...filters, action: ['evidence.uploaded'], actor: ['u_ada'] },
    })
  })

  test.each(['csv', 'xlsx', 'pdf'])(
    '%s: one run gives the same bytes as another of the same moment',
    async (format) => {
      const shown = await gateway.ended(
        owner.token,
        await gateway.request(owner.token, { format, q: 'resource.id:f_7*' }),
      )
      expect(shown).toMatchObject({ status: 'done', error: null })
      const file = await gateway.download(owner.token, shown)
      expect(sha256(file)).toBe(shown.sha256)
      expect(shown.rows).toBeGreaterThan(100)
    },
  )

  test('every step is in the log, with filters, rows and SHA-256', async () => {
    const body = { format: 'csv', category: ['evidence'], q: 'uploaded' }
    const done = await gateway.ended(owner.token, await gateway.request(owner.token, body))
    await gateway.download(owner.token, done)
    for (const action of ['requested', 'completed', 'downloaded']) {
      const recorded = (await log(`export.${action}`)).find(({ resource }) => resource.id === done.id)
      expect(recorded).toMatchObject({
        actor: { type: 'user', id: 'u_ada', role: 'owner' },
        category: 'audit',
        outcome: 'success',
        resource: { type: 'EXPORT', name: done.file_name },
        metadata: { format: 'csv', filters: { category: ['evidence'], q: 'uploaded' }, token_id: owner.id },
      })
      const facts = action === 'requested' ? {} : { rows: done.rows, sha256: done.sha256, bytes: done.bytes }
      expect(recorded?.metadata).toMatchObject(facts)
      expect(recorded?.redacted).toBeUndefined()
    }
  })

  test("an auditor gets exactly the scope's events, whatever the request says", async () => {
    const scope = { q: 'action:uploaded', from: '2026-11-01T03:00:00Z', to: '2026-11-01T09:00:00Z' }
    const auditor = await gateway.token({ role: 'auditor', workspace: 'acme', scope })
    const expected = await gateway.json<{ events: ListedEvent[] }>(
      owner.token,
      `/v1/workspaces/acme/events?${new URLSearchParams({ ...scope, limit: '1000' }).toString()}`,
    )
    for (const wider of [
      {},
      { q: 'action:uploaded OR NOT action:uploaded' },
      { from: '2000-01-01', to: '2100-01-01' },
    ]) {
      const done = await gateway.ended(
        auditor.token,
        await gateway.request(auditor.token, { format: 'ndjson', ...wider }),
      )
      const got = lines(await gateway.download(auditor.token, done)).map(({ seq }) => seq)
      expect(got.toSorted((one, other) => other - one)).toEqual(
        expected.events.map(({ seq }) => seq).toSorted((one, other) => other - one),
      )
    }
    const [latest] = await log('export.requested')
    expect(latest).toMatchObject({ actor: { id: auditor.id, role: 'auditor' }, metadata: { scope } })
  })

  test('exports of others are seen by those who see everything, and by nobody else', async () => {
    const asked = await gateway.ended(owner.token, await gateway.request(owner.token, { format: 'csv' }))
    const path = `/v1/workspaces/acme/exports/${asked.id}`
    const auditor = await gateway.token({ role: 'auditor', workspace: 'acme', scope: { q: 'uploaded' } })
    const colleague = await gateway.token({ role: 'owner', workspace: 'acme' })
    const stranger = await gateway.token({ role: 'owner', workspace: 'rival' })
    for (const file of ['', '/download', '/manifest', '/proof']) {
      expect((await gateway.fetch(auditor.token, path + file)).status).toBe(404)
      expect((await gateway.fetch(stranger.token, path + file)).status).toBe(404)
      expect((await gateway.fetch(stranger.token, path.replace('acme', 'rival') + file)).status).toBe(404)
    }
    expect((await gateway.fetch(auditor.token, path, { method: 'DELETE' })).status).toBe(404)
    expect((await gateway.fetch(colleague.token, `${path}/download`)).status).toBe(200)
    const seen = await gateway.json<{ exports: object[] }>(auditor.token, '/v1/workspaces/acme/exports')
    expect(seen.exports).toEqual([])
  })

  test('a member exports the team, or where only owners see the team, the own events; and no longer what was seen before', async () => {
    const member = await gateway.token({ role: 'member', workspace: 'acme', member: { id: 'u_bob' } })
    const team = await gateway.ended(member.token, await gateway.request(member.token, { format: 'ndjson' }))
    expect(team.rows).toBeGreaterThan(2_500)
    const { administration } = gateway.trailseal
    await administration.setWorkspace('acme', { dashboard: 'owners' })
    try {
      const own = await gateway.ended(member.token, await gateway.request(member.token, { format: 'ndjson' }))
      const actors = new Set(lines(await gateway.download(member.token, own)).map(({ actor }) => actor.id))
      expect([...actors]).toEqual(['u_bob'])
      expect(
        (await gateway.fetch(member.token, `/v1/workspaces/acme/exports/${team.id}/download`)).status,
      ).toBe(404)
    } finally {
      await administration.setWorkspace('acme', { dashboard: 'members' })
    }
  })

  test.each([
    [{}, 400, 'bad_request'],
    [{ format: 'docx' }, 400, 'bad_request'],
    [{ format: 'csv', q: '(' }, 400, 'bad_query'],
    [{ format: 'csv', from: 'yesterday' }, 400, 'bad_request'],
    [{ format: 'csv', colour: 'red' }, 400, 'bad_request'],
    [{ format: 'csv', email: 'a@example.com\r\nBcc: b@example.com' }, 400, 'bad_request'],
  ])('refuses %j', async (body, status, code) => {
    const answer = await gateway.fetch(owner.token, '/v1/workspaces/acme/exports', {
      method: 'POST',
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ code })
  })

  test('a token that only appends, and a plan that does not show, export nothing', async () => {
    const ingest = await gateway.token({ role: 'ingest', workspace: 'acme' })
    await expect(gateway.request(ingest.token, { format: 'csv' })).rejects.toThrow('forbidden')
    await gateway.trailseal.administration.setWorkspace('rival', { plan: 'starter' })
    const rival = await gateway.token({ role: 'owner', workspace: 'rival' })
    await expect(gateway.request(rival.token, { format: 'csv' }, 'rival')).rejects.toThrow('plan_required')
  })

  test('removing takes file and listing away, and leaves the log', async () => {
    const done = await gateway.ended(owner.token, await gateway.request(owner.token, { format: 'csv' }))
    const path = `/v1/workspaces/acme/exports/${done.id}`
    expect((await gateway.fetch(owner.token, path, { method: 'DELETE' })).status).toBe(204)
    expect((await gateway.fetch(owner.token, path)).status).toBe(404)
    expect((await gateway.fetch(owner.token, `${path}/download`)).status).toBe(404)
    for (const action of ['export.requested', 'export.completed', 'export.deleted'])
      expect((await log(action)).some(({ resource }) => resource.id === done.id)).toBe(true)
  })

  test('the page that the mail leads to shows nothing to strangers', async () => {
    const done = await gateway.ended(owner.token, await gateway.request(owner.token, { format: 'csv' }))
    const own = await (await gateway.fetch(owner.token, `/exports/acme/${done.id}`)).text()
    expect(own).toContain(done.sha256)
    const strangers = await (await gateway.fetch('nobody', `/exports/acme/${done.id}`)).text()
    expect(strangers).toContain('sign-in')
    expect(strangers).not.toContain(done.file_name)
  })

  test('HEAD tells size and digest without a download being recorded', async () => {
    const done = await gateway.ended(owner.token, await gateway.request(owner.token, { format: 'csv' }))
    const before = (await log('export.downloaded')).length
    const head = await gateway.fetch(owner.token, `/v1/workspaces/acme/exports/${done.id}/download`, {
      method: 'HEAD',
    })
    expect(head.headers.get('content-length')).toBe(String(done.bytes))
    expect(head.headers.get('repr-digest')).toBe(
      `sha-256=:${Buffer.from(done.sha256!, 'hex').toString('base64')}:`,
    )
    expect(head.headers.get('content-disposition')).toBe(`attachment; filename="${done.file_name}"`)
    expect(await log('export.downloaded')).toHaveLength(before)
  })
})
