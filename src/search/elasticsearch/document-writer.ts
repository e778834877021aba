import type { BulkItem, BulkOperation } from '../../drivers/elasticsearch/bulk.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
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
  /** Backing index of the last document. */
  readonly backing: string
  readonly isRepeated: boolean
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

  /** The documents are shown to searches when it settles, but for those that were there already (`isRepeated`). */
  async write(state: Projection, documents: readonly SearchDocument[]): Promise<Written> {
    const written: Written[] = []
    const last = Math.floor((documents.length - 1) / AT_ONCE) * AT_ONCE
    // As the bodies of requests they take several times their memory: only a few are made before the ones before are answered.
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < last) {
        const at = next
        next += AT_ONCE
        written.push(await this.#writePart(state, documents.slice(at, at + AT_ONCE), false))
      }
    }
    await Promise.all(Array.from({ length: PARTS_UNDER_WAY }, lane))
    // All of a workspace are on one shard: one refresh shows them all, and each makes a segment that has to be merged.
    written.push(
      await this.#writePart(state, documents.slice(last), documents.length < LARGE ? 'wait_for' : true),
    )
    return {
      backing: written.at(-1)?.backing ?? '',
      isRepeated: written.some(({ isRepeated }) => isRepeated),
    }
  }

  async #writePart(
    { log, plan }: Projection,
    documents: readonly SearchDocument[],
    refresh: boolean | 'wait_for',
  ): Promise<Written> {
    const operations: BulkOperation[] = []
    const slices = new Slices()
    for (const document of documents) {
      operations.push(this.#operation(document, log, plan, false))
      if (slices.isOver()) await slices.next()
    }
    const items = [...(await this.#elasticsearch.bulk(operations, { refresh }))]
    // A value that the cluster can't map must not hold up the log: then without the fields that are only for Kibana.
    const unmapped = [...items.keys()].filter((at) => items[at]?.status === 400)
    const bare = unmapped
      .flatMap((at) => documents[at] ?? [])
      .map((document) => this.#operation(document, log, plan, true))
    const again = bare.length === 0 ? [] : await this.#elasticsearch.bulk(bare, { refresh })
    for (const [at, place] of unmapped.entries()) items[place] = again[at] ?? NO_ANSWER
    const failed = items.find(({ status }) => status >= 300 && status !== 409)
    if (failed) throw this.#elasticsearch.refusedItem(failed)
    return { backing: items.at(-1)?.index ?? '', isRepeated: items.some(({ status }) => status === 409) }
  }

  #operation(document: SearchDocument, log: string, plan: string, bare: boolean): BulkOperation {
    const { workspace, seq } = document
    const source = JSON.stringify(eventDocument(document, log, bare))
    return {
      action: 'create',
      index: streamOf(this.#prefix, plan),
      id: `${log}/${seq}`,
      routing: workspace,
      source,
    }
  }
}
