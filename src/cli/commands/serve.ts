import type { Command } from 'commander'
import { openTrailseal } from '../../compose.ts'
import { configOf, print, type Terminal } from './context.ts'

/** SIGTERM: stops accepting, commits what it accepted, exits within 10 s (contract §10). */
export function addServeCommand(program: Command, terminal: Terminal): void {
  program
    .command('serve')
    .description('gateway, query facade and the background workers')
    .action(async (_options: unknown, command: Command) => {
      const config = configOf(command, terminal)
      await using trailseal = await openTrailseal(config)
      const served = await trailseal.serve()
      greet(terminal, served)
      await stopSignal()
      await served.close()
    })
}

function greet(
  terminal: Terminal,
  served: { url: string; signInUrl: string; adminToken: string | null; storePath: string },
): void {
  print(terminal, `Trailseal listens on ${served.url}`)
  print(terminal, `  store    ${served.storePath}`)
  print(terminal, `  sign in  ${served.signInUrl}`)
  if (served.adminToken === null) return
  print(terminal, `  admin token, shown this one time: ${served.adminToken}`)
}

/** Settles when the process is asked to stop. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
}
