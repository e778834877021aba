import { systemClock, type Clock } from '../../src/clock.ts'
import { sha256, verifySignature } from '../../src/compose.ts'
import type { StoreReport } from '../../src/integrity/store-report.ts'
import { StoreVerification, type OnStoreProgress } from '../../src/integrity/store-verification.ts'
import { ElasticsearchLedger } from '../../src/ledger/elasticsearch/elasticsearch-ledger.ts'
import { Projector } from '../../src/projection/projector.ts'
import { createQueryFacade } from '../../src/query/create-query-facade.ts'
import type { EventList, ListedEvent } from '../../src/query/query-facade.ts'
import { parseQuery } from '../../src/search/query-parser.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { Sequencer } from '../../src/sequencer/sequencer.ts'
import { FileSigner } from '../../src/signing/file/file-signer.ts'
import { formatVkey, noteKey } from '../../src/tlog/signed-note.ts'
import { isPastGrace, readPlans } from '../../src/workspaces/plans.ts'
import { OPERATOR } from '../../src/workspaces/workspaces.ts'
import { testCluster, type TestCluster } from './elasticsearch.ts'
import { prepared } from './prepared-events.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export const PLAN = 'command'
const planOf = () => Promise.resolve(PLAN)
const origin = (workspace: string) => `test/${workspace}`

interface Stored {
  readonly _index: string
  readonly _id: string
  readonly _routing?: string
  readonly _source: Record<string, unknown>
}

/** A store of two logs in Elasticsearch, and what anybody can do who may write there. */
export class TamperedStore implements AsyncDisposable {
  readonly cluster: TestCluster
  readonly ledger: ElasticsearchLedger<null>
  readonly search: ElasticsearchSearchIndex
  readonly sequencer: Sequencer<null>
  readonly #signer: FileSigner
  readonly #directory = temporaryDirectory()

  private constructor(cluster: TestCluster) {
    this.cluster = cluster
    this.#signer = FileSigner.open({ dataDir: this.#directory.path, pem: null })
    this.ledger = this.#newLedger()
    this.search = new ElasticsearchSearchIndex({ ...cluster, planOf })
    this.sequencer = this.#sequencer(systemClock)
  }

  /** `acme` has 600 events in batches of 20, half of them with a client's id; the others have 3 each. */
  static async open(others: readonly string[]): Promise<TamperedStore> {
    const store = new TamperedStore(await testCluster())
    for (let first = 0; first < 600; first += 20)
      await store.sequencer.append(
        'acme',
        Array.from({ length: 20 }, (_, at) => eventOf(first + at)),
      )
    await Promise.all(others.map((other) => store.sequencer.append(other, [0, 1, 2].map(eventOf))))
    await store.project()
    return store
  }

  /** Events that are received then, in milliseconds since 1970. */
  async append(workspace: string, count: number, receivedAt: number): Promise<void> {
    const sequencer = this.#sequencer({ now: () => receivedAt })
    await sequencer.append(
      workspace,
      Array.from({ length: count }, (_, at) => prepared({ resource: { type: 'FILE', id: `f_${at}` } })),
    )
    await sequencer.close()
  }

  /** Signing key and record of what was published: what a gateway on this store has to be started with. */
  get dataDir(): string {
    return this.#directory.path
  }

  async project(): Promise<void> {
    await new Projector({ ledger: this.ledger, search: this.search, entriesAtOnce: 1000 }).catchUpAll()
  }

  /** As a process of its own would verify it, by default today. */
  async verify(onProgress?: OnStoreProgress, nowMs = systemClock.now()): Promise<StoreReport> {
    const plan = (await readPlans(null)).get(PLAN)
    const ledger = this.#newLedger()
    const published = new Map(
      this.#signer.publishedOrigins().map((name) => [name, this.#signer.lastPublished(name)]),
    )
    return await new StoreVerification({
      ...{ ledger, documents: ledger.documents(sha256), clock: systemClock, sha256, verifySignature, origin },
      index: new ElasticsearchSearchIndex({ ...this.cluster, planOf }),
      workspaces: { putVerificationRun: () => Promise.resolve() },
      vkey: (workspace) => formatVkey(noteKey(origin(workspace), this.#signer.publicKey, sha256)),
      publishedOrigins: () => [...published.keys()],
      lastPublished: (name) => published.get(name) ?? null,
      isExpired: (name, receivedAt) =>
        name === PLAN && plan !== undefined && isPastGrace(plan, receivedAt, nowMs),
    }).verify(onProgress)
  }

  /** Everything that the viewer would show, page by page. */
  async listed(workspace: string): Promise<ListedEvent[]> {
    const ledger = this.#newLedger()
    const facade = createQueryFacade({
      ...{
        ledger,
        search: this.search,
        parseQuery,
        clock: systemClock,
        sha256,
        origin,
        plans: await readPlans(null),
      },
      workspaces: {
        workspace: (id) =>
          Promise.resolve({
            id,
            name: id,
            plan: PLAN,
            dashboard: 'members',
            createdAt: '2026-11-23T12:00:00.000Z',
          }),
        verificationRun: () => Promise.resolve(null),
      },
      vkey: () => '',
      changes: { wait: () => Promise.resolve() },
      record: () => Promise.resolve(),
      stillValid: () => Promise.resolve(true),
      pause: () => Promise.resolve(),
    })
    const events: ListedEvent[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: EventList = await facade.events(OPERATOR, workspace, {
        ...{ limit: 200, order: 'asc' },
        ...(cursor === '' ? {} : { cursor }),
      })
      events.push(...page.events)
      cursor = page.next_cursor
    }
    return events
  }

  /** The document of an event. */
  async event(workspace: string, seq: number): Promise<Stored> {
    return await this.#one('events-*', [
      { term: { 'organization.id': workspace } },
      { term: { 'event.sequence': seq } },
    ])
  }

