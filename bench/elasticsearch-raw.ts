import { Agent, request } from 'node:http'
import { Elasticsearch } from '../src/drivers/elasticsearch/elasticsearch.ts'
import { pagesAtOneMoment } from '../src/drivers/elasticsearch/point-in-time.ts'
import { systemClock } from '../src/clock.ts'
import { ElasticsearchLedger } from '../src/ledger/elasticsearch/elasticsearch-ledger.ts'
import { replayedDocument } from '../src/projection/projector.ts'
import { eventDocument } from '../src/search/elasticsearch/event-document.ts'

/** Documents of one request of the projection. */
const AT_ONCE = 1000
const ENTRIES_AT_ONCE = 4000

/** What the gateway wrote, as bodies of the bulk API for other indices of the same kind. */
export async function rawBodies(options: {
  readonly url: string
  readonly from: string
  readonly to: string
  readonly workspace: string
  readonly plan: string
}): Promise<string[]> {
  const { url, from, to, workspace, plan } = options
  await using elasticsearch = new Elasticsearch({ url })
  const bodies: string[] = []
  for (const index of ['ledger-*', 'tiles']) {
    const pages = pagesAtOneMoment<object>(elasticsearch, {
      ...{ index: `${from}-${index}`, routing: workspace, resumable: false },
      body: { size: 4, query: { term: { workspace } }, sort: ['_shard_doc'] },
    })
    for await (const hits of pages)
      bodies.push(
        hits
          .map((hit) => lines(hit.index.replace(from, to), hit.id, workspace, JSON.stringify(hit.source)))
          .join(''),
      )
  }
  const planOf = () => Promise.resolve(plan)
  const ledger = new ElasticsearchLedger<null>({ elasticsearch, prefix: from, clock: systemClock, planOf })
  const size = (await ledger.head(workspace))?.size ?? 0
  for (let first = 0; first < size; first += ENTRIES_AT_ONCE) {
    const entries = await ledger.entries(workspace, first, ENTRIES_AT_ONCE)
    for (let at = 0; at < entries.length; at += AT_ONCE)
      bodies.push(
        entries
          .slice(at, at + AT_ONCE)
          .map((entry) => replayedDocument(workspace, entry))
          .map((document) => {
            const source = JSON.stringify(eventDocument(document, `${workspace}/raw`, false))
            return lines(`${to}-events-${plan}`, `${workspace}/raw/${document.seq}`, workspace, source)
          })
          .join(''),
      )
  }
  return bodies
}

/** The bodies one after the other by a few clients, and nothing else; then all of it can be searched. */
export async function writeRaw(
  url: string,
  bodies: readonly string[],
  clients: number,
  prefix: string,
): Promise<void> {
  using agent = new Agents()
  const waiting = [...bodies]
  const client = async () => {
    for (let body = waiting.shift(); body !== undefined; body = waiting.shift())
      await post(agent.keptAlive, new URL('/_bulk?filter_path=errors', url), body)
  }
  await Promise.all(Array.from({ length: clients }, client))
  await post(agent.keptAlive, new URL(`/${prefix}-*/_refresh`, url), '')
}

class Agents implements Disposable {
  readonly keptAlive = new Agent({ keepAlive: true });
  [Symbol.dispose](): void {
    this.keptAlive.destroy()
  }
}

function lines(index: string, id: string, routing: string, source: string): string {
  return `${JSON.stringify({ create: { _index: index, _id: id, routing } })}\n${source}\n`
}

function post(agent: Agent, url: URL, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-ndjson' }
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => {
        if (answer.statusCode === 200 && !text.includes('"errors":true')) resolve()
        else reject(new Error(`bulk: ${answer.statusCode} ${text.slice(0, 200)}`))
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
