/**
 * Where the rows of a log are: keyed by `log number × 2^33 + position`, so that one b-tree serves all logs, appends go to its right
 * edge per log, and every key is a safe JavaScript integer: 2^20 logs of 2^33 entries each.
 */
import type { SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import { HASH_BYTES } from '../../tlog/sha256.ts'

export const LOG_SPAN = 2 ** 33
/** Level 0 has at most 2^25 tiles in 2^33 entries. */
const LEVEL_SPAN = 2 ** 28

export function logNumber(connection: SqliteConnection, workspace: string): number | null {
  const row = connection.prepare('SELECT number FROM ledger_log WHERE workspace = ?').get(workspace)
  return row ? (row['number'] as number) : null
}

export function tileKey(log: number, level: number, index: number): number {
  return log * LOG_SPAN + level * LEVEL_SPAN + index
}

/** Null where the log has not so many hashes. */
export function readTile(
  connection: SqliteConnection,
  log: number,
  level: number,
  index: number,
  width: number,
): Uint8Array | null {
  const row = connection
    .prepare('SELECT width, hashes FROM ledger_tile WHERE key = ?')
    .get(tileKey(log, level, index))
  if (!row || (row['width'] as number) < width) return null
  return (row['hashes'] as Uint8Array).subarray(0, width * HASH_BYTES)
}
