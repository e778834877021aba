import { isDeepStrictEqual } from 'node:util'
import type { BulkOperation } from '../../drivers/elasticsearch/bulk.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { pagesAtOneMoment } from '../../drivers/elasticsearch/point-in-time.ts'
import { underPlan, type LedgerPart } from './ledger-part.ts'

/** Documents of one request; a batch has up to some megabytes. */
const AT_ONCE = 16

/**
 * Brings the batches of a workspace whose plan has changed into the new plan's ledger, so that they stay online as long as the new
 * plan says. Batches are copied byte for byte under their own ids, so doing it again, or by several at once, changes nothing, and a
 * move that died goes on with what is missing. The former plan's copies stay until retention removes their index; whoever reads the
 * ledger finds either copy, and what proves an entry (head and tiles) does not move.
 */
export class PlanMove {
  readonly #elasticsearch: Elasticsearch
  readonly #prefix: string

  constructor({ elasticsearch, prefix }: { readonly elasticsearch: Elasticsearch; readonly prefix: string }) {
    this.#elasticsearch = elasticsearch
    this.#prefix = prefix
  }

  /** Copies what the plan's ledger lacks; how many batches that were. Errors: `store_unavailable`; then simply do it again. */
  async copy(part: LedgerPart, plan: string): Promise<number> {
    const target = underPlan(this.#prefix, part.index, plan)
    let copied = 0
    for await (const ids of this.#ids(part)) {
      const there = await this.#documents(target, part.workspace, ids, ['first'])
      const missing = ids.filter((_, at) => there[at] === null)
      const sources = await this.#documents(part.index, part.workspace, missing)
      const operations = missing.flatMap((id, at): BulkOperation[] => {
        const source = sources[at]
        const document = { index: target, id, routing: part.workspace }
        return source ? [{ action: 'create', ...document, source: JSON.stringify(source) }] : []
      })
      // If we die here, the next run finds these copies and goes on behind them.
      const items = operations.length === 0 ? [] : await this.#elasticsearch.bulk(operations)
      const refused = items.find(({ status }) => status >= 300 && status !== 409)
      if (refused) throw this.#elasticsearch.refusedItem(refused)
      copied += operations.length
    }
    return copied
  }

  /** Whether the plan's ledger has every batch of the part, read back and compared. */
  async isCopied(part: LedgerPart, plan: string): Promise<boolean> {
    const target = underPlan(this.#prefix, part.index, plan)
    for await (const ids of this.#ids(part)) {
      const [originals, copies] = await Promise.all([
        this.#documents(part.index, part.workspace, ids),
        this.#documents(target, part.workspace, ids),
      ])
      if (!originals.every((original, at) => original !== null && isDeepStrictEqual(original, copies[at])))
        return false
    }
    return true
  }

  async *#ids({ index, workspace }: LedgerPart): AsyncGenerator<readonly string[], void> {
    const pages = pagesAtOneMoment(this.#elasticsearch, {
      ...{ index, routing: workspace, resumable: false },
      body: { query: { term: { workspace } }, sort: [{ first: 'asc' }], size: AT_ONCE, _source: false },
    })
    for await (const hits of pages) yield hits.map(({ id }) => id)
  }

  async #documents(
    index: string,
    workspace: string,
    ids: readonly string[],
    sourceIncludes: readonly string[] = [],
  ): Promise<readonly (object | null)[]> {
    const found = await this.#elasticsearch.getMany<object>(
      ids.map((id) => ({ index, id, routing: workspace })),
      sourceIncludes,
    )
    return ids.map((_, at) => found[at]?.source ?? null)
  }
}
