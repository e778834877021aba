import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { StoreReport } from '../../src/integrity/store-report.ts'
import type { ListedEvent } from '../../src/query/query-facade.ts'
import { ElasticsearchWorkspaceStore } from '../../src/workspaces/elasticsearch/elasticsearch-workspace-store.ts'
import { elasticsearchUrl } from '../support/elasticsearch.ts'
import { runTrailseal, startGateway } from '../support/gateway-process.ts'
import { prepared } from '../support/prepared-events.ts'
import { PLAN, TamperedStore } from '../support/tampered-store.ts'
import {
  eventTamperings,
  headAndTileTamperings,
  ledgerTamperings,
  type Expected,
} from '../support/tamperings.ts'

/**
 * Whoever may write to the cluster can change everything in it; nobody can do so without `verify --store` naming the document.
 * On a real cluster: one store, verified once while it is whole, and once when all of this was done to it.
 */
const OTHERS = ['projected', 'rolled', 'headless', 'rooted', 'noted', 'timed', 'hidden', 'edged', 'busy']
let store: TamperedStore
beforeAll(async () => {
  store = await TamperedStore.open(OTHERS)
})
afterAll(async () => {
  await store[Symbol.asyncDispose]()
})

/** As somebody sees it who has no access to the cluster. */
async function verifiedByGateway(): Promise<StoreReport> {
  const workspaces = new ElasticsearchWorkspaceStore(store.cluster)
  const createdAt = '2026-11-23T12:00:00.000Z'
  for (const id of ['acme', ...OTHERS])
    await workspaces.putWorkspace({ id, name: id, plan: PLAN, dashboard: 'members', createdAt })
  await using gateway = await startGateway(store.dataDir, {
    ELASTICSEARCH_URL: elasticsearchUrl(),
    ELASTICSEARCH_INDEX_PREFIX: store.cluster.prefix,
    TRAILSEAL_ORIGIN: 'test',
    TRAILSEAL_SIGNING_KEY: join(store.dataDir, 'signing-key.pem'),
  })
  const command = ['verify', '--url', gateway.url, '--store', '--json']
  const environment = { TRAILSEAL_TOKEN: 'admin-token-of-the-tests-0123456789' }
  const { code, stdout, stderr } = await runTrailseal(store.dataDir, command, { environment })
  expect([code, stderr]).toEqual([1, expect.any(String)])
  return JSON.parse(stdout) as StoreReport
}

const tamperings = (of: TamperedStore) =>
  Object.entries({ ...eventTamperings(of), ...ledgerTamperings(of), ...headAndTileTamperings(of) })
/** Their names are needed before there is a store. */
const NAMES = tamperings(null as never).map(([name]) => name)

describe('verify --store on Elasticsearch', () => {
  const expected = new Map<string, Expected>()
  let whole: StoreReport
  let tampered: StoreReport
  let byGateway: StoreReport
  let before: readonly ListedEvent[]
  const steps = new Map<string, number>()
  beforeAll(async () => {
    await store.search.clear('busy')
    await store.project()
    let done = false
    const growing = async () => {
      for (let at = 0; !done; at++) {
        await store.sequencer.append('acme', [prepared({ id: `later-${at}` }), prepared()])
        await store.project()
      }
    }
    const grown = growing()
    whole = await store.verify((step, count) => steps.set(step, count))
    done = true
    await grown
    before = await store.listed('acme')
    for (const [name, tamper] of tamperings(store)) expected.set(name, await tamper())
    tampered = await store.verify()
    byGateway = await verifiedByGateway()
  }, 240_000)

  test('finds nothing in a store that is whole, also after a replay and while the log grows, and tells how far it is', () => {
    expect(whole).toMatchObject({ ok: true, findings: [] })
    const { entries, indexed_events: events, indexed_words: words, not_indexed_yet: waiting } = whole.checked
    expect(entries).toBeGreaterThanOrEqual(600 + 3 * OTHERS.length)
    expect(events + waiting).toBe(entries)
    expect(words).toBeGreaterThan(events * 20)
    expect(Object.fromEntries(steps)).toMatchObject({
      ...{ 'log timed': 3, 'documents of timed': 3 },
      'search index, events': entries,
      'search index, words': words,
    })
  })

  test.each(NAMES)('finds and names %s', (name) => {
    const { document, ...about } = expected.get(name)!
    expect(tampered.findings.filter((finding) => finding.document === document)).toEqual(
      expect.arrayContaining([expect.objectContaining(about)]),
    )
  })

  test.each(NAMES)('verify --url --store: a gateway finds and names %s', (name) => {
    const { document, ...about } = expected.get(name)!
    expect(byGateway.findings.filter((finding) => finding.document === document)).toEqual(
      expect.arrayContaining([expect.objectContaining(about)]),
    )
  })

  test('names no other event of the index but that which was changed in the ledger', () => {
    const named = new Set([...expected.values()].map(({ document }) => document))
    const others = tampered.findings.filter(
      ({ what, workspace, document }) =>
        what === 'index' && workspace === 'acme' && !named.has(document ?? ''),
    )
    expect(others.map(({ seq }) => seq)).toEqual([52])
  })

  test('the viewer shows no changed document as genuine', async () => {
    const genuine = new Map(before.map((event) => [event.seq, event]))
    const shown = await store.listed('acme')
    const flagged = shown.filter((event) => event.tampered === true).map(({ seq }) => seq)
    const unflagged = shown.filter(({ seq, tampered: isFlagged }) => isFlagged !== true && genuine.has(seq))
    expect(unflagged).toEqual(unflagged.map(({ seq }) => genuine.get(seq)))
    // What is neither flagged nor from before was appended to the log meanwhile.
    expect(
      shown.filter(({ seq, tampered: isFlagged }) => isFlagged !== true && !genuine.has(seq)),
    ).toHaveLength(3)
    // bytes changed, in the place of another, never was
    expect(flagged).toEqual(expect.arrayContaining([27, 35, 4711]))
    // A changed facet or field does no harm to what is shown.
    expect(shown.find(({ seq }) => seq === 29)).toEqual(genuine.get(29))
  })
})
