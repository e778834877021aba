import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Elasticsearch } from '../../src/drivers/elasticsearch/elasticsearch.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import type { Hit, PageRequest } from '../../src/search/search-index.ts'
import { elasticsearchUrl, testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { faultyElasticsearch } from '../support/faulty-elasticsearch.ts'
import { documentOf, searchIndexContract } from './search-index.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await testCluster()
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

searchIndexContract('Elasticsearch', async () => {
  await cluster.reset()
  return {
    index: new ElasticsearchSearchIndex({ ...cluster, planOf: () => Promise.resolve('command') }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})

describe('a scan', () => {
  const planOf = () => Promise.resolve('command')
  const documents = (workspace: string, from: number, to: number) =>
    // Many events of one millisecond, so that a page ends among equals.
    Array.from({ length: to - from }, (_, at) =>
      documentOf(workspace, from + at, { timestamp: (from + at) % 3 }),
    )
  const everything = (workspace: string, order: 'seq' | 'timestamp'): Omit<PageRequest, 'after'> => ({
    ...{ workspace, firstSeq: 0, order, limit: 10 },
    query: { type: 'all' },
    direction: 'asc',
  })

  test('shows the moment it began, whatever is indexed, refreshed or replayed while it goes on', async () => {
    const index = new ElasticsearchSearchIndex({ ...cluster, planOf })
    await index.apply(documents('moment', 0, 45))
    const seen: Hit[] = []
    for await (const hits of index.scan(everything('moment', 'timestamp'))) {
      if (seen.length === 0) {
        await index.apply(documents('moment', 45, 90))
        await index.clear('moment')
        await index.apply(documents('moment', 0, 5))
      }
      seen.push(...hits)
    }
    const expected = Array.from({ length: 45 }, (_, seq) => seq).sort(
      (one, other) => (one % 3) - (other % 3) || one - other,
    )
    expect(seen.map(({ seq }) => seq)).toEqual(expected)
  })

  test.each(['timestamp', 'seq'] as const)(
    'whose point in time is gone goes on behind the last hit, in the order of %s, and leaves none open',
    async (order) => {
      await using faulty = await faultyElasticsearch(elasticsearchUrl())
      await using elasticsearch = new Elasticsearch({ url: faulty.url })
      const index = new ElasticsearchSearchIndex({ elasticsearch, prefix: cluster.prefix, planOf })
      await index.apply(documents(order, 0, 45))
      const moments = new Set<string>()
      const closed = new Set<string>()
      faulty.decide = ({ path, body }) => {
        const id = (JSON.parse(body || '{}') as { pit?: { id: string } }).pit?.id
        if (id !== undefined) moments.add(id)
        if (path.endsWith('/_pit') && body !== '') closed.add((JSON.parse(body) as { id: string }).id)
        return 'none'
      }
      const seen: Hit[] = []
      for await (const hits of index.scan(everything(order, order))) {
        seen.push(...hits)
        if (seen.length !== 20) continue
        const [id] = moments
        await cluster.elasticsearch.request({ method: 'DELETE', path: '/_pit', body: { id } })
      }
      expect(seen.map(({ seq }) => seq).sort((one, other) => one - other)).toEqual(
        Array.from({ length: 45 }, (_, seq) => seq),
      )
      expect(moments.size).toBe(2)
      expect(closed).toEqual(new Set([[...moments][1]]))
    },
  )

  test('that is left early lets go of its point in time', async () => {
    await using faulty = await faultyElasticsearch(elasticsearchUrl())
    await using elasticsearch = new Elasticsearch({ url: faulty.url })
    const index = new ElasticsearchSearchIndex({ elasticsearch, prefix: cluster.prefix, planOf })
    await index.apply(documents('early', 0, 25))
    let deleted = 0
    faulty.decide = ({ path, body }) => {
      if (path.endsWith('/_pit') && body !== '') deleted++
      return 'none'
    }
    for await (const hits of index.scan(everything('early', 'seq'))) if (hits.length > 0) break
    expect(deleted).toBe(1)
  })
})
