import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../../', import.meta.url)
const NODE = fileURLToPath(new URL('node_modules/.bin/node', ROOT))
const ADMIN_TOKEN = 'the-admin-token-of-the-end-to-end-tests'

export interface TokenWish {
  readonly role: string
  readonly workspace: string
  readonly member?: { readonly id: string; readonly name?: string; readonly email?: string }
  readonly scope?: object
}

/** A gateway in a process of its own, with a store of its own, as people run it. */
export class Gateway {
  readonly url: string
  readonly dataDir: string
  readonly #port: number
  #process: ChildProcess | null = null

  private constructor(port: number, dataDir: string) {
    this.#port = port
    this.dataDir = dataDir
    this.url = `http://localhost:${port}`
  }

  /** Builds the viewer where it is out of date, imports nothing, and waits until the gateway answers. */
  static async start(): Promise<Gateway> {
    await run(['scripts/build-web.ts'], {})
    const gateway = new Gateway(await freePort(), await mkdtemp(join(tmpdir(), 'trailseal-e2e-')))
    await gateway.resume()
    return gateway
  }

  async resume(): Promise<void> {
    const child = spawn(NODE, ['src/cli/main.ts', 'serve'], {
      cwd: ROOT,
      env: { ...process.env, ...this.#environment() },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    let said = ''
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      said += chunk.toString()
      if (said.includes('sign in')) break
    }
    child.stdout.resume()
  }

  /** Ends the process as an operator would; the store stays. */
  async pause(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause()
    await rm(this.dataDir, { recursive: true, force: true })
  }

  async import(file: string, workspace: string, format: string): Promise<void> {
    const target = ['--url', this.url, '--token', ADMIN_TOKEN]
    await run(
      ['src/cli/main.ts', 'import', file, '--workspace', workspace, '--format', format, ...target],
      {},
    )
  }

  async workspace(id: string, name: string, plan: string, dashboard = 'members'): Promise<void> {
    await this.#request('PUT', `/v1/workspaces/${id}`, { name, plan, dashboard })
  }

  async token(wish: TokenWish): Promise<string> {
    const { token } = (await this.#request('POST', '/v1/tokens', wish)) as { token: string }
    return token
  }

  /** Appends events and waits until searches find them. */
  async send(workspace: string, events: readonly object[]): Promise<void> {
    const path = `/v1/workspaces/${workspace}/events`
    const receipt = (await this.#request('POST', path, events)) as { events: { seq: number }[] }
    const last = receipt.events.at(-1)?.seq ?? 0
    await this.#request('GET', `${path}?limit=1&min_seq=${last}`)
  }

  async #request(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer: unknown = await response.json()
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`)
    return answer
  }

  #environment(): Record<string, string> {
    return {
      PORT: String(this.#port),
      TRAILSEAL_DATA_DIR: this.dataDir,
      TRAILSEAL_ADMIN_TOKEN: ADMIN_TOKEN,
      LOG_LEVEL: 'silent',
    }
  }
}

async function run(args: readonly string[], env: Record<string, string>): Promise<void> {
  const child = spawn(NODE, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
