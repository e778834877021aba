import { afterAll, beforeAll } from '@jest/globals'
import { ElasticsearchWorkspaceStore } from '../../src/workspaces/elasticsearch/elasticsearch-workspace-store.ts'
import { testCluster, type TestCluster } from '../support/elasticsearch.ts'
import { workspaceStoreContract } from './workspace-store.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await testCluster()
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

workspaceStoreContract('Elasticsearch', async () => {
  await cluster.reset()
  return {
    store: new ElasticsearchWorkspaceStore(cluster),
    reopen: () => Promise.resolve(new ElasticsearchWorkspaceStore(cluster)),
    close: () => Promise.resolve(),
  }
})
