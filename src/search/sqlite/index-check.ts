import type { SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import { FACET_COLUMNS, textsOf, type DocumentRow } from './columns.ts'
import { EventHashes } from './event-hashes.ts'
import { SUCCESSOR } from './schema.ts'

/** An event of which the index says something else than its document. */
export interface IndexDifference {
  readonly workspace: string
  readonly seq: number
  /** `missing`: not indexed. `columns`: facets or timestamp differ. `tokens`: its words, or the places of its words. */
  readonly what: 'missing' | 'columns' | 'tokens'
}

/** One row of `search_event`, as it is compared with a document. */
export interface IndexedEvent {
  readonly seq: number
  readonly timestamp: number
  readonly facets: readonly (string | null)[]
}

/** What one check has gathered. It lives in the thread it was begun in: all its calls go to `scan`. */
interface Check {
  readonly hashes: EventHashes
  /** Last term whose instances are compared. */
  term: string | null
}

const checks = new Map<number, Check>()
let lastCheck = 0
const MOST_DIFFERENCES = 100

/** Starts a check of all events indexed now: takes 24 bytes an event until `finish`. */
export function begin(connection: SqliteConnection): { readonly check: number; readonly events: number } {
  const { events } = connection.prepare('SELECT count(*) AS events FROM search_event').get() as {
    events: number
  }
  const hashes = new EventHashes(events)
  const rows = connection
    .prepare(
      `SELECT e.place >> 20 AS millisecond, e.place & 1048575 AS counter FROM search_event e
       JOIN search_workspace w ON w.number = e.workspace WHERE w.id IS NOT NULL ORDER BY e.place LIMIT ?`,
    )
    .iterate(events) as Iterable<{ millisecond: number; counter: number }>
  for (const { millisecond, counter } of rows) hashes.add(millisecond, counter)
  const check = ++lastCheck
  checks.set(check, { hashes, term: null })
  return { check, events: hashes.size }
}

/** Rows of one workspace, as `search_event` has them. */
export function columns(
  connection: SqliteConnection,
  { workspace, first, count }: { workspace: string; first: number; count: number },
): readonly IndexedEvent[] {
  return placesOf(connection, workspace, first, first + count - 1).map(({ seq, millisecond, facets }) => ({
    seq,
    timestamp: millisecond,
    facets,
  }))
}

interface PlacedEvent {
  readonly number: number
  readonly seq: number
  readonly millisecond: number
  readonly counter: number
  readonly facets: readonly (string | null)[]
}

function placesOf(
  connection: SqliteConnection,
  workspace: string,
  first: number,
  last: number,
): PlacedEvent[] {
  const rows = connection
    .prepare(
      `SELECT w.number, e.seq, e.place >> 20 AS millisecond, e.place & 1048575 AS counter, ${FACET_COLUMNS.join(', ')}
       FROM search_workspace w JOIN search_event e ON e.workspace = w.number
       WHERE w.id = ? AND e.seq BETWEEN ? AND ? ORDER BY e.seq`,
    )
    .all(workspace, first, last) as unknown as (PlacedEvent & Record<string, string | null>)[]
  return rows.map((row) => ({
    number: row.number,
    seq: row.seq,
    millisecond: row.millisecond,
    counter: row.counter,
    facets: FACET_COLUMNS.map((column) => row[column] ?? null),
  }))
}

/** Rows of documents of one workspace, ascending by seq. Compares their columns and remembers what their tokens should be. */
export function compareDocuments(
  connection: SqliteConnection,
  { check, rows }: { check: number; rows: readonly DocumentRow[] },
): readonly IndexDifference[] {
  const { hashes } = checkOf(check)
  const [start] = rows
  const end = rows.at(-1)
  if (!start || !end) return []
  const indexed = new Map<number, PlacedEvent>()
  for (const place of placesOf(connection, start.workspace, start.seq, end.seq)) indexed.set(place.seq, place)
  const differences: IndexDifference[] = []
  for (const row of rows) {
    const { workspace, seq, timestamp, facets } = row
    const found = indexed.get(seq)
    if (!found) {
      differences.push({ workspace, seq, what: 'missing' })
      continue
    }
    const { number, millisecond, counter } = found
    // A full millisecond passes its events on to the next (apply.ts), so later is no difference by itself.
    const moved = millisecond < timestamp || (millisecond > timestamp && !isFull(connection, timestamp))
    if (moved || facets.some((value, at) => value !== found.facets[at]))
      differences.push({ workspace, seq, what: 'columns' })
    const slot = hashes.find(millisecond, counter)
    if (slot >= 0) expectTokens(hashes, slot, textsOf(row, number))
  }
  return differences.slice(0, MOST_DIFFERENCES)
}

function isFull(connection: SqliteConnection, millisecond: number): boolean {
  const place = (BigInt(millisecond) << 20n) | 0xfffffn
  return connection.prepare('SELECT 1 FROM search_event WHERE place = ?').get(place) !== undefined
}

function expectTokens(hashes: EventHashes, slot: number, texts: readonly string[]): void {
  for (const [column, text] of texts.entries()) {
    if (text === '') continue
    let offset = 0
    for (const token of text.split(' ')) hashes.expect(slot, token, column, offset++)
  }
}

/** Instances of one step: about a tenth of a second. One term is never split. */
const STEP_INSTANCES = 250_000
const MOST_CHUNKS = 16

/**
 * Instances of some terms as two texts: rows of their own, and their crossing into JavaScript, take more than twice as
 * long.
 */
const INSTANCES = `SELECT group_concat(millisecond) AS milliseconds, group_concat(spot) AS spots FROM
  (SELECT doc >> 20 AS millisecond, ((doc & 1048575) << 26) | ((unicode(col) - 97) << 21) | offset AS spot
   FROM search_instance WHERE term BETWEEN ? AND ? LIMIT ? OFFSET ?)`

/** Reads numbers that are separated by commas. */
class Numbers {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  next(): number {
    let number = 0
    for (;;) {
      const digit = this.#text.charCodeAt(this.#at++) - 48
      // NaN at the end of the text.
      if (!(digit >= 0)) return number
      number = number * 10 + digit
    }
  }
}

/** Compares the next terms of the index. `done` when there are no more. */
export function compareTerms(
  connection: SqliteConnection,
  { check }: { check: number },
): { readonly done: boolean; readonly instances: number } {
  const state = checkOf(check)
  const { hashes } = state
  // Both statements have to read the same state, also while the writer goes on. A savepoint, since a frozen store is in a transaction.
  connection.database.exec('SAVEPOINT compare_terms')
  try {
    const terms = nextTerms(connection, state.term)
    const [first] = terms
    const last = terms.at(-1)
    if (!first || !last) return { done: true, instances: 0 }
    for (const chunk of chunksOf(connection, terms))
      for (const { term, count } of chunk.terms) {
        hashes.beginTerm(term)
        for (let left = count; left > 0; left--) {
          const spot = chunk.spots.next()
          hashes.found(chunk.milliseconds.next(), Math.floor(spot / 2 ** 26), spot % 2 ** 26)
        }
      }
    const compared = terms.reduce((sum, { count }) => sum + count, 0)
    state.term = last.term
    return { done: false, instances: compared }
  } finally {
    connection.database.exec('RELEASE compare_terms')
  }
}

interface Term {
  readonly term: string
  readonly count: number
}

/** Terms of about one step, or one that is larger than a step. */
function nextTerms(connection: SqliteConnection, after: string | null): readonly Term[] {
  const terms: Term[] = []
  let instances = 0
  const rows = connection
    .prepare('SELECT term, cnt AS count FROM search_term WHERE term >= ?')
    // With > SQLite would count the instances of the last term once more.
    .iterate(after === null ? '' : after + SUCCESSOR) as Iterable<Term>
  for (const { term, count } of rows) {
    if (terms.length > 0 && instances + count > STEP_INSTANCES) break
    terms.push({ term, count })
    instances += count
  }
  return terms
}

interface Chunk {
  readonly terms: readonly Term[]
  readonly milliseconds: Numbers
  readonly spots: Numbers
}

/** A term of many instances comes in several chunks, so that their texts stay small. */
function* chunksOf(connection: SqliteConnection, terms: readonly Term[]): Generator<Chunk> {
  const [first] = terms
  const last = terms.at(-1)
  if (!first || !last) return
  // An offset is skipped row by row: not more often than this, however many events there are.
  const size =
    terms.length > 1 ? STEP_INSTANCES : Math.max(STEP_INSTANCES, Math.ceil(first.count / MOST_CHUNKS))
  const total = terms.length > 1 ? size : first.count
  for (let offset = 0; offset < total; offset += size) {
    const row = connection.prepare(INSTANCES).get(first.term, last.term, size, offset) as Record<
      string,
      string | null
    >
    const milliseconds = new Numbers(row.milliseconds ?? '')
    const spots = new Numbers(row.spots ?? '')
    const part = terms.length > 1 ? terms : [{ term: first.term, count: Math.min(size, total - offset) }]
    yield { terms: part, milliseconds, spots }
  }
}

/** Ends the check. Names the events whose tokens differ, and counts full-text rows that belong to no event. */
export function finish(
  connection: SqliteConnection,
  { check }: { check: number },
): { readonly differences: readonly IndexDifference[]; readonly strays: number } {
  const { hashes } = checkOf(check)
  checks.delete(check)
  const byPlace = connection.prepare(
    `SELECT w.id AS workspace, e.seq AS seq FROM search_event e JOIN search_workspace w ON w.number = e.workspace
     WHERE e.place = ?`,
  )
  const eventAt = ({ millisecond, counter }: { millisecond: number; counter: number }) =>
    byPlace.get((BigInt(millisecond) << 20n) + BigInt(counter)) as
      { workspace: string | null; seq: number } | undefined
  const differences: IndexDifference[] = []
  for (const place of hashes.differing()) {
    const event = eventAt(place)
    // Cleared while the check ran: no difference.
    if (!event || event.workspace === null) continue
    differences.push({ workspace: event.workspace, seq: event.seq, what: 'tokens' })
    if (differences.length === MOST_DIFFERENCES) break
  }
  // Events indexed since the check began are unknown to it, and are no strays.
  const strays = hashes.unknown().filter((place) => eventAt(place) === undefined).length
  return { differences, strays }
}

/** SQLite's own check of its b-trees and of the full-text segments: one sentence a fault, none when all is well. */
export function integrity(connection: SqliteConnection): readonly string[] {
  const faults = connection
    .all('PRAGMA integrity_check(20)')
    .map(({ integrity_check }) => String(integrity_check))
  return faults.filter((fault) => fault !== 'ok')
}

function checkOf(check: number): Check {
  const state = checks.get(check)
  if (!state) throw new Error(`no such check: ${check}`)
  return state
}
