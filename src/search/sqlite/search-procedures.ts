/** The part of the SQLite search index that runs inside the SQLite threads. */
import { HandedOver, type SqliteConnection, type SqliteModule } from '../../drivers/sqlite/procedures.ts'
import type { PageRequest } from '../search-index.ts'
import { apply } from './apply.ts'
import { begin, columns, compareDocuments, compareTerms, finish, integrity } from './index-check.ts'
import { SCHEMA } from './schema.ts'
import { extent, facet, histogram, page, total } from './search.ts'

export const schema: SqliteModule['schema'] = SCHEMA

export const procedures: SqliteModule['procedures'] = {
  'search.apply': apply,
  'search.position': position,
  'search.page': page,
  'search.packedPage': packedPage,
  'search.total': total,
  'search.facet': facet,
  'search.histogram': histogram,
  'search.extent': extent,
  'search.forget': forget,
  'search.sweep': sweep,
  'search.sweepText': sweepText,
  'search.columns': columns,
  'search.check.begin': begin,
  'search.check.documents': compareDocuments,
  'search.check.terms': compareTerms,
  'search.check.finish': finish,
  'search.integrity': integrity,
}

/** Timestamp and seq of each hit, one after the other: as objects, a million of them take longer to cross threads than to find. */
function packedPage(connection: SqliteConnection, request: PageRequest): HandedOver {
  const keys = page(connection, request)
  const packed = new Float64Array(keys.length * 2)
  for (const [at, { timestamp, seq }] of keys.entries()) {
    packed[2 * at] = timestamp
    packed[2 * at + 1] = seq
  }
  return new HandedOver(packed, [packed.buffer])
}

function position(connection: SqliteConnection, workspace: string): number {
  const row = connection.prepare('SELECT position FROM search_workspace WHERE id = ?').get(workspace)
  return row === undefined ? 0 : Number(row.position)
}

/** From here on the workspace is empty; its rows belong to a number that no query asks for. */
function forget(connection: SqliteConnection, workspace: string): null {
  connection.prepare('UPDATE search_workspace SET id = NULL WHERE id = ?').run(workspace)
  return null
}

/** Deletes some of the rows that a cleared workspace has left. Returns whether there may be more. */
function sweep(connection: SqliteConnection, limit: number): boolean {
  const garbage = connection.prepare('SELECT number FROM search_workspace WHERE id IS NULL LIMIT 1').get()
  if (!garbage) return false
  const rows = connection
    .prepareBig('SELECT place FROM search_event WHERE workspace = ? ORDER BY seq LIMIT ?')
    .all(Number(garbage.number), limit) as { place: bigint }[]
  const deleteText = connection.prepare('DELETE FROM search_text WHERE rowid = ?')
  const deleteEvent = connection.prepare('DELETE FROM search_event WHERE place = ?')
  for (const { place } of rows) {
    deleteText.run(place)
    deleteEvent.run(place)
  }
  if (rows.length < limit)
    connection.prepare('DELETE FROM search_workspace WHERE number = ?').run(Number(garbage.number))
  return true
}

/**
 * Deletes full-text rows that belong to no event, among the next `limit` rows behind `after`; nobody finds them, and verification reports
 * them. Returns the last row looked at, null where there are no more.
 */
function sweepText(
  connection: SqliteConnection,
  { after, limit }: { after: bigint; limit: number },
): bigint | null {
  const rows = connection
    .prepareBig(
      `SELECT t.id AS place, e.place AS event FROM search_text_docsize t LEFT JOIN search_event e ON e.place = t.id
       WHERE t.id > ? ORDER BY t.id LIMIT ?`,
    )
    .all(after, limit) as { place: bigint; event: bigint | null }[]
  const deleteText = connection.prepare('DELETE FROM search_text WHERE rowid = ?')
  for (const { place, event } of rows) if (event === null) deleteText.run(place)
  return rows.length < limit ? null : (rows.at(-1)?.place ?? null)
}
