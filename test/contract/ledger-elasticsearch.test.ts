import { afterAll, beforeAll } from '@jest/globals'
import { systemClock } from '../../src/clock.ts'
import { ElasticsearchLedger } from '../../src/ledger/elasticsearch/elasticsearch-ledger.ts'
import { testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { ledgerContract } from './ledger.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await testCluster()
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

ledgerContract('Elasticsearch', async () => {
  await cluster.reset()
  return {
    ledger: new ElasticsearchLedger<null>({
      ...cluster,
      clock: systemClock,
      planOf: () => Promise.resolve('command'),
    }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})
