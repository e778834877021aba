import { isDeepStrictEqual } from 'node:util'
import type { SearchHit } from '../../drivers/elasticsearch/answers.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { pagesAtOneMoment } from '../../drivers/elasticsearch/point-in-time.ts'
import type { Sha256 } from '../../tlog/sha256.ts'
import { contentOf, isLostRace, wrongFields, type BatchContent } from './batch-check.ts'
import {
  tileId,
  toBase64,
  type BatchRef,
  type BatchSource,
  type HeadSource,
  type Names,
  type TileSource,
} from './documents.ts'
import type { FencedHead, Heads } from './heads.ts'
import { findBatch } from './moved-batch.ts'

/** A document of the ledger that says something else than the log, is not there, or should not be. */
export interface DocumentFinding {
  readonly what: 'head' | 'tile' | 'entry' | 'ids' | 'received' | 'document'
  readonly seq?: number
  /** Index and `_id`. */
  readonly document: string
  readonly message: string
}

interface CheckOptions {
  readonly elasticsearch: Elasticsearch
  readonly names: Names
  readonly heads: Heads
  readonly sha256: Sha256
  readonly workspace: string
  /** Called with the entries whose documents were read. */
  readonly onProgress: (entries: number) => void
}

type Batch = Pick<SearchHit<Partial<BatchSource>>, 'index' | 'id' | 'source'>

/** Batches have up to some megabytes. */
const BATCHES_AT_ONCE = 16
const TILES_AT_ONCE = 64
const MOST_FINDINGS = 100
const FULL_TILE_BASE64 = 10_924

/**
 * Reads every document of one log, from the youngest batch down, as they are: what the ledger itself does not read, or would
 * read from somewhere else, is seen here. That entries and hashes are the log's own is for the log's verification to say.
 */
export class DocumentCheck {
  readonly #options: CheckOptions
  readonly #findings: DocumentFinding[] = []
  #entries = 0

  constructor(options: CheckOptions) {
    this.#options = options
  }

  async run(): Promise<readonly DocumentFinding[]> {
    const { heads, workspace } = this.#options
    const head = await heads.read(workspace)
    if (head.source) await this.#checkHead(head.source)
    await this.#checkBatches(head)
    await this.#checkTiles()
    return this.#findings
  }

