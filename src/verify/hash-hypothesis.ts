import { equalBytes } from '../tlog/encoding.ts'
import { HASH_BYTES } from '../tlog/sha256.ts'
import type { TileEdge } from '../tlog/tile-edge.ts'
import type { ChangedTile } from '../tlog/tile-edge.ts'
import { TILE_WIDTH, tilePath } from '../tlog/tile.ts'
import { FindingList } from './log-report.ts'
import type { LogReader } from './log-reader.ts'

/**
 * One assumption about which hashes of a log are the true ones, and what would be wrong if it holds. Where an entry and its
 * stored hash differ, only the root at the end can tell which of the two was changed.
 */
export class HashHypothesis {
  readonly edge: TileEdge
  readonly findings: FindingList
  /** Upper tiles that are not full yet, by level. */
  readonly #partial: Map<number, ChangedTile>
  #lastWrongTile: number

  #lastLeaf: Uint8Array = new Uint8Array(HASH_BYTES)

  constructor(
    edge: TileEdge,
    findings = new FindingList(),
    partial = new Map<number, ChangedTile>(),
    lastWrongTile = -1,
  ) {
    this.edge = edge
    this.findings = findings
    this.#partial = partial
    this.#lastWrongTile = lastWrongTile
  }

  fork(): HashHypothesis {
    const { edge, findings } = this
    const partial = new Map(this.#partial)
    const fork = new HashHypothesis(edge.clone(), findings.clone(), partial, this.#lastWrongTile)
    fork.#lastLeaf = this.#lastLeaf
    return fork
  }

  /** Leaf hash of the last entry; 32 zero bytes before the first. */
  get lastLeaf(): Uint8Array {
    return this.#lastLeaf
  }

  append(leafHash: Uint8Array): void {
    this.edge.append(leafHash)
    this.#lastLeaf = leafHash
  }

  entryIsWrong(seq: number, id: string | undefined, problem: string | undefined): void {
    const message = problem ?? 'The entry is not the one that was logged: it has another hash.'
    this.findings.add({ what: 'entry', seq, ...(id === undefined ? {} : { id }), message })
  }

  /** Named once a tile, with the first wrong hash. */
  leafTileIsWrong(seq: number, width: number): void {
    const index = Math.floor(seq / TILE_WIDTH)
    if (index === this.#lastWrongTile) return
    this.#lastWrongTile = index
    this.findings.add({
      what: 'tile',
      seq,
      tile: tilePath({ level: 0, index, width }),
      message: `The tile has another hash for entry ${seq} than the entry itself.`,
    })
  }

  /** Compares the upper tiles that have become full since the last call with the stored ones; answers how many. */
  async checkFullTiles(reader: UpperTileReader): Promise<number> {
    let checked = 0
    for (const tile of this.edge.takeChanged()) {
      if (tile.level === 0) continue
      if (tile.width < TILE_WIDTH) {
        this.#partial.set(tile.level, tile)
        continue
      }
      this.#partial.delete(tile.level)
      await this.#check(tile, reader)
      checked += 1
    }
    return checked
  }

  /** The same with the partial tiles at the end of the log. */
  async checkPartialTiles(reader: UpperTileReader): Promise<number> {
    for (const tile of this.#partial.values()) await this.#check(tile, reader)
    return this.#partial.size
  }

  async #check({ level, index, width, hashes }: ChangedTile, reader: UpperTileReader): Promise<void> {
    const stored = await reader(level, index, width)
    if (stored !== null && equalBytes(stored, hashes)) return
    const message =
      stored === null
        ? 'The tile is missing.'
        : 'The tile has other hashes than the entries below it lead to.'
    this.findings.add({
      what: 'tile',
      seq: index * TILE_WIDTH ** (level + 1),
      tile: tilePath({ level, index, width }),
      message,
    })
  }
}

/** `LogReader.tile` with damage answered as null. */
export type UpperTileReader = LogReader['tile']
