import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { documentOf } from '../src/projection/projector.ts'
import { parseEntry } from '../src/event/entry.ts'
import * as ledgerProcedures from '../src/ledger/sqlite/procedures.ts'
import { documentRow, FACET_COLUMNS, TEXT_COLUMNS, textsOf } from '../src/search/sqlite/columns.ts'
import { SCHEMA } from '../src/search/sqlite/schema.ts'
import { zstdDecompressSync } from 'node:zlib'

type Row = readonly SQLInputValue[]

/** The rows of one commit, ready to be bound. */
export interface RawBatch {
  readonly entries: readonly Row[]
  readonly tiles: readonly Row[]
  readonly head: Row
  readonly events: readonly Row[]
  readonly texts: readonly Row[]
}

/** Reads back what the product wrote into a store, and cuts it into commits of `eventsPerBatch`: the same rows, for the raw writer. */
export function rowsOf(file: string, eventsPerBatch: number): RawBatch[] {
  const database = new DatabaseSync(file, { readOnly: true })
  const all = (sql: string): Row[] => {
    const statement = database.prepare(sql)
    statement.setReadBigInts(true)
    return statement.all().map((row) => Object.values(row))
  }
  const bundles = all('SELECT * FROM ledger_entries ORDER BY key')
  const events = all(
    `SELECT place, workspace, seq, ${FACET_COLUMNS.join(', ')} FROM search_event ORDER BY seq`,
  )
  const tiles = all('SELECT * FROM ledger_tile ORDER BY key')
  const head = all('SELECT * FROM ledger_head')[0] ?? []
  const texts = bundles
    .flatMap((bundle) => textsOfBundle(bundle[3] as Uint8Array))
    .map((row, at): Row => [events[at]?.[0] ?? 0, ...row])
  database.close()
  const batches: RawBatch[] = []
  const count = Math.ceil(events.length / eventsPerBatch)
  const part = <Value>(rows: readonly Value[], at: number): Value[] =>
    rows.slice(Math.floor((rows.length * at) / count), Math.floor((rows.length * (at + 1)) / count))
  for (let at = 0; at < count; at++)
    batches.push({
      entries: part(bundles, at),
      tiles: part(tiles, at),
      head,
      events: part(events, at),
      texts: part(texts, at),
    })
  return batches
}

function textsOfBundle(bundle: Uint8Array): string[][] {
  const bytes = zstdDecompressSync(bundle)
  const rows: string[][] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const length = bytes.readUInt16BE(at)
    const document = documentOf('bench', parseEntry(bytes.subarray(at + 2, at + 2 + length)))
    rows.push(textsOf(documentRow(document), 1))
    at += 2 + length
  }
  return rows
}

/** The raw limit of ingest: bound rows into the same tables and the same full-text index, durable, nothing else. Seconds. */
export function writeRaw(file: string, batches: readonly RawBatch[]): number {
  const database = new DatabaseSync(file)
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000',
  )
  database.exec(ledgerProcedures.schema)
  database.exec(SCHEMA)
  const insert = (table: string, columns: number, names = '') =>
    database.prepare(
      `INSERT OR REPLACE INTO ${table}${names} VALUES (${Array(columns).fill('?').join(', ')})`,
    )
  const entries = insert('ledger_entries', 4)
  const tiles = insert('ledger_tile', 3)
  const head = insert('ledger_head', 7)
  const events = insert(
    'search_event',
    FACET_COLUMNS.length + 3,
    `(place, workspace, seq, ${FACET_COLUMNS.join(', ')})`,
  )
  const texts = insert('search_text', TEXT_COLUMNS.length + 1, `(rowid, ${TEXT_COLUMNS.join(', ')})`)
  const started = performance.now()
  for (const batch of batches) {
    database.exec('BEGIN IMMEDIATE')
    for (const row of batch.entries) entries.run(...row)
    for (const row of batch.tiles) tiles.run(...row)
    head.run(...batch.head)
    for (const row of batch.events) events.run(...row)
    for (const row of batch.texts) texts.run(...row)
    database.exec('COMMIT')
  }
  const seconds = (performance.now() - started) / 1000
  database.close()
  return seconds
}
