import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { StoreReport } from '../../src/integrity/store-report.ts'
import type { ListedEvent } from '../../src/query/query-facade.ts'
import { prepared } from '../support/prepared-events.ts'
import { TamperedStore } from '../support/tampered-store.ts'
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

const tamperings = (of: TamperedStore) =>
  Object.entries({ ...eventTamperings(of), ...ledgerTamperings(of), ...headAndTileTamperings(of) })
/** Their names are needed before there is a store. */
const NAMES = tamperings(null as never).map(([name]) => name)

describe('verify --store on Elasticsearch', () => {
  const expected = new Map<string, Expected>()
  let whole: StoreReport
  let tampered: StoreReport
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
