import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { AuditEvent } from '../../src/event/audit-event.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { parseQuery } from '../../src/search/query-parser.ts'
import { clusterParts } from '../../src/setup/cluster-parts.ts'
import { planSetup, requireSetup } from '../../src/setup/setup.ts'
import { readPlans } from '../../src/workspaces/plans.ts'
import { CommandRoom } from '../support/command-room.ts'
import { committedDocuments } from '../support/committed-documents.ts'
import { elasticsearchUrl, testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { fakeKibana } from '../support/fake-kibana.ts'
import { prepared } from '../support/prepared-events.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

describe('setup', () => {
  test('a second run finds nothing to do', async () => {
    await using cluster = await testCluster({ pipeline: true })
    const steps = await planSetup({ ...cluster, plans: await readPlans(null) })
    expect(steps.filter(({ action, what }) => action !== 'keep' && what !== 'API key')).toEqual([])
    await requireSetup(cluster.elasticsearch, cluster.prefix)
  })

  test('what somebody changed is shown by its path, and put right', async () => {
    await using cluster = await testCluster({ pipeline: true })
    const { elasticsearch, prefix } = cluster
    const path = `/_component_template/${prefix}-standard`
    const body = { template: { settings: { index: { refresh_interval: '9s' } } } }
    await elasticsearch.request({ method: 'PUT', path, body })
    const plan = async () =>
      (await planSetup({ ...cluster, plans: await readPlans(null) })).filter(
        ({ action }) => action === 'update',
      )
    const [step, ...others] = await plan()
    expect(others).toEqual([])
    expect(step?.differences).toContainEqual({
      path: 'template.settings.index.refresh_interval',
      has: '9s',
      wants: '1s',
    })
    await step?.run()
    expect(await plan()).toEqual([])
  })

  test('assets of a later version are not replaced', async () => {
    await using cluster = await testCluster()
    const { elasticsearch, prefix } = cluster
    const path = `/_component_template/${prefix}-standard`
    await elasticsearch.request({ method: 'PUT', path, body: { template: {}, _meta: { version: 99 } } })
    await expect(planSetup({ ...cluster, plans: await readPlans(null) })).rejects.toMatchObject({
      code: 'bad_configuration',
    })
  })

  test('a cluster that is not set up is told from one that is, in one sentence', async () => {
    await using cluster = await testCluster()
    await expect(requireSetup(cluster.elasticsearch, 'nothing')).rejects.toThrow(/run `trailseal setup`/)
  })
})

describe('trailseal setup', () => {
  test('shows what it would do, does it once, and imports the dashboards where it is told to', async () => {
    using directory = temporaryDirectory()
    await using kibana = await fakeKibana(200, { success: true, successCount: 17 })
    await using cluster = await testCluster({ pipeline: true })
    const { elasticsearch, prefix } = cluster
    const environment = {
      ELASTICSEARCH_URL: elasticsearchUrl(),
      ELASTICSEARCH_INDEX_PREFIX: prefix,
      TRAILSEAL_SIGNING_KEY: 'not needed here',
    }
    const room = new CommandRoom(directory.path)
    const setup = (...args: string[]) => room.runWith({ environment }, ['setup', ...args])
    await elasticsearch.request({ method: 'DELETE', path: `/_index_template/${prefix}-tiles` })
    const dry = await setup('--dry-run', '--kibana', kibana.url)
    expect(dry.stdout).toContain(`+ create index template ${prefix}-tiles\n`)
    expect(dry.stdout).toContain('17 objects of Kibana would be imported or replaced')
    expect(kibana.requests).toEqual([])
    expect((await setup()).stdout).toMatch(/^1 of \d+ changed$/m)
    const last = await setup('--kibana', kibana.url)
    expect(last).toMatchObject({ code: 0, stderr: '' })
    expect(last.stdout).toMatch(/^0 of \d+ changed$/m)
    expect(kibana.requests.map(({ file }) => file.includes(`"${prefix}-events-*"`))).toEqual([true])
  })
})

const EVENTS = (
  [
    {},
    {
      actor: { type: 'api_token', id: 't_1' },
      source: { ip: '203.0.113.0', user_agent: 'Boto3 1 on Linux 5' },
    },
    {
      source: { user_agent: 'AWS Internal' },
      before: { number: 1e21, text: 'ü\u2028"\\' },
      metadata: { 'a.b': 1 },
    },
  ] satisfies Partial<AuditEvent>[]
).map((event) => prepared(event).event)

/** Without a module that can refuse, setup installs no pipeline: then documents come in as they are. */
async function canRefuse({ elasticsearch }: TestCluster): Promise<boolean> {
  return (await clusterParts(elasticsearch)).processors.has('script')
}

async function filled(cluster: TestCluster): Promise<ElasticsearchSearchIndex> {
  const index = new ElasticsearchSearchIndex({ ...cluster, planOf: () => Promise.resolve('command') })
  await index.apply(committedDocuments('ws', EVENTS))
  return index
}

async function sources({ elasticsearch, prefix }: TestCluster): Promise<Record<string, unknown>[]> {
  const body = { sort: [{ 'event.sequence': 'asc' }], query: { match_all: {} } }
  return (await elasticsearch.search<Record<string, unknown>>(`${prefix}-events-command`, body)).hits.map(
    ({ source }) => source,
  )
}

describe('the ingest pipeline', () => {
  test('is made of the processors that the cluster has, and says which it lacks', async () => {
    await using cluster = await testCluster({ pipeline: true })
    const { processors } = await clusterParts(cluster.elasticsearch)
    const steps = await planSetup({ ...cluster, plans: await readPlans(null) })
    const pipelines = steps.filter(({ what }) => what === 'ingest pipeline')
    expect(pipelines.map(({ name }) => name)).toEqual(
      (await canRefuse(cluster)) ? [`${cluster.prefix}-events`] : [],
    )
    for (const { leftOut = [] } of pipelines)
      expect(leftOut).toEqual(['set', 'grok', 'dissect', 'geoip'].filter((type) => !processors.has(type)))
  })

  test('refuses a document without integrity fields, or with the hash of another', async () => {
    await using cluster = await testCluster({ pipeline: true })
    const { elasticsearch, prefix } = cluster
    const original = 'ü {"seq":1}'
    const hash = createHash('sha256').update(`\0${original}`).digest('base64')
    const whole = { original, hash, sequence: 1 }
    const events: object[] = [
      whole,
      { original, hash },
      { original, sequence: 1 },
      { hash, sequence: 1 },
      {},
      { ...whole, sequence: -1 },
      { ...whole, sequence: '1' },
      { ...whole, original: `${original} ` },
      { ...whole, hash: `A${hash.slice(1)}` },
      { ...whole, hash: 'not base64!' },
    ]
    const items = await elasticsearch.bulk(
      events.map((event, at) => ({
        ...{ action: 'create' as const, index: `${prefix}-events-command`, id: `x/${at}`, routing: 'ws' },
        source: JSON.stringify({ '@timestamp': '2026-11-23T12:00:00.123Z', event }),
      })),
      { refresh: true },
    )
    const expected = (await canRefuse(cluster))
      ? [201, ...events.slice(1).map(() => 400)]
      : events.map(() => 201)
    expect(items.map(({ status }) => status)).toEqual(expected)
  })

  test('adds what it can and leaves everything that was there as it was', async () => {
    await using cluster = await testCluster({ pipeline: true })
    await using without = await testCluster()
    await filled(cluster)
    await filled(without)
    const enriched = await sources(cluster)
    const plain = await sources(without)
    expect(plain).toHaveLength(EVENTS.length)
    for (const [at, { trailseal, ...own }] of plain.entries()) {
      const ours = { ...(trailseal as Record<string, unknown>) }
      delete ours['log']
      expect(enriched[at]).toMatchObject({ ...own, trailseal: ours })
      const { event } = own as { event: { original: string; hash: string } }
      expect(enriched[at]?.['event']).toMatchObject({
        original: event.original,
        hash: event.hash,
        sequence: at,
      })
    }
    const { processors } = await clusterParts(cluster.elasticsearch)
    const agents = enriched.map(({ user_agent: agent }) => agent)
    const addresses = enriched.map(({ user }) => (user as { domain?: string } | undefined)?.domain)
    const hasGrok = processors.has('grok')
    expect(agents.slice(1)).toEqual([
      {
        original: 'Boto3 1 on Linux 5',
        ...(hasGrok ? { name: 'Boto3', version: '1', os: { full: 'Linux 5' } } : {}),
      },
      { original: 'AWS Internal', ...(hasGrok ? { name: 'AWS Internal' } : {}) },
    ])
    expect(addresses[0]).toBe(processors.has('dissect') ? 'example.com' : undefined)
    expect(addresses[1]).toBeUndefined()
  })

  test('finds the same events', async () => {
    await using cluster = await testCluster({ pipeline: true })
    const index = await filled(cluster)
    const seqs = async (text: string) => {
      const query = parseQuery(text)
      const page = { order: 'seq', direction: 'asc', limit: 10, after: null } as const
      return (await index.page({ workspace: 'ws', firstSeq: 0, query, ...page })).map(({ seq }) => seq)
    }
    expect(await seqs('')).toEqual([0, 1, 2])
    expect(await seqs('boto3')).toEqual([1])
    expect(await seqs('"example com"')).toEqual([0, 2])
    expect(await seqs('source.ip:203.0.113.0')).toEqual([1])
    expect(await seqs('metadata.a.b:1')).toEqual([2])
    expect(await seqs('actor.email:ada')).toEqual([0, 2])
  })
})
