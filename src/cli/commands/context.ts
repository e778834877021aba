import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { Command } from 'commander'
import { openTrailseal, type Trailseal } from '../../compose.ts'
import { readConfig, type Config } from '../../config/config.ts'
import { TrailsealError } from '../../errors.ts'
import type { ProgressStream } from '../progress.ts'

/** Where a command reads and writes; tests pass their own. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: ProgressStream
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Environment, `--env-file` under it: what is set in the environment itself wins. */
export function configOf(command: Command, terminal: Terminal): Config {
  const { envFile } = command.optsWithGlobals<{ envFile?: string }>()
  if (envFile === undefined) return readConfig(terminal.environment)
  let text: string
  try {
    text = readFileSync(envFile, 'utf8')
  } catch (cause) {
    throw new TrailsealError('bad_configuration', `The file ${envFile} given as --env-file can't be read.`, {
      cause,
    })
  }
  return readConfig({ ...parseEnv(text), ...terminal.environment })
}

/** Runs work on the configured store, and closes the store whatever happens. */
export async function withStore<Result>(
  command: Command,
  terminal: Terminal,
  work: (trailseal: Trailseal) => Promise<Result>,
): Promise<Result> {
  await using trailseal = await openTrailseal(configOf(command, terminal), { forCommand: true })
  return await work(trailseal)
}

export function print(terminal: Terminal, line: string): void {
  terminal.stdout.write(`${line}\n`)
}

export function tell(terminal: Terminal, line: string): void {
  terminal.stderr.write(`${line}\n`)
}

/** Columns padded to their widest cell; the first row is the header. */
export function printTable(terminal: Terminal, rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  for (const row of rows)
    print(
      terminal,
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}
