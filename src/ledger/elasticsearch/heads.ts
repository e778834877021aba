import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import {
  BATCH_META,
  fromBase64,
  tileId,
  type BatchSource,
  type HeadSource,
  type Names,
  type TileSource,
} from './documents.ts'

/** A head as it was read: good as long as the fence holds. */
export interface FencedHead {
  /** Null: no entry was ever committed. */
  readonly source: HeadSource | null
  readonly fence: { readonly seqNo: number; readonly primaryTerm: number } | null
  /** Tiles that the last commit completed and that may not be copied yet; null: to be read from its batch. */
  readonly pending: readonly TileSource[] | null
}

const MAX_KEPT = 1024
const NO_HEAD: FencedHead = { source: null, fence: null, pending: [] }

/** Reads heads and tiles, and keeps the heads that this process moved itself. */
export class Heads {
  readonly #elasticsearch: Elasticsearch
  readonly #names: Names
  readonly #kept = new Map<string, FencedHead>()

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
  async tiles(
    { source, pending }: FencedHead,
    wanted: readonly { readonly level: number; readonly index: number; readonly width: number }[],
  ): Promise<(Uint8Array | null)[]> {
    if (source === null) return wanted.map(() => null)
    const { workspace, size } = source
    const full = wanted.filter(({ level, index }) => (index + 1) * 256 ** (level + 1) <= size)
    const documents = await this.#elasticsearch.getMany<TileSource>(
      full.map(({ level, index }) => ({
        index: this.#names.tiles,
        id: tileId({ workspace, level, index }),
        routing: workspace,
      })),
    )
    const hashesOf = new Map(full.map((tile, at) => [tile, documents[at]?.source.hashes]))
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
      } else if (index === Math.floor(size / 256 ** (level + 1)))
        hashes = source.edge.find((each) => each.level === level)?.hashes
      const bytes = hashes === undefined ? null : fromBase64(hashes)
      tiles.push(bytes !== null && bytes.length >= width * 32 ? bytes.slice(0, width * 32) : null)
    }
    return tiles
  }

  /** What the last commit of this head completed. Empty when its batch has left the store: by then it was copied. */
  async pendingTiles({ last_batch: batch, workspace }: HeadSource): Promise<readonly TileSource[]> {
    const address = { index: batch.index, id: batch.id, routing: workspace }
    const found = await this.#elasticsearch.get<BatchSource>(address, ['tiles', ...BATCH_META])
    return found?.source.tiles ?? []
  }
}
