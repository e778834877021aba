import { systemClock } from '../../src/clock.ts'
import { sha256 } from '../../src/compose.ts'
import { Elasticsearch } from '../../src/drivers/elasticsearch/elasticsearch.ts'
import { ElasticsearchLedger } from '../../src/ledger/elasticsearch/elasticsearch-ledger.ts'
import { Projector } from '../../src/projection/projector.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { Sequencer } from '../../src/sequencer/sequencer.ts'
import type { Signer } from '../../src/signing/signer.ts'

/** Every workspace of these tests. */
export const planOf = (): Promise<string> => Promise.resolve('command')

/** A gateway's writing side on Elasticsearch, as another process would have it: nothing is shared but the cluster. */
export function writingSide({ url, prefix, signer }: { url: string; prefix: string; signer: Signer }) {
  const elasticsearch = new Elasticsearch({ url, patienceMs: 500 })
  const ledger = new ElasticsearchLedger<null>({ elasticsearch, prefix, clock: systemClock, planOf })
  const search = new ElasticsearchSearchIndex({ elasticsearch, prefix, planOf })
  const sequencer = new Sequencer<null>({
    ...{ ledger, signer, sha256, clock: systemClock, derive: () => null },
    origin: (id) => `test/${id}`,
  })
  return { ledger, search, sequencer, projector: new Projector({ ledger, search }) }
}
