import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '../..')
const NODE = join(ROOT, 'node_modules/.bin/node')
const MAIN = join(ROOT, 'src/cli/main.ts')
/** As npm start and bin/trailseal.js have it. */
/** What every command of the product is started with (bin/trailseal.js). */
export const NODE_OPTIONS = ['--max-semi-space-size=16']
const ADMIN_TOKEN = 'admin-token-of-the-tests-0123456789'

export interface GatewayProcess extends AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
  readonly errors: () => string
  /** Calls the API as admin, or with the given token. */
  fetch(path: string, init?: RequestInit & { readonly token?: string }): Promise<Response>
  /** SIGKILL; settles when the process is gone. */
  kill(): Promise<void>
}

/** What a child of the tests gets to see: nothing of the developer's own settings. */
function environment(dataDir: string, more: Record<string, string>): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TRAILSEAL_DATA_DIR: dataDir,
    TRAILSEAL_ADMIN_TOKEN: ADMIN_TOKEN,
    LOG_LEVEL: 'error',
    ...more,
  }
}

/** A real gateway in a process of its own, on a free port; `inside` wraps its command, e.g. in a mount namespace. */
export async function startGateway(
  dataDir: string,
  more: Record<string, string> = {},
  inside: (command: readonly string[]) => readonly string[] = (command) => command,
): Promise<GatewayProcess> {
  const [program = '', ...args] = inside([NODE, ...NODE_OPTIONS, MAIN, 'serve'])
  const child = spawn(program, args, {
    env: environment(dataDir, { PORT: '0', ...more }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const url = await listeningAddress(child, () => errors)
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return {
    url,
    child,
    errors: () => errors,
    kill,
    fetch: (path, { token = ADMIN_TOKEN, ...init } = {}) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${token}`)
      return fetch(new URL(path, url), { ...init, headers })
    },
    [Symbol.asyncDispose]: kill,
  }
}

/** `trailseal worker` in a process of its own; settles when it works. */
export async function startWorker(dataDir: string, more: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(NODE, [...NODE_OPTIONS, MAIN, 'worker'], {
    env: environment(dataDir, more),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  for await (const line of createInterface({ input: child.stdout }))
    if (line.includes('works in the background')) return child
  throw new Error('the worker did not start')
}

async function listeningAddress(child: ChildProcess, errors: () => string): Promise<string> {
  if (!child.stdout) throw new Error('the gateway has no standard output')
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) {
    const found = /listens on (\S+)/.exec(line)?.[1]
    if (found === undefined) continue
    // What comes later is read too, so that the pipe never fills.
    child.stdout.resume()
    return found
  }
  throw new Error(`the gateway did not start: ${errors()}`)
}

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one `trailseal` command in a process of its own. */
export async function runTrailseal(
  dataDir: string,
  args: readonly string[],
  options: {
    readonly environment?: Record<string, string>
    readonly input?: Uint8Array
    readonly inside?: (command: readonly string[]) => readonly string[]
  } = {},
): Promise<CommandResult> {
  const inside = options.inside ?? ((command) => command)
  const [program = '', ...rest] = inside([NODE, ...NODE_OPTIONS, MAIN, ...args])
  const child = spawn(program, rest, { env: environment(dataDir, options.environment ?? {}), stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.end(options.input ?? new Uint8Array())
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
