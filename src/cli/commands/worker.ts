import type { Command } from 'commander'
import { openTrailseal } from '../../compose.ts'
import { configOf, print, type Terminal } from './context.ts'
import { stopSignal } from './serve.ts'

/** SIGTERM: hands back what it works on, exits within 10 s. */
export function addWorkerCommand(program: Command, terminal: Terminal): void {
  program
    .command('worker')
    .description('the background roles of TRAILSEAL_ROLES alone: projector, exports, retention')
    .action(async (_options: unknown, command: Command) => {
      const config = configOf(command, terminal)
      await using trailseal = await openTrailseal(config)
      const { roles, storePath } = await trailseal.work()
      print(terminal, `Trailseal works in the background: ${roles.join(', ')}`)
      print(terminal, `  store    ${storePath}`)
      await stopSignal()
    })
}
