import { generateKeyPairSync } from 'node:crypto'
import { exec } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { elasticsearchUrl, testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { ElasticsearchLine } from '../support/elasticsearch-line.ts'
import { runTrailseal, startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { event, JSON_HEADERS, type Page } from '../support/tenants.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A gateway that is asked to stop while its cluster is away. */

// Whole stores are verified, and a cluster may be started.
jest.setTimeout(240_000)

/** A shell command that kills the cluster's process and starts it again on its data, where the machine has one. */
const RESTART = process.env['ELASTICSEARCH_RESTART']
/** What is promised are 10 s (docs/operations.md); a machine that does other work too gets some more. */
const ENDED_WITHIN_MS = 14_000
const EVENTS_A_REQUEST = 20
const REQUESTS = 6

const directory = temporaryDirectory()
let cluster: TestCluster
let line: ElasticsearchLine
let environment: Record<string, string>

beforeAll(async () => {
  cluster = await testCluster({ pipeline: true })
  line = await ElasticsearchLine.open(elasticsearchUrl())
  const key = join(directory.path, 'signing-key.pem')
  writeFileSync(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  environment = {
    ELASTICSEARCH_URL: line.url,
    ELASTICSEARCH_INDEX_PREFIX: cluster.prefix,
    TRAILSEAL_SIGNING_KEY: key,
    LOG_LEVEL: 'warn',
  }
})
afterAll(async () => {
  await line[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

beforeEach(async () => await line.become('open'))

/** Null: not acknowledged, for whatever reason. */
async function post(
  gateway: GatewayProcess,
  workspace: string,
  ids: readonly string[],
): Promise<readonly number[] | null> {
  const body = JSON.stringify(ids.map((id) => event('u_1', `f_${id}`, { id })))
  const request = { method: 'POST', headers: JSON_HEADERS, body }
  const response = await gateway.fetch(`/v1/workspaces/${workspace}/events`, request).catch(() => null)
  if (response?.status !== 201) return null
  return ((await response.json()) as { events: { seq: number }[] }).events.map(({ seq }) => seq)
}

/** The ids of the events in the log, by their places. */
async function listed(
  gateway: GatewayProcess,
  workspace: string,
  lastSeq: number,
): Promise<Map<string, number>> {
  const query = `actor=u_1&limit=200&min_seq=${lastSeq}`
  const response = await gateway.fetch(`/v1/workspaces/${workspace}/events?${query}`)
  const { events } = (await response.json()) as Page
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  return new Map(events.map(({ id, seq }) => [id, seq]))
}

const away: [how: string, workspace: string, leave: () => Promise<() => Promise<void>>][] = [
  [
    'can no longer be reached',
    'gone',
    async () => {
      await line.become('gone')
      return () => line.become('open')
    },
  ],
  [
    'no longer answers',
    'silent',
    async () => {
      await line.become('silent')
      return () => line.become('open')
    },
  ],
]
if (RESTART !== undefined)
  away.push([
    'is killed',
    'killed',
    () => {
      const restarted = once(exec(RESTART), 'exit')
      return Promise.resolve(async () => {
        await restarted
        // It answers before all of its shards are there again; a gateway that starts then says so, and ends.
        await cluster.elasticsearch.request({
          ...{ method: 'GET', path: '/_cluster/health' },
          query: { wait_for_status: 'yellow', wait_for_no_initializing_shards: true, timeout: '30s' },
        })
      })
    },
  ])

describe('SIGTERM to a gateway whose cluster', () => {
  test.each(away)(
    '%s: it ends in time, has acknowledged nothing that is not stored, and nothing is lost',
    async (_, workspace, leave) => {
      const dataDir = join(directory.path, workspace)
      await using gateway = await startGateway(dataDir, environment)
      const body = JSON.stringify({ name: workspace, plan: 'command' })
      await gateway.fetch(`/v1/workspaces/${workspace}`, { method: 'PUT', headers: JSON_HEADERS, body })
      const requests = Array.from({ length: REQUESTS }, (_each, request) =>
        Array.from({ length: EVENTS_A_REQUEST }, (_event, at) => `${workspace}-${request}-${at}`),
      )
      const [stored = [], ...others] = requests
      const first = await post(gateway, workspace, stored)
      expect(first).toHaveLength(EVENTS_A_REQUEST)

      const written = line.sent(`${workspace}-1-0`)
      const comeBack = await leave()
      const answers = others.map((ids) => post(gateway, workspace, ids))
      if (workspace === 'silent') await written
      const asked = performance.now()
      const gone = once(gateway.child, 'exit')
      gateway.child.kill('SIGTERM')
      expect(await gone).toEqual([0, null])
      expect(performance.now() - asked).toBeLessThan(ENDED_WITHIN_MS)
      expect(gateway.errors()).not.toMatch(/unhandled|uncaught|"level":"fatal"|^\s+at /im)
      const seqs = await Promise.all(answers)
      await comeBack()

      await using again = await startGateway(dataDir, environment)
      const retried: (readonly number[] | null)[] = []
      for (const ids of others) retried.push(await post(again, workspace, ids))
      const places = await listed(again, workspace, Math.max(...retried.flatMap((of) => of ?? [])))
      expect(places.size).toBe(REQUESTS * EVENTS_A_REQUEST)
      const acknowledged = [first, ...seqs].map((of, at) => of ?? requests[at]?.map((id) => places.get(id)))
      expect(requests.map((ids) => ids.map((id) => places.get(id)))).toEqual(acknowledged)
      const { stdout, code } = await runTrailseal(dataDir, ['verify', '--store', '--json'], { environment })
      expect([JSON.parse(stdout), code]).toMatchObject([{ ok: true, findings: [] }, 0])
    },
  )
})
