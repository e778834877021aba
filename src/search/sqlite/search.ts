import type { SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import type { FacetField } from '../query-syntax.ts'
import type { Bucket, PageRequest, SearchRequest, SortKey, Total } from '../search-index.ts'
import { compile, LAST_SEQ, type Plan, type Vocabulary } from './compile.ts'
import { COUNTERS, placeOf, SUCCESSOR } from './schema.ts'

/** A request ready to run: its plan, and the workspace by its number. */
interface Search extends Plan {
  readonly workspace: number
}

// CROSS JOIN keeps the full-text table outside: its rows already come in the order of places.
const MATCHING = `FROM search_text t CROSS JOIN search_event e ON e.place = t.rowid
  WHERE t.search_text MATCH ? AND t.rowid BETWEEN ? AND ? AND e.workspace = ? AND e.seq BETWEEN ? AND ?`
const TIMESTAMP = '(e.place >> 20)'
const COUNTED = 10_000

/** Null where nothing can match. */
function prepare(connection: SqliteConnection, { workspace, query, firstSeq }: SearchRequest): Search | null {
  const row = connection.prepare('SELECT number FROM search_workspace WHERE id = ?').get(workspace)
  const plan = row === undefined ? null : compile(query, Number(row.number), vocabularyOf(connection))
  return plan && { ...plan, first: Math.max(plan.first, firstSeq), workspace: Number(row?.number) }
}

function rows(
  connection: SqliteConnection,
  search: Search,
  select: (matching: string) => string,
  ...more: (string | number)[]
): Record<string, unknown>[] {
  const { match, low, high, workspace, first, last, condition, values } = search
  const sql = select(MATCHING + condition)
  const bound = [match, low, high, workspace, first, last, ...values, ...more]
  // Conditions are as many as queries; the rest is a handful of statements.
  return condition === '' ? connection.prepare(sql).all(...bound) : connection.all(sql, ...bound)
}

// Every row is looked at once, in the order of the file: no index is of help.
const SCANNED = `FROM search_event e NOT INDEXED
  WHERE e.place BETWEEN ? AND ? AND e.workspace = ? AND e.seq BETWEEN ? AND ?`

/** Like `rows`, for counts over all matches; those of everything are read without the full-text table. */
function countedRows(
  connection: SqliteConnection,
  search: Search,
  select: (matching: string) => string,
  ...more: number[]
): Record<string, unknown>[] {
  if (!isScanned(connection, search)) return rows(connection, search, select, ...more)
  return scannedRows(connection, search, select, ...more)
}

function scannedRows(
  connection: SqliteConnection,
  { low, high, workspace, first, last }: Search,
  select: (matching: string) => string,
  ...more: number[]
): Record<string, unknown>[] {
  return connection.prepare(select(SCANNED)).all(low, high, workspace, first, last, ...more)
}

/** Whether all rows of a workspace are wanted that has a good part of them: the full-text table is then of no help. */
function isScanned(connection: SqliteConnection, { everything, condition, workspace }: Search): boolean {
  return everything && condition === '' && isLarge(connection, workspace)
}

/** Whether a good part of all rows are of this workspace. */
function isLarge(connection: SqliteConnection, workspace: number): boolean {
  const row = connection
    .prepare(
      'SELECT sum(position) AS everyone, sum(position) FILTER (WHERE number = ?) AS own FROM search_workspace',
    )
    .get(workspace)
  return Number(row?.own) * 4 >= Number(row?.everyone)
}

const LISTED_TERMS = 48
/** Beyond so many terms in one query the looking up would take longer than the search. */
const MOST_LOOKUPS = 256

/** Skips from term to term: reading on would go through all instances of each. */
function vocabularyOf(connection: SqliteConnection): Vocabulary {
  const from = connection.prepare('SELECT term FROM search_instance WHERE term >= ? LIMIT 1')
  let lookups = 0
  return (beginning) => {
    const terms: string[] = []
    let next = from.get(beginning)
    while (next && String(next.term).startsWith(beginning)) {
      const term = String(next.term)
      if (terms.push(term) > LISTED_TERMS || ++lookups > MOST_LOOKUPS) return null
      next = from.get(term + SUCCESSOR)
    }
    return terms
  }
}

const COUNT_TEXT = `SELECT count(*) AS value FROM
  (SELECT 1 FROM search_text WHERE search_text MATCH ? AND rowid BETWEEN ? AND ? LIMIT ?)`

/** Whether nothing has to be asked of `search_event`: counting is then an order of magnitude faster. */
function textDecides({ first, last, condition }: Search): boolean {
  return first === 0 && last === LAST_SEQ && condition === ''
}

export function total(connection: SqliteConnection, request: SearchRequest): Total {
  const search = prepare(connection, request)
  if (!search) return { value: 0, relation: 'eq' }
  const counted = textDecides(search)
    ? connection.prepare(COUNT_TEXT).all(search.match, search.low, search.high, COUNTED + 1)
    : rows(
        connection,
        search,
        (matching) => `SELECT count(*) AS value FROM (SELECT 1 ${matching} LIMIT ?)`,
        COUNTED + 1,
      )
  const value = Number(counted[0]?.value)
  return value > COUNTED ? { value: COUNTED, relation: 'gte' } : { value, relation: 'eq' }
}

export function facet(
  connection: SqliteConnection,
  { request, field, limit }: { request: SearchRequest; field: FacetField; limit: number },
): readonly Bucket<string>[] {
  const search = prepare(connection, request)
  if (!search) return []
  return countedRows(
    connection,
    search,
    (matching) => `SELECT e.${field} AS key, count(*) AS count ${matching} AND e.${field} IS NOT NULL
      GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?`,
    limit,
  ) as unknown as readonly Bucket<string>[]
}

export function histogram(
  connection: SqliteConnection,
  { request, intervalMs }: { request: SearchRequest; intervalMs: number },
): readonly Bucket<number>[] {
  const search = prepare(connection, request)
  if (!search) return []
  return countedRows(
    connection,
    search,
    (matching) => `WITH hit AS (SELECT ${TIMESTAMP} AS timestamp ${matching})
      SELECT (timestamp / CAST(? AS INTEGER)) * ? AS key, count(*) AS count FROM hit GROUP BY 1 ORDER BY 1`,
    intervalMs,
    intervalMs,
  ) as unknown as readonly Bucket<number>[]
}

export function extent(
  connection: SqliteConnection,
  request: SearchRequest,
): { from: number; to: number } | null {
  const search = prepare(connection, request)
  if (!search) return null
  const end = (direction: string) => {
    const [row] = rows(
      connection,
      search,
      (matching) => `SELECT ${TIMESTAMP} AS timestamp ${matching} ORDER BY t.rowid ${direction} LIMIT 1`,
    )
    return row && Number(row.timestamp)
  }
  const from = end('ASC')
  const to = end('DESC')
  return from === undefined || to === undefined ? null : { from, to }
}

export function page(connection: SqliteConnection, request: PageRequest): readonly SortKey[] {
  const search = prepare(connection, request)
  if (!search) return []
  return request.order === 'seq'
    ? pageBySeq(connection, search, request)
    : pageByTime(connection, search, request)
}

function pageByTime(connection: SqliteConnection, search: Search, request: PageRequest): readonly SortKey[] {
  const { direction, after, limit } = request
  const down = direction === 'desc'
  const bound = after && placeBeside(connection, search.workspace, after, down)
  const low = bound !== null && !down && bound > search.low ? bound : search.low
  const high = bound !== null && down && bound < search.high ? bound : search.high
  if (low > high) return []
  if (isScanned(connection, search))
    return scannedRows(
      connection,
      { ...search, low, high },
      (matching) => `SELECT ${TIMESTAMP} AS timestamp, e.seq AS seq ${matching}
        ORDER BY e.place ${down ? 'DESC' : 'ASC'} LIMIT ?`,
      limit,
    ) as unknown as readonly SortKey[]
  return rows(
    connection,
    { ...search, low, high },
    (matching) => `SELECT ${TIMESTAMP} AS timestamp, e.seq AS seq ${matching}
      ORDER BY t.rowid ${down ? 'DESC' : 'ASC'} LIMIT ?`,
    limit,
  ) as unknown as readonly SortKey[]
}

/** First place to read behind an event, which may itself be gone from the index by now. */
function placeBeside(
  connection: SqliteConnection,
  workspace: number,
  { timestamp, seq }: SortKey,
  down: boolean,
): bigint {
  const step = down ? -1n : 1n
  const known = connection
    .prepareBig('SELECT place FROM search_event WHERE workspace = ? AND seq = ?')
    .get(workspace, seq)
  if (known) return (known.place as bigint) + step
  // Within one millisecond places are in the order of seq: the nearest one that is still there.
  const first = placeOf(timestamp)
  const last = first + BigInt(COUNTERS - 1)
  const near = connection
    .prepareBig(
      down
        ? 'SELECT max(place) AS place FROM search_event WHERE place BETWEEN ? AND ? AND workspace = ? AND seq < ?'
        : 'SELECT min(place) AS place FROM search_event WHERE place BETWEEN ? AND ? AND workspace = ? AND seq > ?',
    )
    .get(first, last, workspace, seq)?.place as bigint | null
  return near ?? (down ? first - 1n : last + 1n)
}

const FIRST_SLICE = 4_096
const LARGEST_SLICE = 131_072

/**
 * In the log's own order: slice by slice of the log, the matches among the places that the slice spans. Time mostly runs
 * along the log, so a slice spans little more than itself; where it does not, this is slower and still right.
 */
function pageBySeq(connection: SqliteConnection, search: Search, request: PageRequest): readonly SortKey[] {
  const { direction, after, limit } = request
  const down = direction === 'desc'
  let first = after && !down ? Math.max(search.first, after.seq + 1) : search.first
  let last = after && down ? Math.min(search.last, after.seq - 1) : search.last
  const hits: SortKey[] = []
  let size = search.everything ? limit : FIRST_SLICE
  while (hits.length < limit && first <= last) {
    const slice = sliceOf(connection, search.workspace, first, last, down, size)
    if (!slice) break
    hits.push(...matchesOf(connection, search, slice, down, limit - hits.length))
    if (down) last = slice.first - 1
    else first = slice.last + 1
    size = Math.min(size * 2, LARGEST_SLICE)
  }
  return hits
}

interface Slice {
  readonly first: number
  readonly last: number
  readonly low: bigint
  readonly high: bigint
}

function sliceOf(
  connection: SqliteConnection,
  workspace: number,
  first: number,
  last: number,
  down: boolean,
  size: number,
): Slice | null {
  const row = connection
    .prepareBig(
      `SELECT min(seq) AS first, max(seq) AS last, min(place) AS low, max(place) AS high FROM (
         SELECT seq, place FROM search_event WHERE workspace = ? AND seq BETWEEN ? AND ?
         ORDER BY seq ${down ? 'DESC' : 'ASC'} LIMIT ?)`,
    )
    .get(workspace, first, last, size) as Record<keyof Slice, bigint | null> | undefined
  if (!row || row.first === null || row.last === null || row.low === null || row.high === null) return null
  return { first: Number(row.first), last: Number(row.last), low: row.low, high: row.high }
}

function matchesOf(
  connection: SqliteConnection,
  search: Search,
  slice: Slice,
  down: boolean,
  limit: number,
): readonly SortKey[] {
  const low = slice.low > search.low ? slice.low : search.low
  const high = slice.high < search.high ? slice.high : search.high
  const { first, last } = slice
  const order = `ORDER BY e.seq ${down ? 'DESC' : 'ASC'} LIMIT ?`
  if (search.everything && search.condition === '')
    return connection
      .prepare(
        `SELECT ${TIMESTAMP} AS timestamp, e.seq AS seq FROM search_event e
         WHERE e.workspace = ? AND e.seq BETWEEN ? AND ? AND e.place BETWEEN ? AND ? ${order}`,
      )
      .all(search.workspace, first, last, low, high, limit) as unknown as readonly SortKey[]
  return rows(
    connection,
    { ...search, low, high, first, last },
    (matching) => `SELECT ${TIMESTAMP} AS timestamp, e.seq AS seq ${matching} ${order}`,
    limit,
  ) as unknown as readonly SortKey[]
}
