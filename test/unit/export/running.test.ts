import { existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { simpleParser } from 'mailparser'
import { FileSystemBlobs } from '../../../src/blobs/file-system/file-system-blobs.ts'
import { formatFacts, loadFormat } from '../../../src/export/export-formats.ts'
import type { ShownExport } from '../../../src/export/export-job.ts'
import { ownPdfIdentity } from '../../../src/export/pdf-identity.ts'
import { sweepExports } from '../../../src/export/sweep.ts'
import type { Jobs } from '../../../src/jobs/jobs.ts'
import type { ListedEvent } from '../../../src/query/query-facade.ts'
import { RealGateway } from '../../support/real-gateway.ts'
import { TestSmtpServer } from '../../support/smtp-server.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const DAY = 86_400_000

const events = (count: number): object[] =>
  Array.from({ length: count }, (_, number) => ({
    timestamp: new Date(Date.parse('2026-11-01T00:00:00Z') + number * 1_000).toISOString(),
    actor: { type: 'user', id: 'u_ada', email: 'ada@example.com' },
    action: 'evidence.uploaded',
    resource: { type: 'FILE', id: `f_${number}`, name: 'risk.pdf' },
    justification: 'x'.repeat(200),
  }))

describe('running exports', () => {
  let directory: ReturnType<typeof temporaryDirectory>
  let gateway: RealGateway
  let owner: { id: string; token: string }
  beforeEach(() => {
    directory = temporaryDirectory()
  })
  afterEach(async () => {
    await gateway[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })
  const open = async (environment: Record<string, string> = {}, count = 200): Promise<void> => {
    gateway = await RealGateway.open(directory.path, environment)
    owner = await gateway.token({
      role: 'owner',
      workspace: 'acme',
      member: { id: 'u_ada', email: 'ada@example.com' },
    })
    await gateway.append('acme', events(count))
  }
  const recorded = async (action: string): Promise<readonly ListedEvent[]> =>
    (
      await gateway.json<{ events: ListedEvent[] }>(
        owner.token,
        `/v1/workspaces/acme/events?action=${action}`,
      )
    ).events

  test('revoking the token cancels what it started, waiting or running', async () => {
    await open({}, 4_000)
    const started = [await gateway.request(owner.token, { format: 'pdf' })]
    started.push(await gateway.request(owner.token, { format: 'ndjson' }))
    await gateway.until(owner.token, started[0]!, ({ status }) => status === 'running')
    await gateway.trailseal.administration.revokeToken(owner.id)
    owner = await gateway.token({ role: 'owner', workspace: 'acme' })
    for (const each of started) {
      const ended = await gateway.ended(owner.token, each)
      expect(ended).toMatchObject({ status: 'failed', sha256: null })
      expect(ended.error).toContain('revoked')
    }
    const failures = await recorded('export.failed')
    expect(failures.map(({ resource }) => resource.id).sort()).toEqual(started.map(({ id }) => id).sort())
    expect(failures[0]).toMatchObject({ outcome: 'failure', actor: { id: 'u_ada' } })
    expect(await recorded('export.completed')).toEqual([])
    expect(readdirSync(join(directory.path, 'exports-in-work'))).toEqual([])
  })

  test('cancelling stops a running export and leaves no file', async () => {
    await open({}, 4_000)
    const asked = await gateway.request(owner.token, { format: 'pdf' })
    await gateway.until(owner.token, asked, ({ status }) => status === 'running')
    const path = `/v1/workspaces/acme/exports/${asked.id}`
    expect((await gateway.fetch(owner.token, `${path}/download`)).status).toBe(409)
    expect((await gateway.fetch(owner.token, path, { method: 'DELETE' })).status).toBe(204)
    expect(await gateway.ended(owner.token, asked)).toMatchObject({ status: 'failed', error: 'cancelled' })
    expect((await gateway.fetch(owner.token, `${path}/download`)).status).toBe(404)
    const [failure] = await recorded('export.failed')
    expect(failure).toMatchObject({ resource: { id: asked.id }, metadata: { error: 'cancelled' } })
    // the next export of the workspace begins only when the former has let go
    await gateway.ended(owner.token, await gateway.request(owner.token, { format: 'csv' }))
    expect(await recorded('export.completed')).toHaveLength(1)
  })

  test('the mail names the file and links to a page that needs sign-in', async () => {
    await using server = new TestSmtpServer()
    const port = await server.listen()
    await open({
      SMTP_URL: `smtp://127.0.0.1:${port}`,
      MAIL_FROM: 'Audit <audit@example.com>',
    })
    const done = await gateway.ended(owner.token, await gateway.request(owner.token, { format: 'csv' }))
    while (server.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const [received] = server.received
    const mail = await simpleParser(received!.message)
    expect(received!.to).toEqual(['ada@example.com'])
    expect(mail.attachments).toEqual([])
    for (const text of [mail.text, mail.html || '']) {
      expect(text).toContain(`/exports/acme/${done.id}`)
      expect(text).toContain(done.sha256)
    }
  })

  test('SMTP down: the export is done all the same, and the mail comes when the server is back', async () => {
    const server = new TestSmtpServer()
    const port = await server.listen()
    await server.close()
    await open({ SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'audit@example.com' })
    const asked = await gateway.request(owner.token, { format: 'csv', email: 'bob@example.com' })
    expect(await gateway.ended(owner.token, asked)).toMatchObject({ status: 'done' })
    await using back = new TestSmtpServer()
    await back.listen(port)
    while (back.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(back.received.map(({ to }) => to)).toEqual([['bob@example.com']])
  })

  test('without a mail server the mail is a file in the data directory', async () => {
    await open()
    const done = await gateway.ended(owner.token, await gateway.request(owner.token, { format: 'csv' }))
    const path = join(directory.path, 'mail', `${done.id}.ready.eml`)
    while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10))
    expect((await simpleParser(readFileSync(path))).text).toContain(done.sha256)
  })

  test('files go after seven days, the list and the log keep the export', async () => {
    await open()
    const done = await gateway.ended(owner.token, await gateway.request(owner.token, { format: 'ndjson' }))
    const folder = join(directory.path, 'blobs/exports/acme', done.id)
    const jobs: Pick<Jobs, 'endedBefore' | 'remove'> = {
      endedBefore: () => Promise.resolve([]),
      remove: () => Promise.resolve(true),
    }
    const sweep = async (days: number): Promise<void> =>
      await sweepExports({
        blobs: new FileSystemBlobs(join(directory.path, 'blobs')),
        jobs: jobs as Jobs,
        clock: { now: () => Date.now() + days * DAY },
      })
    await sweep(7)
    expect(readdirSync(folder).sort()).toEqual(['file', 'manifest.json', 'proof.json'])
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), new Date(), new Date())
    await sweep(7.1)
    expect(readdirSync(folder)).toEqual([])
    const path = `/v1/workspaces/acme/exports/${done.id}`
    expect((await gateway.fetch(owner.token, `${path}/download`)).status).toBe(410)
    expect(await gateway.json<ShownExport>(owner.token, path)).toMatchObject({
      status: 'done',
      sha256: done.sha256,
    })
  })

  test('without the role exports nothing runs here, and the next process with it goes on', async () => {
    await open({ TRAILSEAL_ROLES: 'gateway,projector' })
    const asked = await gateway.request(owner.token, { format: 'csv' })
    await gateway[Symbol.asyncDispose]()
    gateway = await RealGateway.open(directory.path)
    expect(await gateway.ended(owner.token, asked)).toMatchObject({
      status: 'done',
      rows: expect.any(Number),
    })
  })
})

test.each(['csv', 'ndjson', 'xlsx', 'pdf'] as const)(
  'what the gateway says of %s is what the format says',
  async (name) => {
    using directory = temporaryDirectory()
    const settings = { pdf: await ownPdfIdentity(directory.path, 'Trailseal of the tests', { now: () => 0 }) }
    const { extension, contentType, maxRows } = await loadFormat(name, settings)
    expect(formatFacts(name)).toEqual({ name, extension, contentType, maxRows })
  },
)
