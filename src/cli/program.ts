import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { TrailsealError } from '../errors.ts'
import type { Terminal } from './commands/context.ts'
import { addExportCommand } from './commands/export.ts'
import { addImportCommand } from './commands/import.ts'
import { addReindexCommand } from './commands/reindex.ts'
import { addServeCommand } from './commands/serve.ts'
import { addSetupCommand } from './commands/setup.ts'
import { addTokenCommand } from './commands/token.ts'
import { addVerifyCommand } from './commands/verify.ts'
import { addWorkerCommand } from './commands/worker.ts'
import { addWorkspaceCommand } from './commands/workspace.ts'
import { NotVerified } from './not-verified.ts'

/**
 * Runs one command line. Exit codes: 0 done or verified; 1 tampering, loss or mismatch found; 2 usage, unreadable input or
 * unreachable server (contract §1).
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof NotVerified) return 1
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    terminal.stderr.write(`trailseal: ${sentence(error)}\n`)
    return error instanceof TrailsealError ? error.exitCode || 2 : 2
  }
}

function program(terminal: Terminal): Command {
  const trailseal = new Command('trailseal')
    .description('An audit log that people can trust without trusting whoever runs it.')
    .version(version())
    .option('--env-file <FILE>', 'read settings from a file; the environment itself wins')
    .showHelpAfterError('(add --help for what is possible)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
    })
  addServeCommand(trailseal, terminal)
  addWorkerCommand(trailseal, terminal)
  addImportCommand(trailseal, terminal)
  addExportCommand(trailseal, terminal)
  addVerifyCommand(trailseal, terminal)
  addWorkspaceCommand(trailseal, terminal)
  addSetupCommand(trailseal, terminal)
  addTokenCommand(trailseal, terminal)
  addReindexCommand(trailseal, terminal)
  return trailseal
}

function sentence(error: unknown): string {
  if (error instanceof TrailsealError && error.code !== 'internal') {
    const parts = (error.errors ?? [])
      .slice(0, 5)
      .map(({ index, path, message }) => `\n  event ${index}${path}: ${message}`)
    return `${error.message} [${error.code}]${parts.join('')}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
