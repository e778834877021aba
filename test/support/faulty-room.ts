import { systemClock } from '../../src/clock.ts'
import { sha256 } from '../../src/compose.ts'
import { Elasticsearch } from '../../src/drivers/elasticsearch/elasticsearch.ts'
import { ElasticsearchLedger } from '../../src/ledger/elasticsearch/elasticsearch-ledger.ts'
import { Projector } from '../../src/projection/projector.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { Sequencer } from '../../src/sequencer/sequencer.ts'
import { FileSigner } from '../../src/signing/file/file-signer.ts'
import { elasticsearchUrl, testCluster, type TestCluster } from './elasticsearch.ts'
import { faultyElasticsearch, type FaultyElasticsearch } from './faulty-elasticsearch.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** Every workspace of these tests. */
export const planOf = (): Promise<string> => Promise.resolve('command')

/** Indices of its own in the cluster, and gateways' writing sides on them behind a connection that fails where the test wants it to. */
export class FaultyRoom implements AsyncDisposable {
  readonly cluster: TestCluster
  readonly faulty: FaultyElasticsearch
  readonly #directory = temporaryDirectory()
  readonly #signer = FileSigner.open({ dataDir: this.#directory.path, pem: null })

  private constructor(cluster: TestCluster, faulty: FaultyElasticsearch) {
    this.cluster = cluster
    this.faulty = faulty
  }

  static async open(): Promise<FaultyRoom> {
    return new FaultyRoom(await testCluster(), await faultyElasticsearch(elasticsearchUrl()))
  }

  /** As another process would have it: nothing is shared but the cluster. */
  gateway(url = this.faulty.url) {
    const elasticsearch = new Elasticsearch({ url, patienceMs: 500 })
    const { prefix } = this.cluster
    const ledger = new ElasticsearchLedger<null>({ elasticsearch, prefix, clock: systemClock, planOf })
    const search = new ElasticsearchSearchIndex({ elasticsearch, prefix, planOf })
    const sequencer = new Sequencer<null>({
      ...{ ledger, signer: this.#signer, sha256, clock: systemClock, derive: () => null },
      origin: (id) => `test/${id}`,
    })
    return { ledger, search, sequencer, projector: new Projector({ ledger, search }) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.faulty[Symbol.asyncDispose]()
    await this.cluster[Symbol.asyncDispose]()
    this.#directory[Symbol.dispose]()
  }
}
