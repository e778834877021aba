import { randomBytes } from 'node:crypto'
import { Elasticsearch } from '../../src/drivers/elasticsearch/elasticsearch.ts'
import { planSetup } from '../../src/setup/setup.ts'
import { readPlans } from '../../src/workspaces/plans.ts'

/** Address of a real cluster. Without it jest leaves these suites out (jest.config.js). */
export function elasticsearchUrl(): string {
  const url = process.env['ELASTICSEARCH_URL']
  if (url === undefined || url === '')
    throw new Error('Set ELASTICSEARCH_URL to run this on a real Elasticsearch.')
  return url
}

export interface TestCluster extends AsyncDisposable {
  readonly elasticsearch: Elasticsearch
  /** What all names of this test begin with: tests share a cluster, and see nothing of each other. */
  readonly prefix: string
  /** As after setup. Documents of data streams stay, and nothing points to them any more. */
  reset(): Promise<void>
}

/**
 * A part of the cluster, set up as `trailseal setup` does it, gone at the end of the scope. The ingest pipeline is only there when
 * asked for: it refuses documents that are made of no committed entry, such as those of the port's contract suite. `isSetUp` false:
 * the test runs `trailseal setup` itself.
 */
export async function testCluster({ pipeline = false, isSetUp = true } = {}): Promise<TestCluster> {
  const prefix = `t${randomBytes(5).toString('hex')}`
  const elasticsearch = new Elasticsearch({
    url: elasticsearchUrl(),
    ...(process.env['ELASTICSEARCH_USERNAME'] ? { username: process.env['ELASTICSEARCH_USERNAME'] } : {}),
    ...(process.env['ELASTICSEARCH_PASSWORD'] ? { password: process.env['ELASTICSEARCH_PASSWORD'] } : {}),
  })
  const plans = await readPlans(null)
  const setUp = async () => {
    for (const step of await planSetup({ elasticsearch, prefix, plans, pipeline }))
      if (step.action !== 'keep' && step.what !== 'API key') await step.run()
  }
  const remove = async () => {
    for (const index of ['heads', 'tiles', 'workspaces', 'ledger-*'])
      for (const name of await indicesOf(elasticsearch, `${prefix}-${index}`))
        await elasticsearch.request({ method: 'DELETE', path: `/${name}` })
  }
  if (isSetUp) await setUp()
  return {
    elasticsearch,
    prefix,
    reset: async () => {
      await remove()
      await setUp()
    },
    async [Symbol.asyncDispose]() {
      await remove()
      await elasticsearch[Symbol.asyncDispose]()
    },
  }
}

/** A cluster may refuse to delete by pattern. */
async function indicesOf(elasticsearch: Elasticsearch, pattern: string): Promise<string[]> {
  return Object.keys((await elasticsearch.request<object>({ method: 'GET', path: `/${pattern}` })) ?? {})
}
