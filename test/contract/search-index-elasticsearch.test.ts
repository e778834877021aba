import { afterAll, beforeAll } from '@jest/globals'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { searchIndexContract } from './search-index.ts'

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
