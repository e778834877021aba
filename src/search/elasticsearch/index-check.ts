import { setTimeout as pause } from 'node:timers/promises'
import type { SearchHit } from '../../drivers/elasticsearch/answers.ts'
import { backingIndices } from '../../drivers/elasticsearch/backing-indices.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { pagesAtOneMoment } from '../../drivers/elasticsearch/point-in-time.ts'
import type { SearchDocument } from '../search-index.ts'
import type { Dsl } from './compile.ts'
import { streamOf } from './document-writer.ts'
import { exactTerms } from './event-document.ts'
import { FIELDS } from './fields.ts'
import { ProjectionStates, type Projection } from './projection-state.ts'
import { isSourceOf } from './source-check.ts'
import { WordCheck, type Indexed } from './word-check.ts'

/** A document of which the index says something else than the log, or that no log has. */
export interface IndexDifference {
  readonly workspace: string
  /** Null: the document does not say of which entry it is. */
  readonly seq: number | null
  /**
   * `missing`: no search finds the event. `columns`: another content. `tokens`: not found by all of its words. `rewritten`: written
   * a second time, which the projection never does. `stray`: beside the one document that the event has.
   */
  readonly what: 'missing' | 'columns' | 'tokens' | 'rewritten' | 'stray'
  /** Index and `_id`, where there is a document. */
  readonly document: string | null
}

/** A document that no search of the product shows, but everybody does who looks with Kibana. */
export interface Leftover {
  readonly workspace: string
  readonly document: string
  readonly entry: Uint8Array | null
  /** Whether it is what the projection wrote for this event. */
  isProjectionOf(document: SearchDocument): boolean
}

export interface IndexReport {
  readonly events: number
  readonly tokens: number
  readonly differences: readonly IndexDifference[]
  /** None that has no name: they are among the differences. */
  readonly strays: number
  /** Entries that the projection has not come to yet: not judged. */
  readonly waiting: number
  /** Entries without a document, so old that the cluster may have deleted it. */
  readonly expired: number
  /** How far the projection says it is, and where it says so. */
  readonly positions: readonly {
    readonly workspace: string
    readonly position: number
    readonly document: string
  }[]
  /** What the streams hold beside: for whoever can tell a copy of an event from an invention. */
  readonly leftovers: AsyncIterable<readonly Leftover[]>
}

interface Source {
  readonly organization?: { readonly id?: unknown }
  readonly event?: { readonly original?: unknown }
  readonly trailseal?: { readonly log?: unknown }
}

type Hit = SearchHit<Source>

/** Whether the stream of a plan may have let go of what was received then (milliseconds since 1970). */
export type IsExpired = (plan: string, receivedAt: number) => boolean

/** Documents of a request stay below this, in canonical bytes, though an event may have 64 KiB. */
const BYTES_AT_ONCE = 2 << 20
const EVENTS_AT_ONCE = 256
const MOST_DIFFERENCES = 100
/** More documents than events mean strays; how many of them a request brings at most. */
const SPARE = 64
/** A projection on its way writes documents first, and moves its position within seconds. */
const PATIENCE_MS = 10_000
const PAUSE_MS = 250

/** Holds the projection against documents that were made of the ledger again: `_source`, exact terms, words, versions. */
export class IndexCheck {
  readonly #elasticsearch: Elasticsearch
  readonly #prefix: string
  readonly #states: ProjectionStates
  readonly #words: WordCheck
  readonly #judged = new Map<string, Projection>()
  readonly #differences: IndexDifference[] = []
  readonly #isExpired: IsExpired
  #events = 0
  #waiting = 0
  #expired = 0

  constructor(elasticsearch: Elasticsearch, prefix: string, isExpired: IsExpired) {
    this.#elasticsearch = elasticsearch
    this.#prefix = prefix
    this.#isExpired = isExpired
    this.#states = new ProjectionStates(elasticsearch, prefix)
    this.#words = new WordCheck(elasticsearch)
  }

