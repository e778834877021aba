/** The ledger inside the SQLite writer and readers. */
import { constants, zstdCompressSync } from 'node:zlib'
import { HandedOver, type SqliteCall, type SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import type { CommitOutcome, LogHead, TileWrite } from '../ledger.ts'
import { readEntries, readNeighbours, type JoinedEntries } from './bundles.ts'
import { committed } from './committed.ts'
import { LOG_SPAN, logNumber, readTile, tileKey } from './log-rows.ts'

export const schema = `
  CREATE TABLE IF NOT EXISTS ledger_log (number INTEGER PRIMARY KEY, workspace TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS ledger_head (
    log INTEGER PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, compact_range BLOB NOT NULL,
    last_leaf BLOB NOT NULL, last_received_at INTEGER NOT NULL, checkpoint TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS ledger_entries (
    key INTEGER PRIMARY KEY, count INTEGER NOT NULL, received_at INTEGER NOT NULL, bundle BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS ledger_tile (key INTEGER PRIMARY KEY, width INTEGER NOT NULL, hashes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS ledger_id (
    log INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (log, id)) STRICT, WITHOUT ROWID;
`

/** The writer thread is the narrowest place of ingest: level 1 takes half the time of the default for a few bytes more. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export interface PackedCommit {
  readonly workspace: string
  readonly expected: { readonly size: number; readonly root: Uint8Array }
  /** Entry bundles (docs/format.md, Tiles) of up to ENTRIES_PER_BUNDLE entries, in order. */
  readonly bundles: readonly { readonly count: number; readonly bytes: Uint8Array }[]
  readonly clientIds: readonly { readonly id: string; readonly seq: number }[]
  readonly tiles: readonly TileWrite[]
  readonly head: LogHead
  /** What else has to commit with this log's batch: the search projection. */
  readonly alongside: readonly SqliteCall[]
}

export interface WantedTile {
  readonly workspace: string
  readonly level: number
  readonly index: number
  readonly width: number
}

/** What the ledger keeps beside its entries, and what therefore could say something else than they do. */
export interface LedgerFacts {
  readonly bundles: readonly { readonly first: number; readonly count: number; readonly receivedAt: number }[]
  readonly clientIds: number
  readonly lastReceivedAt: number
}

export const procedures = {
  'ledger.append': (connection: SqliteConnection, commits: readonly PackedCommit[]): CommitOutcome[] =>
    commits.map((commit) => append(connection, commit)),

  'ledger.head': (connection: SqliteConnection, workspace: string): LogHead | null => {
    const log = logNumber(connection, workspace)
    return log === null ? null : readHead(connection, log)
  },

  'ledger.entries': (
    connection: SqliteConnection,
    { workspace, first, count }: { workspace: string; first: number; count: number },
  ): HandedOver =>
    handedOver(readNeighbours(connection, logNumber(connection, workspace), { first, count, spare: null })),

  'ledger.entriesAt': (
    connection: SqliteConnection,
    { workspace, seqs }: { workspace: string; seqs: readonly number[] },
  ): HandedOver => handedOver(readEntries(connection, logNumber(connection, workspace), seqs)),

  'ledger.committed': committed,

  'ledger.tiles': (connection: SqliteConnection, tiles: readonly WantedTile[]): HandedOver => {
    const found = tiles.map(({ workspace, level, index, width }) => {
      const log = logNumber(connection, workspace)
      return log === null ? null : readTile(connection, log, level, index, width)
    })
    return new HandedOver(
      found,
      found.flatMap((tile) => (tile === null ? [] : [tile.buffer as ArrayBuffer])),
    )
  },

  'ledger.seqOf': (
    connection: SqliteConnection,
    wanted: { workspace: string; ids: readonly string[] },
  ): Map<string, number> => {
    const log = logNumber(connection, wanted.workspace)
    return log === null ? new Map<string, number>() : seqOf(connection, log, wanted.ids)
  },

  'ledger.firstReceivedSince': (
    connection: SqliteConnection,
    wanted: { workspace: string; receivedAt: number },
  ): number => {
    const log = logNumber(connection, wanted.workspace)
    return log === null ? 0 : firstReceivedSince(connection, log, wanted.receivedAt)
  },

  'ledger.facts': facts,

  'ledger.workspaces': (connection: SqliteConnection): string[] =>
    connection
      .prepare('SELECT workspace FROM ledger_log JOIN ledger_head ON log = number ORDER BY workspace')
      .all()
      .map((row) => row['workspace'] as string),
}

function handedOver(joined: JoinedEntries): HandedOver {
  return new HandedOver(joined, [joined.bytes.buffer, joined.lengths.buffer])
}

