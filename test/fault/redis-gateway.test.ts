import { describe, expect, test } from '@jest/globals'
import type { ShownExport } from '../../src/export/export-job.ts'
import { RedisProcess } from '../support/engines-redis.ts'
import { runTrailseal, startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PASSWORD = 'password-of-the-tests'
const json = { 'content-type': 'application/json' }

function withPassword({ url }: RedisProcess): string {
  return url.replace('://', `://:${PASSWORD}@`)
}

async function open(dataDir: string, environment: Record<string, string>): Promise<GatewayProcess> {
  const gateway = await startGateway(dataDir, environment)
  const body = JSON.stringify({ name: 'Acme', plan: 'command' })
  await gateway.fetch('/v1/workspaces/acme', { method: 'PUT', body, headers: json })
  return gateway
}

async function append(gateway: GatewayProcess): Promise<number> {
  const event = { actor: { type: 'system' }, action: 'file.read', resource: { type: 'FILE' } }
  const body = JSON.stringify(event)
  return (await gateway.fetch('/v1/workspaces/acme/events', { method: 'POST', body, headers: json })).status
}

async function ask(gateway: GatewayProcess): Promise<Response> {
  const body = JSON.stringify({ format: 'ndjson' })
  return await gateway.fetch('/v1/workspaces/acme/exports', { method: 'POST', body, headers: json })
}

async function done(gateway: GatewayProcess, { id }: ShownExport): Promise<ShownExport> {
  for (;;) {
    const answer = await gateway.fetch(`/v1/workspaces/acme/exports/${id}`)
    const shown = (await answer.json()) as ShownExport
    if (shown.status === 'done' || shown.status === 'failed') return shown
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('a gateway with its jobs on Redis', () => {
  test('Redis killed: events go in all the same, exports are refused with a sentence and go on afterwards; the password is in no log', async () => {
    using directory = temporaryDirectory()
    await using redis = await RedisProcess.start(directory.path, '--requirepass', PASSWORD)
    const environment = { REDIS_URL: withPassword(redis), LOG_LEVEL: 'debug' }
    await using gateway = await open(directory.path, environment)
    expect(await append(gateway)).toBe(201)
    const before = (await (await ask(gateway)).json()) as ShownExport
    expect(await done(gateway, before)).toMatchObject({ status: 'done' })

    await redis.kill()
    const began = performance.now()
    for (let at = 0; at < 40; at++) expect(await append(gateway)).toBe(201)
    // Had each waited for Redis only for a moment, it were 12 seconds.
    expect(performance.now() - began).toBeLessThan(10_000)
    const refused = await ask(gateway)
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({
      code: 'store_unavailable',
      detail: expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ can't be reached\.$/),
    })
    expect((await gateway.fetch('/readyz')).status).toBe(200)

    await redis.start()
    let answer = await ask(gateway)
    while (answer.status === 503) answer = await ask(gateway)
    expect(await done(gateway, (await answer.json()) as ShownExport)).toMatchObject({ status: 'done' })
    const errors = gateway.errors()
    expect(errors).not.toContain(PASSWORD)
    // Told when it went and when it came, not at each try.
    expect(errors.split('\n').filter((line) => /Redis is lost/.test(line))).toHaveLength(1)
    expect(errors.split('\n').filter((line) => /Redis is there again/.test(line))).toHaveLength(1)
  }, 120_000)

  test('it starts without Redis, and ends at once when told to', async () => {
    using directory = temporaryDirectory()
    await using gateway = await open(directory.path, { REDIS_URL: 'redis://127.0.0.1:1' })
    expect(await append(gateway)).toBe(201)
    const gone = new Promise((resolve) => gateway.child.on('exit', resolve))
    gateway.child.kill('SIGTERM')
    expect(await gone).toBe(0)
  }, 120_000)

  test('a wrong password stops the start with one sentence that does not hold it', async () => {
    using directory = temporaryDirectory()
    await using redis = await RedisProcess.start(directory.path, '--requirepass', 'another')
    const environment = { REDIS_URL: withPassword(redis), PORT: '0' }
    const { code, stdout, stderr } = await runTrailseal(directory.path, ['serve'], { environment })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(
      /^trailseal: Redis at 127\.0\.0\.1:\d+ refuses the user name or the password in REDIS_URL\. \[bad_configuration\]\n$/,
    )
  })
})
