import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Sqlite } from '../../src/drivers/sqlite/sqlite.ts'
import type { AuditEvent } from '../../src/event/audit-event.ts'
import { fromCloudTrail } from '../../src/ingest/cloudtrail/cloudtrail.ts'
import { prepareEvents } from '../../src/ingest/prepare/prepare-event.ts'
import { searchDocument } from '../../src/projection/search-document.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { EXACT_FIELDS, FACET_FIELDS, TEXT_FIELDS, type Query } from '../../src/search/query-syntax.ts'
import type { PageRequest, SearchDocument, SearchIndex, SortKey } from '../../src/search/search-index.ts'
import { SqliteSearchIndex } from '../../src/search/sqlite/sqlite-search-index.ts'
import { VALUE_BREAK } from '../../src/search/tokenizer.ts'
import { testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { prepared } from '../support/prepared-events.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { totalOf } from '../support/total-of.ts'

/** Queries in one run; a soak run takes more. */
const QUERIES = Number(process.env['TRAILSEAL_QUERIES'] ?? 300)
const CLOUDTRAIL = join(import.meta.dirname, '../vectors/cloudtrail-stratus.ndjson.gz')
const MODULE = new URL('../../src/search/sqlite/search-procedures.ts', import.meta.url)

function cloudTrailEvents(): AuditEvent[] {
  const lines = gunzipSync(readFileSync(CLOUDTRAIL)).toString().trim().split('\n')
  return prepareEvents(
    lines.map((line) => fromCloudTrail(JSON.parse(line))),
    0,
  )
}

/** What CloudTrail has none of: other scripts, marks, several events in one millisecond, values under paths that repeat. */
function oddEvents(): AuditEvent[] {
  const names = [
    'Überprüfung',
    'überprüfung 2',
    '漢字 テスト',
    'a b c',
    'A-B_c',
    'ﬁle ①',
    'ΟΔΟΣ',
    '𐐀𐐁',
    'x'.repeat(300),
  ]
  return names.flatMap((name, at) =>
    ['success', 'failure'].map(
      (outcome, odd) =>
        prepared({
          ...{ timestamp: `2020-09-1${at}T00:00:00.000Z`, outcome: outcome as 'success' },
          resource: { type: 'FILE', id: `f ${at}`, name },
          related: [{ type: 'OBLIGATION', id: String(at % 3) }],
          before: { status: 'Gap', deep: { list: [name, 7, true] } },
          after: { status: odd ? 'Partial' : 'Gap closed', 'a.b': name },
          justification: `${name} because of ${names[(at + 1) % names.length] ?? ''}`,
        }).event,
    ),
  )
}

const directory = temporaryDirectory()
const documents: SearchDocument[] = [...cloudTrailEvents(), ...oddEvents()].map((event, seq) =>
  searchDocument('ws', seq, event.id ?? `seq_${seq}`, event),
)
let cluster: TestCluster
let sqlite: Sqlite
let stores: readonly [SearchIndex, SearchIndex]
beforeAll(async () => {
  cluster = await testCluster()
  sqlite = await Sqlite.open({ file: join(directory.path, 'store.sqlite'), modules: [MODULE] })
  stores = [
    new SqliteSearchIndex(sqlite),
    new ElasticsearchSearchIndex({ ...cluster, planOf: () => Promise.resolve('command') }),
  ]
  for (const store of stores)
    for (let at = 0; at < documents.length; at += 1000) await store.apply(documents.slice(at, at + 1000))
})
afterAll(async () => {
  await sqlite[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

const document = fc.nat(documents.length - 1).map((at) => documents[at]!)
const textField = fc.constantFrom(
  null,
  null,
  ...TEXT_FIELDS,
  'before.*' as const,
  'after.*' as const,
  'metadata.*' as const,
)
/** Words that stand somewhere in the given field of some event, or nearly so. */
const words = fc
  .record({
    ...{
      document,
      field: textField,
      start: fc.nat(),
      length: fc.integer({ min: 1, max: 4 }),
      prefix: fc.boolean(),
    },
    cut: fc.integer({ min: 1, max: 12 }),
    elsewhere: textField,
    stays: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ document: one, field, start, length, prefix, cut, elsewhere, stays }): Query => {
    const texts =
      field === null
        ? Object.values(one.texts).join(' ')
        : (one.texts[field.replace('.*', '') as 'action'] ?? '')
    const all = texts.split(' ').filter((word) => word !== '' && word !== VALUE_BREAK)
    const from = all.length === 0 ? 0 : start % all.length
    const tokens = all.slice(from, from + length)
    if (tokens.length === 0) return { type: 'words', field, tokens: ['nothing'], prefix }
    const last = Array.from(tokens.at(-1) ?? '')
    if (prefix) tokens.splice(-1, 1, last.slice(0, cut).join(''))
    return { type: 'words', field: stays === 0 ? elsewhere : field, tokens, prefix }
  })
const path = fc
  .record({ document, start: fc.nat(), prefix: fc.boolean() })
  .map(({ document: one, start, prefix }): Query => {
    const all = one.paths.split(' ').filter((word) => word !== VALUE_BREAK)
    const token = all[start % all.length] ?? ''
    const [, field = 'after.status', word = 'gap'] = /^.(.*)\u{E002}(.*)$/u.exec(token) ?? []
    return {
      type: 'words',
      field: field as 'after.status',
      tokens: [prefix ? Array.from(word).slice(0, 2).join('') : word],
      prefix,
    }
  })
const exact = fc
  .record({
    field: fc.constantFrom(...EXACT_FIELDS),
    some: fc.array(document, { minLength: 1, maxLength: 3 }),
    lower: fc.boolean(),
  })
  .map(({ field, some, lower }): Query => {
    const values = some.flatMap((one) => one.exact[field]?.slice(0, 1) ?? [])
    return { type: 'exact', field, values: lower ? values.map((value) => value.toLowerCase()) : values }
  })
const range = fc
  .record({
    one: document,
    other: document,
    field: fc.constantFrom('seq' as const, 'timestamp' as const),
    open: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ one, other, field, open }): Query => ({
    ...{ type: 'range', field },
    from: open === 0 ? null : Math.min(one[field], other[field]),
    to: open === 1 ? null : Math.max(one[field], other[field]),
  }))
const query = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 5, arbitrary: words },
    { weight: 1, arbitrary: path },
    { weight: 2, arbitrary: exact },
    { weight: 1, arbitrary: range },
    fc.constant<Query>({ type: 'all' }),
    fc.record({
      type: fc.constantFrom('and', 'or'),
      parts: fc.array(tie('query'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ type: fc.constant('not'), part: tie('query') }),
  ),
})).query

