import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Redis } from 'ioredis'

/** Address of a real Redis. Without it jest leaves these suites out (jest.config.js). */
export function redisUrl(): string {
  const url = process.env['REDIS_URL']
  if (url === undefined || url === '') throw new Error('Set REDIS_URL to run this on a real Redis.')
  return url
}

/** Deletes what a test has written. */
export async function removeKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url)
  for await (const keys of client.scanStream({ match: `${prefix}:*`, count: 1_000 }))
    if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]))
  client.disconnect()
}

/** A redis-server of one test, on a port and in a folder of its own, which can die and come back. */
export class RedisProcess implements AsyncDisposable {
  readonly url: string
  readonly #arguments: readonly string[]
  #child: ChildProcess | null = null

  private constructor(port: number, folder: string, more: readonly string[]) {
    this.url = `redis://127.0.0.1:${port}`
    this.#arguments = [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'always', ...more],
    ]
  }

  /** With the persistence that docs/operations.md asks for. */
  static async start(folder: string, ...more: readonly string[]): Promise<RedisProcess> {
    const redis = new RedisProcess(await freePort(), folder, more)
    await redis.start()
    return redis
  }

  async start(): Promise<void> {
    const child = spawn('redis-server', this.#arguments, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    for await (const chunk of child.stdout)
      if (String(chunk).includes('Ready to accept connections')) {
        child.stdout.resume()
        return
      }
    throw new Error('redis-server did not start')
  }

  /** SIGKILL; settles when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
