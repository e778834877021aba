import { bulkLines, type BulkItem } from '../../drivers/elasticsearch/bulk.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { Slab } from '../../event/slab.ts'
import { Slices } from '../../slices.ts'
import type { SearchDocument } from '../search-index.ts'
import { eventDocument } from './event-document.ts'
import type { Projection } from './projection-state.ts'

/** From so many documents on a refresh of its own costs less than waiting for the next one. */
const LARGE = 256
/** Documents of one request; some are on their way side by side. */
const AT_ONCE = 1000
const PARTS_UNDER_WAY = 3
const NO_ANSWER: BulkItem = { status: 500, index: '', seqNo: -1, primaryTerm: -1, error: null }

export interface Written {
  /** Of the first and the last document. */
  readonly first: number
  readonly last: number
  readonly count: number
  /** Backing index of the last document. */
  readonly backing: string
  readonly isRepeated: boolean
}

/** Neighbouring documents as bytes: objects would outlive many garbage collections while they wait for the cluster. */
interface Part {
  readonly seqs: readonly number[]
  readonly operations: readonly Uint8Array[]
  readonly isLast: boolean
}

/** The data stream of a plan. */
export function streamOf(prefix: string, plan: string): string {
  return `${prefix}-events-${plan}`
}

/** Writes the documents of one log to its stream. */
export class DocumentWriter {
  readonly #elasticsearch: Elasticsearch
  readonly #prefix: string

  constructor(elasticsearch: Elasticsearch, prefix: string) {
    this.#elasticsearch = elasticsearch
    this.#prefix = prefix
  }

  /**
   * The documents, ascending, are shown to searches when it settles, but for those that were there already (`isRepeated`). Null where
   * there are none. They are made as the iterable gives them, some of them twice where the cluster refuses a value.
   */
  async write(state: Projection, documents: Iterable<SearchDocument>): Promise<Written | null> {
    const written: Written[] = []
    const parts = partsOf(documents, (document) => this.#lines(document, state, false))
    const ending: Part[] = []
    const lane = async (): Promise<void> => {
      for await (const part of parts) {
        // All of a workspace are on one shard: one refresh shows them all, and each makes a segment that has to be merged.
        if (part.isLast) ending.push(part)
        else written.push(await this.#writePart(state, part, documents, false))
      }
    }
    await Promise.all(Array.from({ length: PARTS_UNDER_WAY }, lane))
    const [last] = ending
    if (!last) return null
    const isSmall = written.length === 0 && last.seqs.length < LARGE
    const end = await this.#writePart(state, last, documents, isSmall ? 'wait_for' : true)
    return {
      first: Math.min(end.first, ...written.map(({ first }) => first)),
      last: end.last,
      count: written.reduce((sum, { count }) => sum + count, end.count),
      backing: end.backing,
      isRepeated: end.isRepeated || written.some(({ isRepeated }) => isRepeated),
    }
  }

  async #writePart(
    state: Projection,
    { operations, seqs }: Part,
    documents: Iterable<SearchDocument>,
    refresh: boolean | 'wait_for',
  ): Promise<Written> {
    const items = [...(await this.#elasticsearch.bulk(operations, { refresh }))]
    // A value that the cluster can't map must not hold up the log: then without the fields that are only for Kibana.
    const unmapped = [...items.keys()].filter((at) => items[at]?.status === 400)
    if (unmapped.length > 0) {
      const wanted = new Set(unmapped.map((at) => seqs[at]))
      const bare: Uint8Array[] = []
      for (const document of documents)
        if (wanted.has(document.seq)) bare.push(Buffer.from(this.#lines(document, state, true)))
      const again = await this.#elasticsearch.bulk(bare, { refresh })
      for (const [at, place] of unmapped.entries()) items[place] = again[at] ?? NO_ANSWER
    }
    const failed = items.find(({ status }) => status >= 300 && status !== 409)
    if (failed) throw this.#elasticsearch.refusedItem(failed)
    return {
      ...{ first: seqs[0] ?? 0, last: seqs.at(-1) ?? 0, count: seqs.length },
      backing: items.at(-1)?.index ?? '',
      isRepeated: items.some(({ status }) => status === 409),
    }
  }

  #lines(document: SearchDocument, { log, plan }: Projection, bare: boolean): string {
    const { workspace, seq } = document
    return bulkLines({
      action: 'create',
      index: streamOf(this.#prefix, plan),
      id: `${log}/${seq}`,
      routing: workspace,
      source: JSON.stringify(eventDocument(document, log, bare)),
    })
  }
}

async function* partsOf(
  documents: Iterable<SearchDocument>,
  linesOf: (document: SearchDocument) => string,
): AsyncGenerator<Part, void> {
  const slab = new Slab()
  const slices = new Slices()
  let operations: Uint8Array[] = []
  let seqs: number[] = []
  for (const document of documents) {
    if (operations.length === AT_ONCE) {
      yield { operations, seqs, isLast: false }
      operations = []
      seqs = []
    }
    operations.push(slab.encode(linesOf(document)))
    seqs.push(document.seq)
    if (slices.isOver()) await slices.next()
  }
  if (operations.length > 0) yield { operations, seqs, isLast: true }
}
