import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { runCli } from '../../src/cli/program.ts'
import type { CommandResult } from './gateway-process.ts'

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: Uint8Array
}

/** The command line in this process, on a store below a directory: starting a process takes the better part of a second. */
export class CommandRoom {
  readonly path: string
  readonly dataDir: string

  constructor(path: string) {
    this.path = path
    this.dataDir = join(path, 'data')
  }

  async run(...args: string[]): Promise<CommandResult> {
    return await this.runWith({}, args)
  }

  async runWith({ environment, input }: CommandOptions, args: readonly string[]): Promise<CommandResult> {
    const written = { stdout: '', stderr: '' }
    const stream = (name: 'stdout' | 'stderr') =>
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          written[name] += chunk.toString()
          done()
        },
      })
    const code = await runCli(args, {
      stdin: Readable.from([input ?? new Uint8Array()]),
      stdout: stream('stdout'),
      stderr: stream('stderr'),
      environment: { TRAILSEAL_DATA_DIR: this.dataDir, LOG_LEVEL: 'error', ...environment },
    })
    return { code, ...written }
  }

  /** Writes a file below the directory; its path. */
  file(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name)
    writeFileSync(path, content)
    return path
  }

  async logSize(workspace: string): Promise<number> {
    const { stdout } = await this.run('workspace', 'list', '--json')
    const { workspaces } = JSON.parse(stdout) as { workspaces: { id: string; events: number }[] }
    return workspaces.find(({ id }) => id === workspace)?.events ?? 0
  }
}

export function event(at: number, more: object = {}): object {
  return {
    timestamp: new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString(),
    actor: { type: 'user', id: `u_${at % 5}` },
    action: 'evidence.uploaded',
    resource: { type: 'FILE', id: `f_${at}` },
    ...more,
  }
}

export function ndjson(count: number, more: object = {}): string {
  return Array.from({ length: count }, (_, at) => JSON.stringify(event(at, more)) + '\n').join('')
}
