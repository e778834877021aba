import type { Command } from 'commander'
import { TrailsealError } from '../../errors.ts'
import { connect } from '../../setup/connect.ts'
import { planSetup, type SetupStep } from '../../setup/setup.ts'
import { readPlans } from '../../workspaces/plans.ts'
import { configOf, print, tell, type Terminal } from './context.ts'

const SIGNS = { create: '+', update: '~', keep: '=' } as const

export function addSetupCommand(program: Command, terminal: Terminal): void {
  program
    .command('setup')
    .description(
      'prepare an Elasticsearch cluster (the gateway does not run on one in this version): policies, templates, indices, API key',
    )
    .option('--dry-run', 'only show what would change')
    .action(async (options: { dryRun?: boolean }, command: Command) => {
      const config = configOf(command, terminal)
      if (config.elasticsearch === null)
        throw new TrailsealError(
          'bad_configuration',
          'There is nothing to set up for the embedded store: setup needs ELASTICSEARCH_URL.',
        )
      await using elasticsearch = connect(config.elasticsearch)
      const steps = await planSetup({ elasticsearch, plans: await readPlans(config.plansFile) })
      for (const step of steps) show(terminal, step)
      const todo = steps.filter(({ action }) => action !== 'keep')
      if (options.dryRun === true) return print(terminal, `${todo.length} of ${steps.length} would change`)
      for (const step of todo) await run(terminal, step)
      print(terminal, `${todo.length} of ${steps.length} changed`)
    })
}

function show(terminal: Terminal, { what, name, action, differences }: SetupStep): void {
  print(terminal, `${SIGNS[action]} ${action.padEnd(6)} ${what} ${name}`)
  for (const { path, has, wants } of differences)
    print(
      terminal,
      `    ${path}: ${has === undefined ? 'nothing' : JSON.stringify(has)} → ${JSON.stringify(wants)}`,
    )
}

/** The key goes to standard output alone, so that a script can take it; it can't be read again. */
async function run(terminal: Terminal, step: SetupStep): Promise<void> {
  const secret = await step.run()
  if (secret === null) return
  tell(terminal, 'The API key for the gateways, shown this one time:')
  print(terminal, `ELASTICSEARCH_API_KEY=${secret}`)
}
