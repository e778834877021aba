import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { packEntries, unpackBundle } from '../../src/ledger/elasticsearch/entry-bundles.ts'
import { ElasticsearchWorkspaceStore } from '../../src/workspaces/elasticsearch/elasticsearch-workspace-store.ts'
import { elasticsearchUrl } from '../support/elasticsearch.ts'
import { runTrailseal, startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { prepared } from '../support/prepared-events.ts'
import { PLAN, TamperedStore } from '../support/tampered-store.ts'
import { eventTamperings, headAndTileTamperings } from '../support/tamperings.ts'

/**
 * What `verify --url` finds of what was done in the cluster behind a gateway, though it sees only what the gateway answers: each
 * kind in a line, with the findings that name it. Twice: by the gateway that had answered all of it before, and by one that had not.
 */
const TOKEN = 'admin-token-of-the-tests-0123456789'

/** Of the index of `acme`: names of test/support/tamperings.ts. */
const OF_THE_INDEX: Readonly<Record<string, string>> = {
  'the canonical bytes of an event': 'search #27: The event that is shown is not the one in the log.',
  'an event that is no longer there': 'search #32 to #34, each: The search does not show this event.',
  'an event that no query of its workspace finds':
    'search #32 to #34, each: The search does not show this event.',
  'an event in the place of another': 'search #32 to #34, each: The search does not show this event.',
  'a second document of an event': 'search #35 to #36, each: The event is shown twice.',
  'an event that never was, in the log': 'search #4711: The event that is shown is not the one in the log.',
}

/** Of heads and tiles, each with the log that it is done to. */
const OF_HEADS_AND_TILES: Readonly<Record<string, readonly [workspace: string, finding: string]>> = {
  'a head that is no longer there': [
    'headless',
    'headless head: The log says that it has no entry, and a search shows some: the head of the log was lost.',
  ],
  'the root in a head': [
    'rooted',
    'rooted head: The head of the store has another root than its checkpoint.',
  ],
  'a checkpoint': ['noted', 'noted checkpoint: A signature of the note is not one that its key made.'],
  'the edge of the tree in a head': [
    'edged',
    'edged tile #0 tile/0/000.p/3: The tile has another hash for entry 0 than the entry itself.',
  ],
  'a hash in a tile': [
    'acme',
    'acme tile #30 tile/0/000: The tile has another hash for entry 30 than the entry itself.',
  ],
  'a tile that is no longer there': ['acme', 'acme tile #256 tile/0/001: The tile is missing.'],
}

/** Of the ledger, each in a log of its own. */
const OF_THE_LEDGER: Readonly<Record<string, string>> = {
  'one entry of a batch': 'changed entry #1',
  'a batch that is no longer there': 'lost entry #3: The entry is missing.',
}

const WORKSPACES = ['acme', 'headless', 'rooted', 'noted', 'edged', 'changed', 'lost']
const DAY_MS = 24 * 60 * 60 * 1000
const gateways: GatewayProcess[] = []
let store: TamperedStore
let whole: Record<string, string>
let known: Record<string, string>
let fresh: Record<string, string>

async function verified(gateway: GatewayProcess): Promise<Record<string, string>> {
  const said: Record<string, string> = {}
  for (const workspace of [...WORKSPACES, 'aged']) {
    const { code, stdout } = await runTrailseal(
      store.dataDir,
      ['verify', '--url', gateway.url, '--workspace', workspace],
      { environment: { TRAILSEAL_TOKEN: TOKEN } },
    )
    said[workspace] = `${stdout}exit ${code}`
  }
  return said
}

async function start(): Promise<GatewayProcess> {
  const gateway = await startGateway(store.dataDir, {
    ELASTICSEARCH_URL: elasticsearchUrl(),
    ELASTICSEARCH_INDEX_PREFIX: store.cluster.prefix,
    TRAILSEAL_ORIGIN: 'test',
    TRAILSEAL_SIGNING_KEY: join(store.dataDir, 'signing-key.pem'),
  })
  gateways.push(gateway)
  return gateway
}

async function tamper(): Promise<void> {
  const ofOthers = { ...eventTamperings(store), ...headAndTileTamperings(store) }
  for (const name of [...Object.keys(OF_THE_INDEX), ...Object.keys(OF_HEADS_AND_TILES)])
    await ofOthers[name]?.()
  const batch = await store.batch('changed', 0)
  const entries = await unpackBundle(String((batch._source['bundles'] as string[])[0]))
  const changed = entries.map((entry, at) =>
    at === 1 ? new Uint8Array(Buffer.from(Buffer.from(entry).toString().replace('"u_', '"v_'))) : entry,
  )
  const bundles = await packEntries(changed.map((entry) => ({ entry }) as never))
  await store.put({ ...batch, _source: { ...batch._source, bundles } })
  await store.remove(await store.batch('lost', 3))
}

beforeAll(async () => {
  store = await TamperedStore.open(WORKSPACES.slice(1))
  // A batch before the lost one, and one behind it.
  for (let batch = 0; batch < 2; batch++) await store.sequencer.append('lost', [prepared(), prepared()])
  // The plan shows 365 days: of the second bundle it shows a part.
  await store.append('aged', 300, systemClock.now() - 400 * DAY_MS)
  await store.append('aged', 300, systemClock.now())
  await store.project()
  const workspaces = new ElasticsearchWorkspaceStore(store.cluster)
  const createdAt = '2026-11-23T12:00:00.000Z'
  for (const id of [...WORKSPACES, 'aged'])
    await workspaces.putWorkspace({ id, name: id, plan: PLAN, dashboard: 'members', createdAt })
  const gateway = await start()
  whole = await verified(gateway)
  await tamper()
  known = await verified(gateway)
  fresh = await verified(await start())
}, 400_000)
afterAll(async () => {
  for (const gateway of gateways) await gateway.kill()
  await store[Symbol.asyncDispose]()
})

describe('verify --url of a gateway on Elasticsearch', () => {
  test.each(WORKSPACES)('finds nothing in %s while it is whole', (workspace) => {
    expect(whole[workspace]).toMatch(/ok: nothing was changed\nexit 0$/)
  })

  test.each(
    [
      ...Object.entries(OF_THE_INDEX).map(([name, finding]) => [name, 'acme', finding] as const),
      ...Object.entries(OF_HEADS_AND_TILES).map(([name, [at, finding]]) => [name, at, finding] as const),
      ...Object.entries(OF_THE_LEDGER).map(
        ([name, finding]) => [name, finding.split(' ')[0] ?? '', finding] as const,
      ),
    ].map(([name, workspace, finding]) => ({ name, workspace, finding })),
  )('names $name', ({ workspace, finding }) => {
    for (const said of [known, fresh]) {
      expect(said[workspace]).toContain(`WRONG    ${finding}`)
      expect(said[workspace]).toMatch(/exit 1$/)
    }
  })

  test('misses no entry of a bundle that the window of the plan cuts in two', () => {
    expect(whole['aged']).toMatch(/ 300 older events have left the plan's window.*\nok: .*\nexit 0$/s)
  })

  test('names one entry where one batch is lost, and none behind it that it can not reach', () => {
    expect(fresh['lost']?.match(/entry #/g)).toHaveLength(1)
  })

  test('names the events of a lost tile in one line, and what else is wrong beside them', () => {
    expect(fresh['acme']).toContain(
      'WRONG    search #256 to #511, each: The event that is shown is not the one in the log.',
    )
  })

  test('says what no answer of a gateway shows', () => {
    expect(whole['acme']).toMatch(
      /not known here: what no answer of the gateway shows: .*verify --url URL --store/,
    )
  })
})
