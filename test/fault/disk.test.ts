import { describe, expect, test } from '@jest/globals'
import { mkdirSync, readdirSync, statSync, truncateSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { openTrailseal } from '../../src/compose.ts'
import { readConfig } from '../../src/config/config.ts'
import { runTrailseal, startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Runs a command in a mount namespace of its own, where `directory` is a small or read-only file system. */
function onTmpfs(directory: string, options: string) {
  return (command: readonly string[]): readonly string[] => [
    'unshare',
    ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
    '--mount',
    'sh',
    '-c',
    'mount -t tmpfs -o "$0" tmpfs "$1" && shift && exec "$@"',
    options,
    directory,
    ...command,
  ]
}

function eventBatch(name: string, count: number): string {
  return JSON.stringify(
    Array.from({ length: count }, (_, at) => ({
      id: `${name}-${at}`,
      actor: { type: 'user', id: 'u_1' },
      action: 'evidence.uploaded',
      resource: {
        type: 'FILE',
        id: `${name}-${at}`,
        name: `${Math.random()} ${Math.random()} ${Math.random()}`,
      },
    })),
  )
}

async function post(gateway: GatewayProcess, body: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return await gateway.fetch('/v1/workspaces/acme/events', { method: 'POST', body, headers })
}

async function makeWorkspace(gateway: GatewayProcess): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'Acme', plan: 'strategic' })
  expect((await gateway.fetch('/v1/workspaces/acme', { method: 'PUT', body, headers })).status).toBe(201)
}

async function total(gateway: GatewayProcess): Promise<number> {
  const response = await gateway.fetch('/v1/workspaces/acme/integrity')
  return ((await response.json()) as { size: number }).size
}

describe('the disk', () => {
  test('full: a clear 503, nothing acknowledged that is not stored, reading goes on, the process lives', async () => {
    using directory = temporaryDirectory()
    await using gateway = await startGateway(directory.path, {}, onTmpfs(directory.path, 'size=6m'))
    await makeWorkspace(gateway)
    let stored = 1
    let refusal: Response | null = null
    for (let batch = 0; batch < 400 && !refusal; batch++) {
      const response = await post(gateway, eventBatch(`b${batch}`, 50))
      if (response.status === 201) stored += 50
      else refusal = response
    }
    expect(refusal?.status).toBe(503)
    expect(refusal?.headers.get('retry-after')).toMatch(/^[1-9]/)
    expect(await refusal?.json()).toMatchObject({
      code: 'store_unavailable',
      detail: expect.stringMatching(/full|space/) as unknown,
    })
    expect(await total(gateway)).toBe(stored)
    expect((await gateway.fetch('/v1/workspaces/acme/events?limit=1')).status).toBe(200)
    expect((await gateway.fetch('/healthz')).status).toBe(200)
    const ready = await gateway.fetch('/readyz')
    expect(await ready.json()).toMatchObject({
      checks: expect.arrayContaining([expect.objectContaining({ name: 'store', ok: false })]) as unknown,
    })
  })

  test('read-only: the start fails with a sentence and exit code 2', async () => {
    using directory = temporaryDirectory()
    const result = await runTrailseal(directory.path, ['workspace', 'list'], {
      inside: onTmpfs(directory.path, 'ro'),
    })
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/data directory|read-only|can't be/)
    expect(result.stderr).not.toMatch(/at .*\.ts:\d+/)
  })
})

describe('the files of the store', () => {
  test('a write-ahead log cut short after a crash: not appended to, and found by verification', async () => {
    using directory = temporaryDirectory()
    {
      await using gateway = await startGateway(directory.path)
      await makeWorkspace(gateway)
      for (let batch = 0; batch < 5; batch++)
        expect((await post(gateway, eventBatch(`b${batch}`, 20))).status).toBe(201)
      await gateway.kill()
    }
    const wal = join(directory.path, 'trailseal.sqlite-wal')
    truncateSync(wal, Math.floor(statSync(wal).size * 0.6))
    {
      await using gateway = await startGateway(directory.path)
      const answer = await post(gateway, eventBatch('after', 1))
      expect(answer.status).toBe(500)
      expect(await answer.json()).toMatchObject({ code: 'tampered' })
    }
    const report = await runTrailseal(directory.path, ['verify', '--store', '--json'])
    expect(report.code).toBe(1)
    expect((JSON.parse(report.stdout) as { findings: unknown[] }).findings).toContainEqual(
      expect.objectContaining({ workspace: 'acme', what: 'published' }),
    )
  })

  test('overwritten by something else: a sentence, not a stack', async () => {
    using directory = temporaryDirectory()
    mkdirSync(directory.path, { recursive: true })
    cpSync(
      join(import.meta.dirname, '../vectors/cloudtrail-stratus.ndjson.gz'),
      join(directory.path, 'trailseal.sqlite'),
    )
    const result = await runTrailseal(directory.path, ['verify', '--store'])
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/not a SQLite database/)
  })

  test('a copy of a running store, files and all, is whole', async () => {
    using directory = temporaryDirectory()
    using copy = temporaryDirectory()
    await using gateway = await startGateway(directory.path)
    await makeWorkspace(gateway)
    expect((await post(gateway, eventBatch('a', 500))).status).toBe(201)
    for (const name of readdirSync(directory.path))
      cpSync(join(directory.path, name), join(copy.path, name), { recursive: true })
    await using trailseal = await openTrailseal(
      readConfig({ TRAILSEAL_DATA_DIR: copy.path, LOG_LEVEL: 'silent' }),
    )
    expect((await trailseal.verification.verify()).findings).toEqual([])
  })
})
