import { TrailsealError } from '../errors.ts'
import { HASH_BYTES } from '../tlog/sha256.ts'
import { TILE_WIDTH } from '../tlog/tile.ts'
import type { LogReader } from './log-reader.ts'

/** One leaf tile and its entries. */
export interface LogBatch {
  readonly first: number
  readonly count: number
  /** Null for each that is missing, damaged, or gone with the end of its retention. */
  readonly entries: readonly (Uint8Array | null)[]
  /** count × 32 bytes; null when missing or damaged. */
  readonly tile: Uint8Array | null
}

/** The log in batches of one tile, in order, with the next batch on its way while one is worked on. */
export async function* readBatches(reader: LogReader, size: number): AsyncGenerator<LogBatch> {
  let next = size > 0 ? readBatch(reader, 0, size) : undefined
  for (let first = 0; next !== undefined;) {
    const batch: LogBatch = await next
    first += batch.count
    next = first < size ? readBatch(reader, first, size) : undefined
    // when the consumer stops early nobody awaits the batch that is on its way
    next?.catch(() => undefined)
    yield batch
  }
}

async function readBatch(reader: LogReader, first: number, size: number): Promise<LogBatch> {
  const count = Math.min(TILE_WIDTH, size - first)
  const [entries, tile] = await Promise.all([
    readEntries(reader, first, count),
    readTile(reader)(0, first / TILE_WIDTH, count),
  ])
  return { first, count, entries, tile }
}

async function readEntries(
  reader: LogReader,
  first: number,
  count: number,
): Promise<readonly (Uint8Array | null)[]> {
  const gone = Math.min(count, Math.max(0, (reader.firstEntry ?? 0) - first))
  const wanted = count - gone
  const none = Array.from({ length: gone }, () => null)
  if (wanted === 0) return none
  const entries = await orNull(() => reader.entries(first + gone, wanted))
  if (entries?.length === wanted) return gone === 0 ? entries : [...none, ...entries]
  // something is missing: one by one shows what
  const single: (Uint8Array | null)[] = none
  for (let seq = first + gone; seq < first + count; seq++) {
    const found = await orNull(() => reader.entries(seq, 1))
    single.push(found?.[0] ?? null)
  }
  return single
}

/** The reader's tiles, with those that are missing, damaged or of another length as null. */
export function readTile(reader: LogReader): LogReader['tile'] {
  return async (level, index, width) => {
    const tile = await orNull(() => reader.tile(level, index, width))
    return tile?.length === width * HASH_BYTES ? tile : null
  }
}

async function orNull<Piece>(read: () => Promise<Piece | null>): Promise<Piece | null> {
  try {
    return await read()
  } catch (error) {
    if (isUnavailable(error)) throw error
    return null
  }
}

/** Whether an error of a reader says nothing about the log: it could not be reached, or may not be read. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof TrailsealError)) return error instanceof Error && error.name === 'AbortError'
  return (
    error.code === 'store_unavailable' ||
    error.code === 'unreachable' ||
    error.code === 'unauthenticated' ||
    error.code === 'forbidden' ||
    error.code === 'plan_required' ||
    error.code === 'overloaded'
  )
}