  async #checkHead(source: HeadSource): Promise<void> {
    const { elasticsearch, names, workspace } = this.#options
    const wrong = (field: string) => {
      this.#add('head', `${names.heads}/${workspace}`, `The head has another ${field} than its log.`)
    }
    if ((source.kind as string) !== 'head') wrong('kind')
    if (source.workspace !== workspace) wrong('workspace')
    const { index, id, first, count } = source.last_batch
    if (first + count !== source.size) wrong('youngest batch')
    const youngest = await elasticsearch.get<BatchSource>({ index, id, routing: workspace }, ['received_at'])
    if (youngest && youngest.source.received_at !== source.last_received_at) wrong('time of receipt')
  }

  /** From the head down: the chain is what counts; whatever stands beside it no head leads to. */
  async #checkBatches(head: FencedHead): Promise<void> {
    const { elasticsearch, names, workspace } = this.#options
    let next: BatchRef | null = head.source?.last_batch ?? null
    let end = head.source?.size ?? 0
    const pages = pagesAtOneMoment<Partial<BatchSource>>(elasticsearch, {
      ...{ index: names.everyLedger, routing: workspace, resumable: false },
      body: { size: BATCHES_AT_ONCE, query: { term: { workspace } }, sort: [{ first: 'desc' }] },
    })
    for await (const hits of pages)
      for (const hit of hits) {
        const first = Number(hit.source.first)
        // No search has it where the log has it: it is asked for by its name.
        while (next && next.first > first) ({ next, end } = await this.#named(next, end))
        if (next ? await this.#isAt(next, hit) : await this.#joins(hit, end, head)) {
          next = await this.#link(hit, end)
          end = first
        } else await this.#beside(hit, head)
      }
    while (next) ({ next, end } = await this.#named(next, end))
  }

  /** Also its copy in another plan's ledger, once the index that the log names is gone. */
  async #isAt(ref: BatchRef, { index, id }: Batch): Promise<boolean> {
    if (id !== ref.id) return false
    if (index === ref.index) return true
    const { elasticsearch, workspace } = this.#options
    return (await elasticsearch.get({ ...ref, routing: workspace }, ['first'])) === null
  }

  async #named(ref: BatchRef, end: number): Promise<{ next: BatchRef | null; end: number }> {
    const { elasticsearch, names, workspace } = this.#options
    const found = await findBatch<Partial<BatchSource>>(elasticsearch, names, { workspace, ref })
    if (found) return { next: await this.#link(found, end), end: ref.first }
    const message = `The log leads to this document for its entries ${ref.first} to ${ref.first + ref.count - 1}, and it is not there.`
    this.#add('entry', `${ref.index}/${ref.id}`, message, ref.first)
    return { next: null, end: ref.first }
  }

  /** Where the chain is broken, whether this is how it went on. */
  async #joins({ source }: Batch, end: number, head: FencedHead): Promise<boolean> {
    const { first = 0, count = 0, last_leaf: leaf } = source
    return end > 0 && first + count === end && (await this.#leafAt(head, end - 1)) === leaf
  }

  /** A batch of the chain. Returns the one before it. */
  async #link({ index, id, source }: Batch, end: number): Promise<BatchRef | null> {
    const { workspace, sha256 } = this.#options
    const document = `${index}/${id}`
    const { first = 0, previous = null } = source
    const content = await contentOf(source, sha256)
    for (const field of wrongFields(source, workspace, content)) {
      const what =
        field === 'ids' || field === 'id_seqs' ? 'ids' : field === 'received_at' ? 'received' : 'entry'
      this.#add(what, document, `The field ${field} is not that of the document's own entries.`, first)
    }
    if (first + content.entries.length !== end)
      this.#add(
        'entry',
        document,
        `The entries do not reach up to ${end}, where the next document begins.`,
        first,
      )
    await this.#checkCompletedTiles(source, document)
    this.#count(content)
    const isLinked = previous === null ? first === 0 : previous.first + previous.count === first
    if (isLinked) return previous
    this.#add('entry', document, 'The field previous does not lead to the entries before.', first)
    return null
  }

  /** Tiles that a commit completed are copied from its batch: what stands there becomes part of the log. */
  async #checkCompletedTiles(
    { tiles = [], first = 0 }: Partial<BatchSource>,
    document: string,
  ): Promise<void> {
    const { heads, workspace } = this.#options
    if (tiles.length === 0) return
    const wanted = tiles.map(({ level, index }) => ({ level, index, width: 256 }))
    const known = await heads.tiles(await heads.read(workspace), wanted)
    const isRight = tiles.every((tile, at) => {
      const hashes = known[at]
      return (
        tile.workspace === workspace &&
        hashes !== undefined &&
        hashes !== null &&
        toBase64(hashes) === tile.hashes
      )
    })
    if (!isRight) this.#add('tile', document, 'The field tiles has other hashes than the log.', first)
  }

  async #beside(batch: Batch, head: FencedHead): Promise<void> {
    const { workspace, sha256 } = this.#options
    const { index, id, source } = batch
    const { first = 0, count = 0, last_leaf: leaf, previous } = source
    const content = await contentOf(source, sha256)
    this.#count(content)
    const isCopy = leaf !== undefined && (await this.#leafAt(head, first + count - 1)) === leaf
    if (isCopy && (await this.#isMoved(batch))) return
    // The later parts of a lost commit continue its earlier ones, which have the same root in their id.
    const isPart = previous?.id.split('/').at(-1) === id.split('/').at(-1)
    if (!head.source && first > 0 && !isPart) {
      this.#headless()
      return
    }
    const before = isPart ? null : await this.#leafAt(head, first - 1)
    if (!isCopy && isLostRace(source, id, { workspace, before }, content)) return
    const message = isCopy
      ? 'The document claims entries of the log that another document has: it was added or copied.'
      : 'No head leads to this document, and no gateway has written it so: it was added or changed.'
    this.#add('document', `${index}/${id}`, message, first)
  }

  /** A workspace that changes plan has its batches copied byte for byte, under their own ids (src/retention). */
  async #isMoved({ index, id, source }: Batch): Promise<boolean> {
    const { elasticsearch, names, workspace } = this.#options
    const query = { bool: { filter: [{ ids: { values: [id] } }, { term: { workspace } }] } }
    const body = { query, size: BATCHES_AT_ONCE, track_total_hits: false }
    const { hits } = await elasticsearch.search<object>(names.everyLedger, body, workspace)
    const others = hits.filter((hit) => hit.index !== index)
    return others.length > 0 && others.every((hit) => isDeepStrictEqual(hit.source, source))
  }

  /** A log that nobody ever began has no continuation. */
  #headless(): void {
    const { names, workspace } = this.#options
    const document = `${names.heads}/${workspace}`
    if (this.#findings.some((finding) => finding.document === document)) return
    this.#add('head', document, 'The log has entries in the store, and its head is not there.')
  }

  /** Base64; null where this log has no such entry. */
  async #leafAt(head: FencedHead, seq: number): Promise<string | null> {
    if (seq < 0) return Buffer.alloc(32).toString('base64')
    if (!head.source || !Number.isSafeInteger(seq) || seq >= head.source.size) return null
    const tile = { level: 0, index: Math.floor(seq / 256), width: (seq % 256) + 1 }
    const [hashes] = await this.#options.heads.tiles(head, [tile])
    return hashes ? toBase64(hashes.subarray(-32)) : null
  }

  /** Only what no reader asks for: the hashes that the log has are compared by its verification. */
  async #checkTiles(): Promise<void> {
    const { elasticsearch, names, heads, workspace } = this.#options
    const pages = pagesAtOneMoment<Partial<TileSource>>(elasticsearch, {
      ...{ index: names.tiles, routing: workspace, resumable: false },
      body: { size: TILES_AT_ONCE, query: { term: { workspace } }, sort: ['_shard_doc'] },
    })
    for await (const hits of pages) {
      // Read after the tiles: what is copied while this goes on is the log's by then.
      const size = (await heads.read(workspace)).source?.size ?? 0
      for (const { index, id, source } of hits) {
        const { level = -1, index: at = -1, hashes = '' } = source
        const isPlaced = id === tileId({ workspace, level, index: at }) && level >= 0 && at >= 0
        if (!isPlaced || (at + 1) * 256 ** (level + 1) > size || hashes.length !== FULL_TILE_BASE64)
          this.#add('tile', `${index}/${id}`, 'The log has no such tile: the document was added or changed.')
      }
    }
  }

  #count({ entries }: BatchContent): void {
    this.#options.onProgress((this.#entries += entries.length))
  }

  #add(what: DocumentFinding['what'], document: string, message: string, seq?: number): void {
    if (this.#findings.length < MOST_FINDINGS)
      this.#findings.push({ what, document, message, ...(seq === undefined ? {} : { seq }) })
  }
}