  /** Each batch is of one workspace, ascending by seq, and made of committed entries. */
  async run(
    batches: AsyncIterable<readonly SearchDocument[]>,
    progress: (wordsCompared: number) => void,
  ): Promise<IndexReport> {
    for await (const batch of batches)
      for (const documents of parts(batch)) {
        await this.#compare(documents)
        progress(this.#words.words)
      }
    for (const state of this.#judged.values()) await this.#findStrays(state)
    return {
      ...{ events: this.#events, tokens: this.#words.words },
      ...{ waiting: this.#waiting, expired: this.#expired },
      ...{ differences: this.#differences, strays: 0, leftovers: this.#leftovers() },
      positions: [...this.#judged.values()].map(({ workspace, position }) => ({
        ...{ workspace, position, document: this.#states.documentOf(workspace) },
      })),
    }
  }

  /** Documents of the streams that are of no generation in use: those of an earlier one, and what somebody added. */
  async *#leftovers(): AsyncGenerator<readonly Leftover[], void> {
    const plans = Map.groupBy(this.#judged.values(), ({ plan }) => plan)
    const logs = [...this.#judged.values()].map(({ log }) => log)
    yield* this.#outside([{ terms: { [FIELDS.log]: logs } }], [])
    for (const [plan, states] of plans)
      yield* this.#outside(
        // The name of a stream itself can't be excluded from a search.
        [{ terms: { _index: await this.#backingIndices(plan) } }],
        [{ terms: { [FIELDS.log]: states.map(({ log }) => log) } }],
      )
  }

  async *#outside(not: readonly Dsl[], filter: readonly Dsl[]): AsyncGenerator<readonly Leftover[], void> {
    const query = { bool: { filter, must_not: not } }
    const pages = pagesAtOneMoment<Source>(this.#elasticsearch, {
      ...{ index: `${this.#prefix}-events-*`, resumable: false },
      body: { size: EVENTS_AT_ONCE, query, sort: ['_shard_doc'], version: true },
    })
    for await (const hits of pages) yield hits.map((hit) => leftoverOf(hit))
  }

  async #backingIndices(plan: string): Promise<readonly string[]> {
    const stream = this.#stream(plan)
    return (await backingIndices(this.#elasticsearch, stream)).get(stream) ?? []
  }

  async #compare(documents: readonly SearchDocument[]): Promise<void> {
    const [first] = documents
    if (!first) return
    const { workspace } = first
    const state = await this.#stateOf(workspace)
    const due = documents.filter(({ seq }) => seq < state.position)
    this.#waiting += documents.length - due.length
    const last = due.at(-1)
    if (!last) return
    const range = { range: { [FIELDS.seq]: { gte: first.seq, lte: last.seq } } }
    const bySeq = Map.groupBy(await this.#hits(state, [range], due.length + SPARE), seqOf)
    const found: Indexed[] = []
    const missing: SearchDocument[] = []
    for (const document of due) {
      const hits = bySeq.get(document.seq) ?? []
      const id = `${state.log}/${document.seq}`
      const own = hits.find((hit) => hit.id === id)
      for (const hit of hits) if (hit !== own) this.#add(workspace, document.seq, 'stray', hit)
      if (!own) missing.push(document)
      else if (this.#isSound(own, document, state)) found.push({ document, id, index: own.index })
    }
    if (missing.length > 0) await this.#findMissing(state, missing)
    this.#events += found.length
    for (const { document, id, index } of await this.#words.lacking(
      this.#stream(state.plan),
      workspace,
      found,
    ))
      this.#add(workspace, document.seq, 'tokens', { index, id })
  }

  /** Whether its words are worth asking for: another content is a finding already. */
  #isSound(hit: Hit, document: SearchDocument, { workspace, log }: Projection): boolean {
    const terms = new Set(exactTerms(document))
    const found = hit.fields[FIELDS.exact] ?? []
    const hasTerms = found.length === terms.size && found.every((term) => terms.has(String(term)))
    const isSound = hasTerms && isSourceOf(hit.source, document, log)
    if (!isSound) this.#add(workspace, document.seq, 'columns', hit)
    else if (hit.version !== 1) this.#add(workspace, document.seq, 'rewritten', hit)
    return isSound
  }

  /**
   * A document that was made invisible is there under its id all the same, and has a name. One that is not there at all may have
   * gone with its backing index: that is deleted a plan's window and grace after it was rolled over, so what it had is older.
   */
  async #findMissing(state: Projection, documents: readonly SearchDocument[]): Promise<void> {
    const { workspace, log, plan } = state
    const { hits } = await this.#elasticsearch.search<Source>(`${this.#prefix}-events-*`, {
      query: { ids: { values: documents.map(({ seq }) => `${log}/${seq}`) } },
      size: documents.length + SPARE,
      track_total_hits: false,
      _source: false,
    })
    const hidden = new Map(hits.map((hit) => [hit.id, hit]))
    for (const { seq, committed } of documents) {
      const id = `${log}/${seq}`
      const hit = hidden.get(id)
      if (hit) this.#add(workspace, seq, 'columns', hit)
      else if (committed && this.#isExpired(plan, Date.parse(committed.entry.received_at))) this.#expired += 1
      else this.#add(workspace, seq, 'missing', { index: this.#stream(plan), id })
    }
  }

  /** Documents of the generation in use that stand for no entry: without a seq, or beyond what was projected. */
  async #findStrays({ workspace }: Projection): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const state = (await this.#states.read(workspace))?.value
      const known = this.#judged.get(workspace)
      // Replayed meanwhile: what was judged is garbage by now, and its successor is not judged.
      if (!state || state.log !== known?.log) return
      const outside = [
        { range: { [FIELDS.seq]: { gte: state.position } } },
        { range: { [FIELDS.seq]: { lt: 0 } } },
        { bool: { must_not: [{ exists: { field: FIELDS.seq } }] } },
      ]
      const hits = await this.#hits(state, [{ bool: { should: outside, minimum_should_match: 1 } }], SPARE)
      if (hits.length === 0) return
      if (performance.now() > deadline) {
        for (const hit of hits) this.#add(workspace, seqOf(hit), 'stray', hit)
        return
      }
      await pause(PAUSE_MS)
    }
  }

  async #hits(
    { workspace, log, plan }: Projection,
    filter: readonly Dsl[],
    size: number,
  ): Promise<readonly Hit[]> {
    const { hits } = await this.#elasticsearch.search<Source>(
      this.#stream(plan),
      {
        query: { bool: { filter: [{ term: { [FIELDS.log]: log } }, ...filter] } },
        ...{ size, version: true, track_total_hits: false, sort: [{ [FIELDS.seq]: 'asc' }] },
        docvalue_fields: [FIELDS.exact, FIELDS.seq],
      },
      workspace,
    )
    return hits
  }

  /** As it was when the first documents of the workspace came. */
  async #stateOf(workspace: string): Promise<Projection> {
    const known = this.#judged.get(workspace)
    if (known) return known
    const none: Projection = { kind: 'projection', workspace, log: '', plan: '', position: 0, backing: '' }
    const state = (await this.#states.read(workspace))?.value ?? none
    this.#judged.set(workspace, state)
    return state
  }

  #add(
    workspace: string,
    seq: number | null,
    what: IndexDifference['what'],
    place: { readonly index: string; readonly id: string },
  ): void {
    if (this.#differences.length >= MOST_DIFFERENCES) return
    this.#differences.push({ workspace, seq, what, document: `${place.index}/${place.id}` })
  }

  #stream(plan: string): string {
    return streamOf(this.#prefix, plan)
  }
}

