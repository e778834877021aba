import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { pagesAtOneMoment } from '../../drivers/elasticsearch/point-in-time.ts'
import type { Sha256 } from '../../tlog/sha256.ts'
import type { Chain } from './chain.ts'
import { DocumentCheck, type DocumentFinding } from './document-check.ts'
import { tileId, type Names } from './documents.ts'
import type { Heads } from './heads.ts'

const WORKSPACES_AT_ONCE = 5000
const DOCUMENTS_AT_ONCE = 1000
const MOST_FINDINGS = 100

/** The ledger as documents with names, any of which somebody may have changed, removed or added: for verification. */
export class LedgerDocuments {
  readonly #parts

  constructor(parts: {
    readonly elasticsearch: Elasticsearch
    readonly names: Names
    readonly heads: Heads
    readonly chain: Chain
    readonly sha256: Sha256
  }) {
    this.#parts = parts
  }

  /** What is wrong with the documents of one log, whatever its readers read of them. At most 100 findings; bounded memory. */
  async check(workspace: string, onProgress: (entries: number) => void): Promise<readonly DocumentFinding[]> {
    return await new DocumentCheck({ ...this.#parts, workspace, onProgress }).run()
  }

  /** Index and `_id` of what holds an entry, a tile, or else the head. */
  async nameOf(
    workspace: string,
    part: { readonly seq?: number; readonly tile?: { readonly level: number; readonly index: number } },
  ): Promise<string> {
    const { elasticsearch, chain, heads, names } = this.#parts
    const { seq, tile } = part
    if (seq !== undefined) {
      const [batch] = await chain.locate(workspace, seq, seq + 1)
      if (batch) return `${batch.ref.index}/${batch.ref.id}`
    }
    const { source } = await heads.read(workspace)
    if (!source || !tile || (tile.index + 1) * 256 ** (tile.level + 1) > source.size)
      return `${names.heads}/${workspace}`
    const id = tileId({ workspace, ...tile })
    const { index, id: batch } = source.last_batch
    const isCopied =
      (await elasticsearch.get({ index: names.tiles, id, routing: workspace }, ['level'])) !== null
    const pending = isCopied ? [] : await heads.pendingTiles(source)
    return pending.some((each) => tileId(each) === id) ? `${index}/${batch}` : `${names.tiles}/${id}`
  }

  /** Documents of the ledger's indices that are of no log at all. */
  async strays(): Promise<readonly DocumentFinding[]> {
    const { elasticsearch, names } = this.#parts
    const findings: DocumentFinding[] = []
    const add = (document: string) =>
      findings.push({
        what: 'document',
        document,
        message: 'The document is of no log: it was added or changed.',
      })
    const size = DOCUMENTS_AT_ONCE
    const heads = pagesAtOneMoment<{ kind?: string; workspace?: string }>(elasticsearch, {
      ...{ index: names.heads, resumable: false },
      body: { size, query: { match_all: {} }, sort: ['_shard_doc'], _source: ['kind', 'workspace'] },
    })
    for await (const hits of heads)
      for (const { index, id, source } of hits) {
        const { kind, workspace } = source
        // A head that lost only its kind is named with its log.
        if (id !== workspace && !(kind === 'projection' && id === `projection:${workspace}`))
          add(`${index}/${id}`)
      }
    const nameless = { bool: { must_not: [{ exists: { field: 'workspace' } }] } }
    for (const index of [names.everyLedger, names.tiles]) {
      const body = { size, query: nameless, track_total_hits: false, _source: false }
      for (const { index: at, id } of (await elasticsearch.search(index, body)).hits) add(`${at}/${id}`)
    }
    return findings.slice(0, MOST_FINDINGS)
  }

  /** Also of those whose head is gone. */
  async workspaces(): Promise<readonly string[]> {
    const { elasticsearch, names } = this.#parts
    const found: string[] = []
    const sources = [{ workspace: { terms: { field: 'workspace' } } }]
    for (let after: object | undefined; ;) {
      const { aggregations } = await elasticsearch.search(`${names.everyLedger},${names.tiles}`, {
        ...{ size: 0, track_total_hits: false },
        aggs: { workspaces: { composite: { size: WORKSPACES_AT_ONCE, sources, ...(after && { after }) } } },
      })
      const { buckets = [], after_key: next } = (aggregations['workspaces'] ?? {}) as {
        buckets?: { key: { workspace: string } }[]
        after_key?: object
      }
      for (const { key } of buckets) found.push(key.workspace)
      if (!next || buckets.length < WORKSPACES_AT_ONCE) return found
      after = next
    }
  }
}