async function answers(index: SearchIndex, request: PageRequest) {
  const search = { workspace: request.workspace, query: request.query, firstSeq: request.firstSeq }
  const pages: SortKey[] = []
  for (let page = 0, after: SortKey | null = null; page < 3; page++) {
    const hits = await index.page({ ...request, after })
    pages.push(...hits.map(({ timestamp, seq }) => ({ timestamp, seq })))
    after = pages.at(-1) ?? null
    if (hits.length < request.limit) break
  }
  const [total, facets, histogram, extent] = await Promise.all([
    totalOf(index, search),
    Promise.all(FACET_FIELDS.map((field) => index.facet(search, field, 10))),
    index.histogram(search, 3_600_000),
    index.extent(search),
  ])
  return { pages, total, facets, histogram, extent }
}

test(
  'SQLite and Elasticsearch give the same events in the same order, the same totals, facets and histograms',
  async () => {
    const request = fc.record({
      query,
      workspace: fc.constant('ws'),
      firstSeq: fc.constantFrom(0, 0, 1500),
      order: fc.constantFrom('timestamp' as const, 'timestamp' as const, 'seq' as const),
      direction: fc.constantFrom('asc' as const, 'desc' as const),
      limit: fc.integer({ min: 1, max: 50 }),
      after: fc.constant(null),
    })
    let found = 0
    await fc.assert(
      fc.asyncProperty(request, async (one) => {
        const [expected, actual] = await Promise.all(stores.map((store) => answers(store, one)))
        expect(actual).toEqual(expected)
        if (actual && actual.pages.length > 0) found++
      }),
      { numRuns: QUERIES },
    )
    // Queries that find nothing compare nothing.
    expect(found).toBeGreaterThan(QUERIES / 2)
  },
  60_000 + QUERIES * 1_000,
)
