import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Column, Columns } from '../../scripts/dashboards/lens.ts'
import type { AuditEvent } from '../../src/event/audit-event.ts'
import { fromCloudTrail } from '../../src/ingest/cloudtrail/cloudtrail.ts'
import { prepareEvents } from '../../src/ingest/prepare/prepare-event.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { committedDocuments } from '../support/committed-documents.ts'
import { testCluster, type TestCluster } from '../support/elasticsearch.ts'

// No Kibana runs here: what it would ask is made of the panels' definitions, and asked of the real cluster.

interface Panel {
  readonly type: string
  readonly id: string
  readonly attributes: {
    readonly columns: readonly string[]
    readonly state: {
      readonly query: { readonly language: string; readonly query: string }
      readonly datasourceStates: {
        readonly formBased: {
          readonly layers: Readonly<
            Record<string, { readonly columnOrder: readonly string[]; readonly columns: Columns }>
          >
        }
      }
    }
  }
}

const panels = readFileSync(new URL('../../dashboards/overview.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Panel)

const CLOUDTRAIL = new URL('../vectors/cloudtrail-stratus.ndjson.gz', import.meta.url)

/** The records, and what they have none of. */
function events(): AuditEvent[] {
  const lines = gunzipSync(readFileSync(CLOUDTRAIL)).toString().trim().split('\n')
  const ada = { type: 'user', id: 'u_7', email: 'ada@example.com' }
  const resource = { type: 'ACCOUNT', id: 'a_1' }
  const source = { ip: '203.0.113.7', user_agent: 'Mozilla/5.0 (Windows NT 10.0) Chrome/126.0' }
  const more = ['account.signed_in', 'account.sign_in_failed', 'export.requested', 'export.downloaded'].map(
    (action) => ({
      ...{ actor: ada, action, resource, source, outcome: action.endsWith('failed') ? 'failure' : 'success' },
    }),
  )
  return prepareEvents([...lines.map((line) => fromCloudTrail(JSON.parse(line))), ...more], Date.now())
}

type Rows = readonly Readonly<Record<string, unknown>>[]

/** As Kibana asks: the groups nested in their order, the measures in the innermost, the query as `query_string`. */
function request({ query }: Panel['attributes']['state'], columns: Columns): object {
  expect(query.language).toBe('lucene')
  const ids = Object.keys(columns)
  const groups = ids.filter((id) => columns[id]?.isBucketed)
  const measures = ids.filter((id) => !columns[id]?.isBucketed)
  const inner: Record<string, object> = {}
  for (const id of measures) {
    const measure = aggregation(columns[id]!)
    const { filter } = columns[id]!
    if (filter) inner[id] = { filter: lucene(filter.query), ...(measure ? { aggs: { value: measure } } : {}) }
    else if (measure) inner[id] = measure
  }
  const aggs = groups.reduceRight<Record<string, object>>(
    (nested, id) => ({ [id]: { ...aggregation(columns[id]!), aggs: nested } }),
    inner,
  )
  return { size: 0, track_total_hits: true, query: lucene(query.query), aggs }
}

function lucene(query: string): object {
  return query === '' ? { match_all: {} } : { query_string: { query, analyze_wildcard: true } }
}

/** Null: the number of documents, which every answer has. */
function aggregation({ operationType, sourceField: field, params }: Column): object | null {
  switch (operationType) {
    case 'count':
      return null
    case 'unique_count':
      return { cardinality: { field } }
    case 'min':
    case 'max':
      return { [operationType]: { field } }
    case 'date_histogram':
      return { date_histogram: { field, calendar_interval: '1M', min_doc_count: 1 } }
    case 'terms': {
      const { columnId } = params['orderBy'] as { columnId: string }
      expect(columnId).toBe('events')
      return { terms: { field, size: params['size'], order: { _count: params['orderDirection'] } } }
    }
  }
}

/** The table that a panel shows: each innermost bucket with the values of its columns. */
function rows(columns: Columns, aggregations: Readonly<Record<string, unknown>>, count: number): Rows {
  const [group, ...others] = Object.keys(columns).filter((id) => columns[id]?.isBucketed)
  const measures = Object.entries(columns).filter(([, { isBucketed }]) => !isBucketed)
  if (group === undefined)
    return [
      Object.fromEntries(
        measures.map(([id, { filter }]) => {
          const found = aggregations[id] as { value?: unknown; doc_count?: number } | undefined
          return [id, filter ? found?.doc_count : (found?.value ?? count)]
        }),
      ),
    ]
  const rest = Object.fromEntries(
    Object.entries(columns).filter(
      ([id]) => id !== group && (others.includes(id) || !columns[id]?.isBucketed),
    ),
  )
  const { buckets } = aggregations[group] as {
    buckets: (Record<string, unknown> & { key: unknown; doc_count: number })[]
  }
  return buckets.flatMap((bucket) =>
    rows(rest, bucket, bucket.doc_count).map((row) => ({ [group]: bucket.key, ...row })),
  )
}

const all = events()
let cluster: TestCluster
beforeAll(async () => {
  cluster = await testCluster({ pipeline: true })
  const index = new ElasticsearchSearchIndex({ ...cluster, planOf: () => Promise.resolve('command') })
  const documents = committedDocuments('ws', all)
  for (let at = 0; at < documents.length; at += 1000) await index.apply(documents.slice(at, at + 1000))
}, 120_000)
afterAll(async () => cluster[Symbol.asyncDispose]())

async function shown(id: string): Promise<Rows> {
  const panel = panels.find((each) => each.id === id && each.type === 'lens')
  const { columns } = panel!.attributes.state.datasourceStates.formBased.layers['events']!
  const answer = await cluster.elasticsearch.search(
    `${cluster.prefix}-events-*`,
    request(panel!.attributes.state, columns),
  )
  return rows(columns, answer.aggregations, answer.total?.value ?? 0)
}

const withVerb = (...verbs: string[]) => all.filter(({ verb }) => verbs.includes(verb)).length
const sumOf = (found: Rows, column: string) => found.reduce((sum, row) => sum + Number(row[column]), 0)

describe('the overview dashboard, asked of a real cluster with the CloudTrail records', () => {
  test.each(panels.filter(({ type }) => type === 'lens').map(({ id }) => id))('%s has rows', async (id) => {
    const found = await shown(id)
    expect(found.length).toBeGreaterThan(0)
    for (const row of found) expect(Object.values(row)).not.toContain(null)
  })

  test('its figures are those of the events', async () => {
    expect(await shown('trailseal-events-count')).toEqual([{ value: all.length }])
    expect(await shown('trailseal-destructive')).toEqual([{ value: withVerb('DELETE', 'REVOKE') }])
    expect(await shown('trailseal-exports-count')).toEqual([{ value: withVerb('EXPORT') }])
    expect(await shown('trailseal-unproven')).toEqual([{ value: 0 }])
    const failed = all.filter(({ verb, outcome }) => verb === 'LOGIN' && outcome === 'failure')
    expect(failed.length).toBeGreaterThan(0)
    expect(await shown('trailseal-failed-sign-ins')).toEqual([{ value: failed.length }])
    expect(sumOf(await shown('trailseal-sign-ins'), 'events')).toBe(withVerb('LOGIN'))
    expect(sumOf(await shown('trailseal-over-time'), 'events')).toBe(all.length)
  })

  test('sign-ins are counted by user and source, with their failures', async () => {
    const ada = (await shown('trailseal-sign-ins-by-user')).filter(({ actor }) => actor === 'ada@example.com')
    expect(ada).toEqual([expect.objectContaining({ source: '203.0.113.0', events: 2, failed: 1 })])
  })

  test('a log without gaps has as many documents as sequence numbers', async () => {
    const found = await shown('trailseal-integrity')
    expect(found).toEqual([
      expect.objectContaining({ events: all.length, first: 0, last: all.length - 1, unproven: 0 }),
    ])
  })

  test('the saved search shows fields that documents have', async () => {
    const columns = panels.find(({ type }) => type === 'search')!.attributes.columns
    const { hits } = await cluster.elasticsearch.search(`${cluster.prefix}-events-*`, {
      ...{ size: 500, sort: [{ '@timestamp': 'desc' }], _source: false, fields: columns },
    })
    const seen = new Set(hits.flatMap(({ fields }) => Object.keys(fields)))
    expect([...seen].sort()).toEqual([...columns].sort())
  })
})
