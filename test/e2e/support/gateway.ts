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
  readonly #settings: Readonly<Record<string, string>>
  #process: ChildProcess | null = null

  private constructor(port: number, dataDir: string, settings: Readonly<Record<string, string>>) {
    this.#port = port
    this.#settings = settings
    this.dataDir = dataDir
    this.url = `http://localhost:${port}`
  }

  /** Builds the viewer where it is out of date, and waits until the gateway answers; `fill` puts a store into the data directory. */
  static async start(
    fill?: (dataDir: string) => Promise<void>,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Gateway> {
    await run(['scripts/build-web.ts'], {})
    const dataDir = await mkdtemp(join(tmpdir(), 'trailseal-e2e-'))
    const gateway = new Gateway(await freePort(), dataDir, settings)
    await fill?.(gateway.dataDir)
    await gateway.resume()
    return gateway
  }

  async resume(): Promise<void> {
    const child = spawn(NODE, ['src/cli/main.ts', 'serve'], {
      cwd: ROOT,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    let said = ''
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      said += chunk.toString()
      if (said.includes('sign in')) break
    }
    if (!said.includes('sign in')) throw new Error(`The gateway ended before it listened. It said: ${said}`)
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

  /** Ends the process as a fault of the machine would: nothing is finished. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null) return
    child.kill('SIGKILL')
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

  async revoke(token: string): Promise<void> {
    const headers = { authorization: `Bearer ${token}` }
    const me = (await (await fetch(`${this.url}/v1/me`, { headers })).json()) as { token_id: string }
    await this.#request('DELETE', `/v1/tokens/${me.token_id}`)
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
    const answer: unknown = response.status === 204 ? null : await response.json()
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`)
    return answer
  }

  /** Nothing of the developer's own settings, which may name another store. */
  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PORT: String(this.#port),
      TRAILSEAL_DATA_DIR: this.dataDir,
      TRAILSEAL_ADMIN_TOKEN: ADMIN_TOKEN,
      LOG_LEVEL: 'silent',
      ...this.#settings,
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
