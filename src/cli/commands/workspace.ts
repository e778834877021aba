import { Option, type Command } from 'commander'
import { print, printTable, withStore, type Terminal } from './context.ts'

export function addWorkspaceCommand(program: Command, terminal: Terminal): void {
  const workspace = program.command('workspace').description('create, change and list workspaces')
  workspace
    .command('set')
    .description(
      'create a workspace or change its name, plan or dashboard; the change is logged in its own log',
    )
    .argument('<WS>', 'workspace id: lower-case letters, digits, - and _')
    .option('--name <NAME>', 'what people call it (default: the id)')
    .option('--plan <PLAN>', 'starter, portfolio, command, strategic, or one of your plans file')
    .addOption(new Option('--dashboard <WHO>', 'who sees the team dashboard').choices(['members', 'owners']))
    .action(
      async (
        id: string,
        options: { name?: string; plan?: string; dashboard?: 'members' | 'owners' },
        command: Command,
      ) => {
        const result = await withStore(command, terminal, ({ administration }) =>
          administration.setWorkspace(id, options),
        )
        print(
          terminal,
          `${result.created ? 'created' : 'changed'} ${id}: ${result.workspace.name}, plan ${result.workspace.plan}, dashboard for ${result.workspace.dashboard}`,
        )
      },
    )
  workspace
    .command('list')
    .description('list all workspaces with the size of their logs')
    .option('--json', 'one JSON object on standard output')
    .action(async (options: { json?: boolean }, command: Command) => {
      const list = await withStore(command, terminal, ({ administration }) => administration.listWorkspaces())
      if (options.json === true) return print(terminal, JSON.stringify({ workspaces: list }))
      if (list.length === 0)
        return print(
          terminal,
          'No workspace yet. Create one: trailseal workspace set acme --name "Acme" --plan command',
        )
      printTable(terminal, [
        ['ID', 'NAME', 'PLAN', 'DASHBOARD', 'EVENTS', 'CREATED'],
        ...list.map((each) => [
          each.id,
          each.name,
          each.plan,
          each.dashboard,
          String(each.events),
          each.createdAt.slice(0, 10),
        ]),
      ])
    })
}
