import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { RedisConnection } from '../../src/drivers/redis/redis-connection.ts'
import type { TrailsealError } from '../../src/errors.ts'
import { makeSelfSigned } from '../../src/export/formats/pdf/certificate.ts'
import { RedisProcess } from '../support/engines-redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PASSWORD = 'pass%2Fword-of-the-tests'

/** What `check` throws at an address, and everything that an observer was told on the way. */
async function refusal(url: string): Promise<{ error: TrailsealError; told: readonly unknown[] }> {
  const told: unknown[] = []
  const observe = { redisLost: (error: unknown) => told.push(error), redisFound: () => told.push('found') }
  await using redis = new RedisConnection({ url, observe, commandTimeoutMs: 1_000 })
  const error = await redis.check().catch((caught: unknown) => caught)
  return { error: error as TrailsealError, told }
}

describe('a Redis that can not be used, in one sentence', () => {
  test('wrong password, no password', async () => {
    using directory = temporaryDirectory()
    await using redis = await RedisProcess.start(directory.path, '--requirepass', 'another one')
    const host = new URL(redis.url).host
    const wrong = await refusal(redis.url.replace('://', `://:${PASSWORD}@`))
    expect(wrong.error).toMatchObject({
      code: 'bad_configuration',
      message: `Redis at ${host} refuses the user name or the password in REDIS_URL.`,
    })
    expect((await refusal(redis.url)).error).toMatchObject({
      code: 'bad_configuration',
      message: `Redis at ${host} wants a password: set it in REDIS_URL.`,
    })
    const shown = inspect([wrong.error, wrong.told], { depth: 10, showHidden: true })
    expect(shown).not.toContain(PASSWORD)
    expect(shown).not.toContain(decodeURIComponent(PASSWORD))
    const right = new RedisConnection({ url: redis.url.replace('://', '://default:another%20one@') })
    expect(await right.check()).toEqual({ version: expect.any(String), warnings: [] })
    await right[Symbol.asyncDispose]()
  })

  test('nobody there: told once, not at each try', async () => {
    const { error, told } = await refusal('redis://127.0.0.1:1')
    expect(error).toMatchObject({
      code: 'store_unavailable',
      message: `Redis at 127.0.0.1:1 can't be reached.`,
    })
    expect(told).toHaveLength(1)
  })

  test('a certificate of an authority that nobody knows here', async () => {
    const { certificate, key } = await makeSelfSigned('redis.test', new Date())
    const server = createServer({ cert: certificate, key }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { error } = await refusal(`rediss://:${PASSWORD}@127.0.0.1:${port}`)
    expect(error).toMatchObject({
      code: 'bad_configuration',
      message: `Redis at 127.0.0.1:${port} has no TLS connection that this machine trusts.`,
    })
    server.close()
  })

  test('one that hangs is given up in time, and used again when it goes on', async () => {
    using directory = temporaryDirectory()
    await using redis = await RedisProcess.start(directory.path)
    await using connection = new RedisConnection({ url: redis.url, commandTimeoutMs: 500 })
    await connection.check()
    redis.signal('SIGSTOP')
    await expect(connection.check()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/did not answer in time\.$/),
    })
    redis.signal('SIGCONT')
    expect(await connection.check()).toMatchObject({ warnings: [] })
  })

  test('what puts jobs at risk is a warning', async () => {
    using directory = temporaryDirectory()
    const risky = ['--appendonly', 'no', '--maxmemory', '1gb', '--maxmemory-policy', 'allkeys-lru']
    await using redis = await RedisProcess.start(directory.path, ...risky)
    await using connection = new RedisConnection({ url: redis.url })
    expect((await connection.check()).warnings).toEqual([
      expect.stringContaining('appendonly yes'),
      expect.stringContaining('maxmemory-policy noeviction'),
    ])
  })
})
