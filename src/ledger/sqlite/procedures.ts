/**
 * The ledger inside the SQLite writer and readers.
 *
 * Rows of a log are keyed by `log number × 2^33 + position`, so that one b-tree serves all logs, appends go to its right
 * edge per log, and every key is a safe JavaScript integer: 2^20 logs of 2^33 entries each.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { HandedOver, type SqliteCall, type SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import type { CommitOutcome, LogHead, TileWrite } from '../ledger.ts'

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

const LOG_SPAN = 2 ** 33
/** Level 0 has at most 2^25 tiles in 2^33 entries. */
const LEVEL_SPAN = 2 ** 28

/** Entries of one commit that are compressed together: up to this many, so that reading one stays cheap. */
export const ENTRIES_PER_BUNDLE = 64

/** The writer thread is the narrowest place of ingest: level 1 takes half the time of the default for a few bytes more. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** A bundle of common events fits into one chunk: without pieces to be joined it is unpacked in two thirds of the time. */
const UNPACKING = { chunkSize: 64 * 1024, maxOutputLength: ENTRIES_PER_BUNDLE * 65_537 }
/** Big-endian, before each entry of a bundle. */
export const LENGTH_BYTES = 2

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

/** In the place of the length of an entry that is not there. No entry is that long. */
export const NO_ENTRY = 2 ** 32 - 1

/** What the ledger keeps beside its entries, and what therefore could say something else than they do. */
export interface LedgerFacts {
  readonly bundles: readonly { readonly first: number; readonly count: number; readonly receivedAt: number }[]
  readonly clientIds: number
  readonly lastReceivedAt: number
}

/**
 * Neighbours cross the thread border as one buffer that is handed over: a thousand small ones cost five times the time, and memory that
 * is slow to return. Before each entry stand the two bytes of its length, as in the bundle that it was copied with.
 */
