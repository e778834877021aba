import type { DocumentAddress, Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import {
  BATCH_META,
  fromBase64,
  tileId,
  type BatchSource,
  type HeadSource,
  type Names,
  type TileSource,
} from './documents.ts'
import { findBatch } from './moved-batch.ts'

/** A head as it was read: good as long as the fence holds. */
export interface FencedHead {
  /** Null: no entry was ever committed. */
  readonly source: HeadSource | null
  readonly fence: { readonly seqNo: number; readonly primaryTerm: number } | null
  /** Tiles that the last commit completed and that may not be copied yet; null: to be read from its batch. */
  readonly pending: readonly TileSource[] | null
}

interface Tile {
  readonly level: number
  readonly index: number
  readonly width: number
}

const MAX_KEPT = 1024
const NO_HEAD: FencedHead = { source: null, fence: null, pending: [] }

/** Reads heads and tiles, and keeps the heads that this process moved itself. */
export class Heads {
  readonly #elasticsearch: Elasticsearch
  readonly #names: Names
  readonly #kept = new Map<string, FencedHead>()
  readonly #asked = new Map<string, { wanted: Tile[]; answer: Promise<(Uint8Array | null)[]> }>()

  constructor(elasticsearch: Elasticsearch, names: Names) {
    this.#elasticsearch = elasticsearch
    this.#names = names
  }

  async read(workspace: string): Promise<FencedHead> {
    return (await this.readMany([workspace])).get(workspace) ?? NO_HEAD
  }

  async readMany(workspaces: readonly string[]): Promise<Map<string, FencedHead>> {
    const documents = await this.#elasticsearch.getMany<HeadSource>(
      workspaces.map((id) => ({ index: this.#names.heads, id })),
    )
    return new Map(
      workspaces.map((workspace, at) => {
        const found = documents[at]
        return [workspace, found ? { source: found.source, fence: found, pending: null } : NO_HEAD]
      }),
    )
  }

  /** As it was after this process last moved it; another gateway may have moved it since. */
  kept(workspace: string): FencedHead | undefined {
    return this.#kept.get(workspace)
  }

  keep(workspace: string, head: FencedHead): void {
    this.#kept.delete(workspace)
    this.#kept.set(workspace, head)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }

  /** Logs of which this process has moved the head. */
  workspaces(): Iterable<string> {
    return this.#kept.keys()
  }

  forget(workspace: string): void {
    this.#kept.delete(workspace)
  }

  /**
   * Tiles of the log under this head, cut to the width asked for; null where the log has not so many hashes. A partial tile is in
   * the head, a full one in its index, or, when the last commit completed it, in that commit's batch.
   */
  async tiles({ source, pending }: FencedHead, wanted: readonly Tile[]): Promise<(Uint8Array | null)[]> {
    if (source === null) return wanted.map(() => null)
    const full = wanted.filter((tile) => isFull(tile, source.size))
    const documents = await this.#elasticsearch.getMany<TileSource>(
      full.map((tile) => this.#addressOf(source.workspace, tile)),
    )
    const hashesOf = new Map(full.map((tile, at) => [tile, documents[at]?.source.hashes]))
    return await this.#cut(source, wanted, hashesOf, pending)
  }

  /** Tiles of the log as it is now. Those that are asked for in the same moment come with their head, in one request. */
  async tile(workspace: string, tile: Tile): Promise<Uint8Array | null> {
    let request = this.#asked.get(workspace)
    if (!request) {
      const wanted: Tile[] = []
      const answer = Promise.resolve().then(async () => {
        this.#asked.delete(workspace)
        return await this.#readTogether(workspace, wanted)
      })
      request = { wanted, answer }
      this.#asked.set(workspace, request)
    }
    const at = request.wanted.push(tile) - 1
    return (await request.answer)[at] ?? null
  }

  async #readTogether(workspace: string, wanted: readonly Tile[]): Promise<(Uint8Array | null)[]> {
    const [head, ...documents] = await this.#elasticsearch.getMany<HeadSource & TileSource>([
      { index: this.#names.heads, id: workspace },
      ...wanted.map((tile) => this.#addressOf(workspace, tile)),
    ])
    if (!head) return wanted.map(() => null)
    const hashesOf = new Map<Tile, string | undefined>()
    for (const [at, tile] of wanted.entries())
      if (isFull(tile, head.source.size)) hashesOf.set(tile, documents[at]?.source.hashes)
    return await this.#cut(head.source, wanted, hashesOf, null)
  }

  /** `hashesOf`: of each full tile what its index has. */
  async #cut(
    source: HeadSource,
    wanted: readonly Tile[],
    hashesOf: ReadonlyMap<Tile, string | undefined>,
    pending: readonly TileSource[] | null,
  ): Promise<(Uint8Array | null)[]> {
    let recent = pending
    const tiles: (Uint8Array | null)[] = []
    for (const tile of wanted) {
      const { level, index, width } = tile
      let hashes: string | undefined
      if (hashesOf.has(tile)) {
        hashes = hashesOf.get(tile)
        if (hashes === undefined) {
          recent ??= await this.pendingTiles(source)
          hashes = recent.find((each) => each.level === level && each.index === index)?.hashes
        }
      } else if (index === Math.floor(source.size / 256 ** (level + 1)))
        hashes = source.edge.find((each) => each.level === level)?.hashes
      const bytes = hashes === undefined ? null : fromBase64(hashes)
      tiles.push(bytes !== null && bytes.length >= width * 32 ? bytes.slice(0, width * 32) : null)
    }
    return tiles
  }

  #addressOf(workspace: string, { level, index }: Tile): DocumentAddress {
    return { index: this.#names.tiles, id: tileId({ workspace, level, index }), routing: workspace }
  }

  /** What the last commit of this head completed. Empty when its batch has left the store: by then it was copied. */
  async pendingTiles({ last_batch: batch, workspace }: HeadSource): Promise<readonly TileSource[]> {
    const wanted = ['tiles', ...BATCH_META]
    const place = { workspace, ref: batch }
    const found = await findBatch<BatchSource>(this.#elasticsearch, this.#names, place, wanted)
    return found?.source.tiles ?? []
  }
}

function isFull({ level, index }: Tile, size: number): boolean {
  return (index + 1) * 256 ** (level + 1) <= size
}
