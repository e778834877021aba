import type { Command } from 'commander'
import { TrailsealError } from '../../errors.ts'
import type { ElasticsearchConfig } from '../../config/config.ts'
import { connect } from '../../setup/connect.ts'
import { countDashboardObjects, importDashboards } from '../../setup/kibana.ts'
import { planSetup, type SetupStep } from '../../setup/setup.ts'
import { readPlans } from '../../workspaces/plans.ts'
import { configOf, print, tell, type Terminal } from './context.ts'

interface SetupCommandOptions {
  readonly dryRun?: boolean
  readonly kibana?: string
  readonly pipeline: boolean
  readonly retentionKey?: boolean
}

const SIGNS = { create: '+', update: '~', keep: '=' } as const

export function addSetupCommand(program: Command, terminal: Terminal): void {
  program
    .command('setup')
    .description(
      'prepare an Elasticsearch cluster for the gateways: policies, pipeline, templates, indices, API key; and dashboards in Kibana',
    )
    .option('--dry-run', 'only show what would change')
    .option('--kibana <url>', 'also import the dashboards into the Kibana at this address')
    .option('--no-pipeline', 'no ingest pipeline: documents are neither checked nor enriched by the cluster')
    .option(
      '--retention-key',
      'also make an API key for workers of the role retention, which may delete indices',
    )
    .action(async (options: SetupCommandOptions, command: Command) => {
      const config = configOf(command, terminal)
      if (config.elasticsearch === null)
        throw new TrailsealError(
          'bad_configuration',
          'There is nothing to set up for the embedded store: setup needs ELASTICSEARCH_URL.',
        )
      await using elasticsearch = connect(config.elasticsearch)
      const { prefix } = config.elasticsearch
      const { pipeline, kibana, retentionKey = false } = options
      const plans = await readPlans(config.plansFile)
      const steps = await planSetup({ elasticsearch, prefix, plans, pipeline, retentionKey })
      for (const step of steps) show(terminal, step)
      const todo = steps.filter(({ action }) => action !== 'keep')
      if (options.dryRun !== true) for (const step of todo) await run(terminal, step)
      print(
        terminal,
        `${todo.length} of ${steps.length} ${options.dryRun === true ? 'would change' : 'changed'}`,
      )
      if (kibana !== undefined)
        await dashboards(terminal, config.elasticsearch, kibana, options.dryRun === true)
    })
}

async function dashboards(
  terminal: Terminal,
  login: ElasticsearchConfig,
  url: string,
  dryRun: boolean,
): Promise<void> {
  const done = dryRun
    ? `${await countDashboardObjects()} objects of Kibana would be imported or replaced`
    : `${await importDashboards({ url, login, prefix: login.prefix })} objects imported into Kibana: open the dashboard "Trailseal: overview"`
  print(terminal, done)
}

function show(terminal: Terminal, { what, name, action, differences, leftOut = [] }: SetupStep): void {
  print(terminal, `${SIGNS[action]} ${action.padEnd(6)} ${what} ${name}`)
  if (leftOut.length > 0)
    print(terminal, `    without ${leftOut.join(', ')}: this cluster has no such processors`)
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
  tell(terminal, `The API key ${step.name}, shown this one time:`)
  print(terminal, `ELASTICSEARCH_API_KEY=${secret}`)
}