export interface JoinedEntries {
  readonly bytes: Uint8Array
  readonly lengths: Uint32Array
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
    range: { workspace: string; first: number; count: number; spare: ArrayBuffer | null },
  ): HandedOver => {
    const log = logNumber(connection, range.workspace)
    return joined(log === null ? [] : readParts(connection, log, range.first, range.count), range.spare)
  },

  'ledger.entriesAt': (
    connection: SqliteConnection,
    wanted: { workspace: string; seqs: readonly number[] },
  ): HandedOver => {
    const log = logNumber(connection, wanted.workspace)
    const bundleOf = log === null ? () => null : bundleReader(connection, log)
    return joinedCopies(
      wanted.seqs.map((seq) => {
        const bundle = bundleOf(seq)
        return bundle?.entries[seq - bundle.first] ?? null
      }),
    )
  },

  'ledger.tile': (
    connection: SqliteConnection,
    tile: { workspace: string; level: number; index: number; width: number },
  ): Uint8Array | null => {
    const log = logNumber(connection, tile.workspace)
    if (log === null) return null
    const row = connection
      .prepare('SELECT width, hashes FROM ledger_tile WHERE key = ?')
      .get(tileKey(log, tile.level, tile.index))
    if (!row || (row['width'] as number) < tile.width) return null
    return (row['hashes'] as Uint8Array).subarray(0, tile.width * 32)
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

function logNumber(connection: SqliteConnection, workspace: string): number | null {
  const row = connection.prepare('SELECT number FROM ledger_log WHERE workspace = ?').get(workspace)
  return row ? (row['number'] as number) : null
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

interface Bundle {
  readonly first: number
  readonly entries: readonly Uint8Array[]
}

/** Finds the bundle that holds a seq; the last one is kept, since neighbours are asked for together. */
function bundleReader(connection: SqliteConnection, log: number): (seq: number) => Bundle | null {
  const select = connection.prepare(
    'SELECT key, count, bundle FROM ledger_entries WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1',
  )
  let last: Bundle | null = null
  return (seq) => {
    if (last && seq >= last.first && seq < last.first + last.entries.length) return last
    const row = select.get(log * LOG_SPAN, log * LOG_SPAN + seq)
    if (!row) return null
    last = { first: (row['key'] as number) - log * LOG_SPAN, entries: unpack(row['bundle'] as Uint8Array) }
    return last
  }
}

/** A run of entries inside the bytes of a bundle, each behind the two bytes of its length. */
interface Part {
  readonly bytes: Uint8Array
  readonly lengths: readonly number[]
}

/** Bundle after bundle, up to the first entry that is not there. */
function readParts(connection: SqliteConnection, log: number, first: number, count: number): Part[] {
  const base = log * LOG_SPAN
  const rows = connection
    .prepare(
      `SELECT key, bundle FROM ledger_entries
       WHERE key >= (SELECT max(key) FROM ledger_entries WHERE key BETWEEN ? AND ?) AND key < ? ORDER BY key`,
    )
    .all(base, base + first, base + first + count)
  const parts: Part[] = []
  let next = first
  for (const row of rows) {
    const entries = unpack(row['bundle'] as Uint8Array)
    const skipped = next - ((row['key'] as number) - base)
    const wanted = skipped < 0 ? [] : entries.slice(skipped, skipped + first + count - next)
    const [start, end] = [wanted[0], wanted.at(-1)]
    if (start === undefined || end === undefined) break
    const from = start.byteOffset - LENGTH_BYTES
    const bytes = new Uint8Array(start.buffer, from, end.byteOffset + end.length - from)
    parts.push({ bytes, lengths: wanted.map(({ length }) => length) })
    next += wanted.length
  }
  return parts
}

function joined(parts: readonly Part[], spare: ArrayBuffer | null): HandedOver {
  const lengths = Uint32Array.from(parts.flatMap((part) => part.lengths))
  const size = parts.reduce((sum, part) => sum + part.bytes.length, 0)
  const isEnough = spare !== null && spare.byteLength >= size
  // some room more, so that it is enough for others too
  const bytes = new Uint8Array(isEnough ? spare : new ArrayBuffer(Math.ceil(size * 1.25)), 0, size)
  let end = 0
  for (const part of parts) {
    bytes.set(part.bytes, end)
    end += part.bytes.length
  }
  return new HandedOver({ bytes, lengths } satisfies JoinedEntries, [bytes.buffer, lengths.buffer])
}

/** Entries of many bundles: of each bundle only what is asked for crosses the thread border. An entry that is not there has no length. */
function joinedCopies(entries: readonly (Uint8Array | null)[]): HandedOver {
  const lengths = Uint32Array.from(entries, (entry) => entry?.length ?? NO_ENTRY)
  const size = entries.reduce((sum, entry) => sum + LENGTH_BYTES + (entry?.length ?? 0), 0)
  const bytes = new Uint8Array(size)
  let end = 0
  for (const entry of entries) {
    end += LENGTH_BYTES
    if (entry === null) continue
    bytes.set(entry, end)
    end += entry.length
  }
  return new HandedOver({ bytes, lengths } satisfies JoinedEntries, [bytes.buffer, lengths.buffer])
}

/**
 * Parts of one buffer. Lenient on purpose: damaged bytes give damaged entries, not a failed read, so that verification can go on and name
 * the entry. A bundle that does not even decompress has no entries.
 */
function unpack(compressed: Uint8Array): Uint8Array[] {
  let bytes: Uint8Array
  try {
    bytes = zstdDecompressSync(compressed, UNPACKING)
  } catch {
    return []
  }
  const entries: Uint8Array[] = []
  for (let at = 0; at + LENGTH_BYTES <= bytes.length;) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    entries.push(bytes.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length))
    at += LENGTH_BYTES + length
  }
  return entries
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

function tileKey(log: number, level: number, index: number): number {
  return log * LOG_SPAN + level * LEVEL_SPAN + index
}