  /** The batch that begins there. */
  async batch(workspace: string, first: number): Promise<Stored> {
    return await this.#one('ledger-*', [{ term: { workspace } }, { term: { first } }])
  }

  async stored(index: string, id: string, routing?: string): Promise<Stored> {
    const found = await this.cluster.elasticsearch.request<Stored>({
      method: 'GET',
      path: `/${this.cluster.prefix}-${index}/_doc/${encodeURIComponent(id)}`,
      query: routing === undefined ? {} : { routing },
    })
    if (!found) throw new Error(`no ${id}`)
    return found
  }

  /** As `index` and `_id` of the answer say, with what becomes of its source. */
  async change(
    { _index, _id, _routing, _source }: Stored,
    change: (source: Record<string, never>) => void,
  ): Promise<string> {
    const source = structuredClone(_source)
    change(source as Record<string, never>)
    return await this.put({ _index, _id, _source: source, ...(_routing === undefined ? {} : { _routing }) })
  }

  async put({ _index, _id, _routing, _source }: Stored): Promise<string> {
    const routing = _routing === undefined ? {} : { routing: _routing }
    const id = encodeURIComponent(_id)
    const { elasticsearch } = this.cluster
    const existing = await elasticsearch.request<{ _seq_no: number; _primary_term: number }>({
      ...{ method: 'GET', path: `/${_index}/_doc/${id}`, query: routing },
    })
    const isEvent = _index.startsWith('.ds-')
    // A backing index takes changes, the stream itself takes what is new.
    const target = isEvent && !existing ? `${this.cluster.prefix}-events-${PLAN}` : _index
    const fence =
      existing && isEvent ? { if_seq_no: existing._seq_no, if_primary_term: existing._primary_term } : {}
    await elasticsearch.request({
      ...{ method: 'PUT', path: `/${target}/_doc/${id}`, body: _source },
      query: { refresh: true, ...fence, ...(existing ? {} : { op_type: 'create' }), ...routing },
    })
    return `${_index}/${_id}`
  }

  async remove({ _index, _id, _routing }: Stored): Promise<string> {
    await this.cluster.elasticsearch.request({
      ...{ method: 'DELETE', path: `/${_index}/_doc/${encodeURIComponent(_id)}` },
      query: { refresh: true, ...(_routing === undefined ? {} : { routing: _routing }) },
    })
    return `${_index}/${_id}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sequencer.close()
    this.#signer[Symbol.dispose]()
    await this.cluster[Symbol.asyncDispose]()
    this.#directory[Symbol.dispose]()
  }

  #sequencer(clock: Clock): Sequencer<null> {
    return new Sequencer<null>({
      ...{ ledger: this.ledger, signer: this.#signer, sha256, clock, origin },
      derive: () => null,
    })
  }

  #newLedger(): ElasticsearchLedger<null> {
    return new ElasticsearchLedger<null>({ ...this.cluster, clock: systemClock, planOf })
  }

  async #one(index: string, filter: readonly object[]): Promise<Stored> {
    // What was just committed is in a search a second later.
    for (;;) {
      const answer = await this.cluster.elasticsearch.request<{ hits: { hits: Stored[] } }>({
        ...{ method: 'POST', path: `/${this.cluster.prefix}-${index}/_search` },
        body: { query: { bool: { filter } } },
      })
      const [found] = answer?.hits.hits ?? []
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function eventOf(at: number) {
  return prepared({
    ...(at % 2 === 0 ? { id: `client-${at}` } : {}),
    actor: { type: 'user', id: `u_${at % 7}`, email: `user${at % 7}@example.com` },
    resource: { type: 'FILE', id: `f_${at}`, name: `Überprüfung_${at}.pdf` },
    before: { status: 'gap', numbers: [1, 2.5, 1e21, -0.000001] },
    after: { status: at % 3 ? 'partial' : 'covered', '': 'no key', 'a.b': { deep: [true, null] } },
    source: { ip: `203.0.113.0`, user_agent: 'Chrome 126 on Windows 10' },
  })
}
