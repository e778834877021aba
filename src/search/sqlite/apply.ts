import type { SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import { FACET_COLUMNS, TEXT_COLUMNS, textsOf, type DocumentRow } from './columns.ts'
import { COUNTERS, LAST_PLACE, placeOf } from './schema.ts'

export interface ApplyArgument {
  readonly rows: readonly DocumentRow[]
  /** Ignore rows beyond the workspace's position instead of leaving a gap: whoever fills the gap brings them too. */
  readonly follow: boolean
}

const marks = (count: number) => Array<string>(count).fill('?').join(', ')
const INSERT_EVENT = `INSERT INTO search_event(place, workspace, seq, ${FACET_COLUMNS.join(', ')}) VALUES (${marks(FACET_COLUMNS.length + 3)})`
const INSERT_TEXT = `INSERT INTO search_text(rowid, ${TEXT_COLUMNS.join(', ')}) VALUES (${marks(TEXT_COLUMNS.length + 1)})`

/**
 * Indexes the rows that are not indexed yet; the caller's transaction makes it all or nothing. In order of place,
 * because a full-text segment is written in that order.
 */
export function apply(connection: SqliteConnection, { rows, follow }: ApplyArgument): null {
  const workspaces = new Workspaces(connection)
  const fresh = rows.filter((row) => workspaces.accept(row, follow))
  if (fresh.length === 0) return null
  // Stable: within one millisecond the order of arrival, which is that of seq, stays.
  fresh.sort((one, other) => one.timestamp - other.timestamp)
  const places = new Places(connection)
  const insertEvent = connection.prepare(INSERT_EVENT)
  const insertText = connection.prepare(INSERT_TEXT)
  for (const row of fresh) {
    const { workspace, seq, timestamp, facets } = row
    const place = places.next(timestamp)
    const number = workspaces.number(workspace)
    insertEvent.run(place, number, seq, ...facets)
    insertText.run(place, ...textsOf(row, number))
  }
  workspaces.save()
  return null
}

interface Position {
  readonly number: number
  next: number
}

/** Number and position of the workspaces of one call. */
class Workspaces {
  readonly #connection: SqliteConnection
  readonly #positions = new Map<string, Position>()

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Whether the row is to be indexed; the position then moves behind it. */
  accept({ workspace, seq }: DocumentRow, follow: boolean): boolean {
    const position = this.#positions.get(workspace) ?? this.#load(workspace)
    if (seq < position.next || (follow && seq > position.next)) return false
    position.next = seq + 1
    return true
  }

  number(workspace: string): number {
    return this.#positions.get(workspace)?.number ?? 0
  }

  save(): void {
    const update = this.#connection.prepare('UPDATE search_workspace SET position = ? WHERE number = ?')
    for (const { number, next } of this.#positions.values()) update.run(next, number)
  }

  #load(workspace: string): Position {
    const row = this.#connection
      .prepare(
        `INSERT INTO search_workspace(id, position) VALUES (?, 0)
         ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING number, position`,
      )
      .get(workspace) as { number: number; position: number }
    const position = { number: row.number, next: row.position }
    this.#positions.set(workspace, position)
    return position
  }
}

/**
 * Gives out places: the next free one of a millisecond, behind all that are taken there. When all 2^20 of one are taken, the event goes to
 * the next millisecond that has room, and there it is found and shown by the index.
 */
class Places {
  readonly #connection: SqliteConnection
  /** The first taken place at or after the current millisecond, as far as was asked: most events meet none for a long while. */
  #taken = -1n
  #millisecond = -1
  #counter = 0

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** Timestamps must not decrease from call to call. */
  next(timestamp: number): bigint {
    if (timestamp > this.#millisecond) this.#enter(timestamp)
    while (this.#counter >= COUNTERS) this.#enter(this.#millisecond + 1)
    return placeOf(this.#millisecond) + BigInt(this.#counter++)
  }

  #enter(millisecond: number): void {
    this.#millisecond = millisecond
    this.#counter = 0
    const first = placeOf(millisecond)
    const last = first + BigInt(COUNTERS - 1)
    if (this.#taken < first) this.#taken = this.#firstTaken(first)
    if (this.#taken > last) return
    this.#counter = Number(this.#lastTaken(first, last) - first) + 1
  }

  #firstTaken(from: bigint): bigint {
    const sql = 'SELECT min(place) AS place FROM search_event WHERE place >= ?'
    return (this.#connection.prepareBig(sql).get(from)?.['place'] as bigint | null) ?? LAST_PLACE + 1n
  }

  #lastTaken(first: bigint, last: bigint): bigint {
    const sql = 'SELECT max(place) AS place FROM search_event WHERE place BETWEEN ? AND ?'
    return this.#connection.prepareBig(sql).get(first, last)?.['place'] as bigint
  }
}
