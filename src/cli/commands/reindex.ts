import type { Command } from 'commander'
import { format, Progress } from '../progress.ts'
import { print, withStore, type Terminal } from './context.ts'

export function addReindexCommand(program: Command, terminal: Terminal): void {
  program
    .command('reindex')
    .description('rebuild the search projection of a workspace from its ledger')
    .requiredOption('--workspace <WS>', 'whose')
    .action(async (options: { workspace: string }, command: Command) => {
      const count = await withStore(command, terminal, async ({ projector, administration }) => {
        await administration.requireWorkspace(options.workspace)
        using progress = new Progress('reindex', 'events', { stream: terminal.stderr })
        return await projector.rebuild(options.workspace, (done, total) => progress.update(done, total))
      })
      print(terminal, `reindexed ${options.workspace}: ${format(count)} events`)
    })
}
