import type { Ledger } from '../ledger/ledger.ts'
import { HASH_BYTES } from '../tlog/sha256.ts'
import { TILE_WIDTH, tileWidth } from '../tlog/tile.ts'

type TileReader = Pick<Ledger, 'tile'>
/** Null where the log has no such entry. */
type LeafOf = (seq: number) => Uint8Array | null

/** 8 KiB each at most. */
const MOST_TILES = 2048

/**
 * What logs have committed to, by seq, for lists. The tiles that were read lately are kept: a log only grows, so a hash that was there once
 * is the one to compare with, whatever somebody writes into the store later. (Proofs and verification read the store itself.)
 */
export class LeafHashes {
  readonly #ledger: TileReader
  /** By workspace and index; the one used last is the last. */
  readonly #tiles = new Map<string, Uint8Array>()

  constructor(ledger: TileReader) {
    this.#ledger = ledger
  }

  async of(workspace: string, seqs: readonly number[]): Promise<LeafOf> {
    const widths = new Map<number, number>()
    for (const seq of seqs) {
      const index = Math.floor(seq / TILE_WIDTH)
      widths.set(index, Math.max(widths.get(index) ?? 0, (seq % TILE_WIDTH) + 1))
    }
    const tiles = [...widths].map(
      async ([index, width]) => [index, await this.#tile(workspace, index, width)] as const,
    )
    return leafOf(new Map(await Promise.all(tiles)))
  }

  async #tile(workspace: string, index: number, width: number): Promise<Uint8Array | null> {
    const key = `${workspace}/${index}`
    const kept = this.#tiles.get(key)
    const tile =
      kept !== undefined && kept.length >= width * HASH_BYTES
        ? kept
        : await this.#ledger.tile(workspace, 0, index, width)
    if (tile !== null) this.#keep(key, tile)
    return tile
  }

  #keep(key: string, tile: Uint8Array): void {
    this.#tiles.delete(key)
    this.#tiles.set(key, tile)
    const [oldest] = this.#tiles.keys()
    if (this.#tiles.size > MOST_TILES && oldest !== undefined) this.#tiles.delete(oldest)
  }
}

/** The same for a log of `size` entries that is read from end to end: nothing is kept. One read for each tile of level 0. */
export async function readLeaves(
  ledger: TileReader,
  workspace: string,
  seqs: readonly number[],
  size: number,
): Promise<LeafOf> {
  const indexes = [...new Set(seqs.map((seq) => Math.floor(seq / TILE_WIDTH)))]
  const tiles = indexes.map(async (index) => {
    const width = tileWidth(0, index, size)
    return [index, width === 0 ? null : await ledger.tile(workspace, 0, index, width)] as const
  })
  return leafOf(new Map(await Promise.all(tiles)))
}

function leafOf(tiles: ReadonlyMap<number, Uint8Array | null>): LeafOf {
  return (seq) => {
    const start = (seq % TILE_WIDTH) * HASH_BYTES
    const leaf = tiles.get(Math.floor(seq / TILE_WIDTH))?.subarray(start, start + HASH_BYTES)
    return leaf?.length === HASH_BYTES ? leaf : null
  }
}
