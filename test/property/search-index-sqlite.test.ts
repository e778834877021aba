import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Sqlite } from '../../src/drivers/sqlite/sqlite.ts'
import type { AuditEvent } from '../../src/event/audit-event.ts'
import { searchDocument } from '../../src/projection/search-document.ts'
import { EXACT_FIELDS, FACET_FIELDS, TEXT_FIELDS, type Query } from '../../src/search/query-syntax.ts'
import type { PageRequest, SearchIndex, SortKey } from '../../src/search/search-index.ts'
import { SqliteSearchIndex } from '../../src/search/sqlite/sqlite-search-index.ts'
import { tokens } from '../../src/search/tokenizer.ts'
import { InMemorySearchIndex } from '../contract/in-memory-search-index.ts'
import { totalOf } from '../support/total-of.ts'

const MODULE = new URL('../../src/search/sqlite/search-procedures.ts', import.meta.url)
// Few texts, so that queries meet documents; some of them trouble for tokenizers and full-text syntax.
const TEXTS = [
  'risk',
  'Risk assessment',
  'assessment_risk',
  'RÉSUMÉ',
  'ris',
  'r',
  'a-b',
  'x"y',
  'OR',
  '漢字',
  '𐐀𐐁𐐂𐐃',
  '*',
  '',
  'FILE',
  'file',
]
const text = fc.constantFrom(...TEXTS)
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const values = fc.dictionary(
  fc.constantFrom('k', 'K', 'a b'),
  fc.oneof(text, fc.array(text, { maxLength: 2 }), fc.integer({ max: 3 }), fc.boolean(), fc.constant(null)),
  { maxKeys: 2 },
)
const resource = fc.record({
  type: fc.constantFrom('FILE', 'file'),
  id: optional(text),
  name: optional(text),
})
const timestamp = fc.integer({ min: 0, max: 20 }).map((second) => new Date(second * 500).toISOString())
const event = fc.record({
  timestamp,
  actor: fc.record({ type: fc.constant('user'), id: optional(text), name: optional(text) }),
  action: fc.constantFrom('file.read', 'File.read', 'risk.updated'),
  verb: fc.constant('READ'),
  category: fc.constant('file'),
  outcome: fc.constantFrom('success', 'failure'),
  resource,
  related: optional(fc.array(resource, { maxLength: 2 })),
  before: optional(values),
  after: optional(values),
  justification: optional(text),
}) as fc.Arbitrary<AuditEvent>

const phrase = fc
  .array(text, { minLength: 1, maxLength: 2 })
  .map((parts) => tokens(parts.join(' ')))
  .map((words) => (words.length > 0 ? words : ['risk']))
const leaf = fc.oneof(
  fc.record({ type: fc.constant('words'), field: fc.constant(null), tokens: phrase, prefix: fc.boolean() }),
  fc.record({
    type: fc.constant('words'),
    field: fc.constantFrom(...TEXT_FIELDS, 'before.k', 'after.A B', 'after.*'),
    tokens: phrase,
    prefix: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('exact'),
    field: fc.constantFrom(...EXACT_FIELDS),
    values: fc.array(fc.oneof(text, fc.constantFrom('FILE/risk', 'file.read', 'failure', 'seq_3')), {
      maxLength: 2,
    }),
  }),
  fc.record({
    type: fc.constant('range'),
    field: fc.constant('seq'),
    from: fc.option(fc.nat(12)),
    to: fc.option(fc.nat(12)),
  }),
  fc.record({
    type: fc.constant('range'),
    field: fc.constant('timestamp'),
    from: fc.option(fc.nat(10_000)),
    to: fc.option(fc.nat(10_000)),
  }),
  fc.constantFrom({ type: 'all' }, { type: 'none' }),
)
const query = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf as fc.Arbitrary<Query>,
    fc.record({ type: fc.constantFrom('and', 'or'), parts: fc.array(tie('query'), { maxLength: 3 }) }),
    fc.record({ type: fc.constant('not'), part: tie('query') }),
  ),
})).query

const folder = mkdtempSync(join(tmpdir(), 'trailseal-search-'))
let sqlite: Sqlite
beforeAll(async () => {
  sqlite = await Sqlite.open({ file: join(folder, 'store.sqlite'), modules: [MODULE] })
})
afterAll(async () => {
  await sqlite[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

async function answers(index: SearchIndex, request: PageRequest) {
  const { workspace, query: one, firstSeq } = request
  const search = { workspace, query: one, firstSeq }
  const pages: SortKey[] = []
  for (let after: SortKey | null = null; ;) {
    const page = await index.page({ ...request, after })
    pages.push(...page)
    after = page.at(-1) ?? null
    if (page.length < request.limit) break
  }
  return {
    pages,
    total: await totalOf(index, search),
    facets: await Promise.all(FACET_FIELDS.map((field) => index.facet(search, field, 3))),
    histogram: await index.histogram(search, 1500),
    extent: await index.extent(search),
  }
}

test('SQLite answers every query as its meaning says', async () => {
  let round = 0
  const request = fc.record({
    query,
    firstSeq: fc.constantFrom(0, 0, 3),
    order: fc.constantFrom('timestamp' as const, 'seq' as const),
    direction: fc.constantFrom('asc' as const, 'desc' as const),
    limit: fc.integer({ min: 1, max: 5 }),
  })
  const events = fc.array(event, { minLength: 1, maxLength: 14 })
  await fc.assert(
    fc.asyncProperty(
      events,
      events,
      fc.array(request, { minLength: 4, maxLength: 8 }),
      async (own, others, requests) => {
        const prefix = `r${round++}`
        const stored = new SqliteSearchIndex(sqlite)
        const expected = new InMemorySearchIndex()
        for (const [name, log] of [
          ['ws', own],
          ['other', others],
        ] as const) {
          const documents = log.map((one, seq) => searchDocument(prefix + name, seq, `seq_${seq}`, one))
          await stored.apply(documents)
          await expected.apply(documents)
        }
        for (const one of requests) {
          const whole = { ...one, workspace: `${prefix}ws`, after: null }
          expect(await answers(stored, whole)).toEqual(await answers(expected, whole))
        }
      },
    ),
    { numRuns: 60 },
  )
})