function* parts(documents: readonly SearchDocument[]): Generator<SearchDocument[]> {
  let part: SearchDocument[] = []
  let bytes = 0
  for (const document of documents) {
    const size = document.committed?.bytes.length ?? 0
    if (part.length === EVENTS_AT_ONCE || (part.length > 0 && bytes + size > BYTES_AT_ONCE)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(document)
    bytes += size
  }
  if (part.length > 0) yield part
}

function seqOf({ fields }: Hit): number | null {
  const seq = fields[FIELDS.seq]?.[0]
  return typeof seq === 'number' ? seq : null
}

function leftoverOf({ index, id, source, version }: Hit): Leftover {
  const { organization, event, trailseal } = source
  const log = String(trailseal?.log)
  return {
    document: `${index}/${id}`,
    workspace: String(organization?.id),
    entry: typeof event?.original === 'string' ? new TextEncoder().encode(event.original) : null,
    isProjectionOf: (document) =>
      version === 1 && id === `${log}/${document.seq}` && isSourceOf(source, document, log),
  }
}

/** Indices of which the cluster lacks a whole shard. */
export async function brokenIndices(
  elasticsearch: Elasticsearch,
  prefix: string,
): Promise<readonly string[]> {
  const health = await elasticsearch.request<{ indices?: Record<string, { status: string }> }>({
    method: 'GET',
    path: `/_cluster/health/${prefix}-*`,
    query: { level: 'indices', filter_path: 'indices.*.status' },
  })
  return Object.entries(health?.indices ?? {})
    .filter(([, { status }]) => status === 'red')
    .map(([index]) => `The cluster has lost a shard of ${index}.`)
}
