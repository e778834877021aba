import { TrailsealError } from '../errors.ts'
import { encodeEntryBundle, parseTilePath, TILE_WIDTH, tileWidth } from '../tlog/tile.ts'
import type { TileAddress } from '../tlog/tile.ts'
import type { View } from './access.ts'
import type { QueryDependencies } from './dependencies.ts'

/** Takes only the one path of a tile, as C2SP tlog-tiles writes it. Throws `not_found`. */
export function tileAddress(path: string): TileAddress {
  try {
    return parseTilePath(path)
  } catch (cause) {
    throw new TrailsealError('not_found', 'There is no tile at this path.', { cause })
  }
}

/**
 * A hash tile, or an entry bundle, as far as the current checkpoint covers it; narrower than the log's is fine, as an older
 * checkpoint has it. Throws `not_found`, and `gone` for a bundle of which any entry has left the plan's window.
 */
export async function readTile(
  { ledger }: QueryDependencies,
  { workspace, firstSeq }: View,
  { level, index, width }: TileAddress,
): Promise<Uint8Array> {
  const size = (await ledger.head(workspace))?.size ?? 0
  if (width > tileWidth(level === 'entries' ? 0 : level, index, size)) throw beyondCheckpoint()
  if (level !== 'entries') {
    const tile = await ledger.tile(workspace, level, index, width)
    if (tile === null) throw new TrailsealError('tampered', 'A hash tile of the log is missing.')
    return tile
  }
  const first = index * TILE_WIDTH
  // a bundle is whole or not at all: an entry left out would move those behind it
  if (first < firstSeq)
    throw new TrailsealError('gone', 'Entries of this bundle have left the plan; their hashes stay.')
  const entries = await ledger.entries(workspace, first, width)
  if (entries.length < width) throw new TrailsealError('tampered', 'Entries of this bundle are missing.')
  return encodeEntryBundle(entries)
}

function beyondCheckpoint(): TrailsealError {
  return new TrailsealError('not_found', 'The checkpoint does not cover this tile.')
}