/** Bundles that begin in the range, and how many client ids the log has: for verification. */
function facts(
  connection: SqliteConnection,
  { workspace, first, count }: { workspace: string; first: number; count: number },
): LedgerFacts {
  const log = logNumber(connection, workspace)
  if (log === null) return { bundles: [], clientIds: 0, lastReceivedAt: 0 }
  const bundles = connection
    .prepare(
      'SELECT key - ? AS first, count, received_at AS receivedAt FROM ledger_entries WHERE key BETWEEN ? AND ?',
    )
    .all(log * LOG_SPAN, log * LOG_SPAN + first, log * LOG_SPAN + first + count - 1)
  const ids = connection.prepare('SELECT count(*) AS count FROM ledger_id WHERE log = ?').get(log)
  return {
    bundles: bundles as unknown as LedgerFacts['bundles'],
    clientIds: ids?.['count'] as number,
    lastReceivedAt: readHead(connection, log)?.lastReceivedAt ?? 0,
  }
}

function append(connection: SqliteConnection, commit: PackedCommit): CommitOutcome {
  const log = logNumber(connection, commit.workspace) ?? addLog(connection, commit.workspace)
  const head = readHead(connection, log)
  if (!isExpected(head, commit.expected)) return { status: 'moved' }

  // A savepoint a log: a duplicate in one workspace must not undo its neighbours in the same flush.
  connection.database.exec('SAVEPOINT batch')
  if (!addIds(connection, log, commit.clientIds)) {
    connection.database.exec('ROLLBACK TO batch; RELEASE batch')
    return {
      status: 'duplicate',
      seqOf: seqOf(
        connection,
        log,
        commit.clientIds.map(({ id }) => id),
      ),
    }
  }
  addBundles(connection, log, commit)
  for (const tile of commit.tiles)
    connection
      .prepare(
        'INSERT INTO ledger_tile VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET width = excluded.width, hashes = excluded.hashes',
      )
      .run(tileKey(log, tile.level, tile.index), tile.width, tile.hashes)
  writeHead(connection, log, commit.head)
  for (const call of commit.alongside) connection.call(call)
  connection.database.exec('RELEASE batch')
  return { status: 'committed' }
}

function isExpected(head: LogHead | null, expected: PackedCommit['expected']): boolean {
  if (!head) return expected.size === 0
  return head.size === expected.size && Buffer.compare(head.root, expected.root) === 0
}

function addIds(connection: SqliteConnection, log: number, ids: PackedCommit['clientIds']): boolean {
  const insert = connection.prepare('INSERT OR IGNORE INTO ledger_id VALUES (?, ?, ?)')
  return ids.every(({ id, seq }) => insert.run(log, id, seq).changes === 1)
}

function addBundles(connection: SqliteConnection, log: number, commit: PackedCommit): void {
  const insert = connection.prepare('INSERT INTO ledger_entries VALUES (?, ?, ?, ?)')
  let seq = commit.expected.size
  for (const { count, bytes } of commit.bundles) {
    insert.run(log * LOG_SPAN + seq, count, commit.head.lastReceivedAt, zstdCompressSync(bytes, FAST))
    seq += count
  }
}

function addLog(connection: SqliteConnection, workspace: string): number {
  return Number(
    connection.prepare('INSERT INTO ledger_log (workspace) VALUES (?)').run(workspace).lastInsertRowid,
  )
}

function readHead(connection: SqliteConnection, log: number): LogHead | null {
  const row = connection.prepare('SELECT * FROM ledger_head WHERE log = ?').get(log)
  if (!row) return null
  return {
    size: row['size'] as number,
    root: row['root'] as Uint8Array,
    compactRange: row['compact_range'] as Uint8Array,
    lastLeaf: row['last_leaf'] as Uint8Array,
    lastReceivedAt: row['last_received_at'] as number,
    checkpoint: row['checkpoint'] as string,
  }
}

function writeHead(connection: SqliteConnection, log: number, head: LogHead): void {
  connection
    .prepare('INSERT OR REPLACE INTO ledger_head VALUES (?, ?, ?, ?, ?, ?, ?)')
    .run(log, head.size, head.root, head.compactRange, head.lastLeaf, head.lastReceivedAt, head.checkpoint)
}

function seqOf(connection: SqliteConnection, log: number, ids: readonly string[]): Map<string, number> {
  const select = connection.prepare('SELECT seq FROM ledger_id WHERE log = ? AND id = ?')
  const found = new Map<string, number>()
  for (const id of ids) {
    const row = select.get(log, id)
    if (row) found.set(id, row['seq'] as number)
  }
  return found
}

/** `received_at` never decreases along a log and is one per bundle: a binary search over keys needs no index. */
function firstReceivedSince(connection: SqliteConnection, log: number, receivedAt: number): number {
  const at = connection.prepare(
    'SELECT key, count, received_at FROM ledger_entries WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1',
  )
  let low = 0
  let high = readHead(connection, log)?.size ?? 0
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const row = at.get(log * LOG_SPAN, log * LOG_SPAN + middle)
    if (!row) low = middle + 1
    else if ((row['received_at'] as number) >= receivedAt) high = (row['key'] as number) - log * LOG_SPAN
    else low = (row['key'] as number) - log * LOG_SPAN + (row['count'] as number)
  }
  return low
}
