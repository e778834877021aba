import { address, getJson, toProblem, type Parameters, type Problem } from '../api/client.ts'
import type { EventPage, ListedEvent, Total } from '../api/types.ts'
import type { Bookmark } from './bookmark.ts'
import { isNewer, toRow, type EventRow } from './event-row.ts'
import { RowList } from './row-list.ts'

/** Small, because somebody waits for the first rows. */
const FIRST_PAGE_SIZE = 100
const PAGE_SIZE = 250
/** Most that the interface gives in one answer. */
const MOST_ROWS = 1_000
/** Rows in front of and behind the visible ones that are fetched before they are seen. */
const AHEAD = 500
/** The same while nobody has scrolled: reads of auditors are recorded, so none is made in vain. */
const AHEAD_AT_TOP = 60
/** Rows in front of and behind the visible ones that stay in memory. */
const KEPT = 1_500
/** More news than this is not kept: the list is asked for again instead. */
const MOST_PENDING = 1_000
/** The newest page gets all news; longer than this it is begun anew. */
const MOST_AT_TOP = 2_000

export interface FeedSnapshot {
  readonly rows: RowList
  readonly total: Total | null
  readonly problem: Problem | null
  readonly isLoading: boolean
  readonly hasMore: boolean
  /** Events that arrived while the reader was further down; `MOST_PENDING` stands for that many or more. */
  readonly pending: number
}

const EMPTY: FeedSnapshot = {
  rows: RowList.empty,
  total: null,
  problem: null,
  isLoading: true,
  hasMore: false,
  pending: 0,
}

/**
 * One list: its pages by cursor, and what arrives meanwhile. Made anew for other filters. However far somebody scrolls, only
 * the rows around the visible ones are in memory; the others are asked for again when they are seen again.
 */
export class EventFeed {
  readonly #path: string
  readonly #parameters: Parameters
  readonly #bookmark: Bookmark
  readonly #listeners = new Set<() => void>()
  readonly #controller = new AbortController()
  #snapshot = EMPTY
  #cursor: string | null = null
  #isAsking = false
  /** Pages that are on their way back. */
  readonly #restoring = new Set<number>()
  #visible = { first: 0, last: 0 }
  #pending: EventRow[] = []
  #arrived: ListedEvent[] = []
  #isAtTop = true
  #newsTaken = 0

  constructor(path: string, parameters: Parameters, bookmark: Bookmark) {
    this.#path = path
    this.#bookmark = bookmark
    this.#parameters = parameters
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): FeedSnapshot => this.#snapshot

  /** The next page; nothing happens while one is on its way or none is left. */
  readonly more = async (): Promise<void> => {
    const isFirst = this.#snapshot.total === null
    if (this.#isAsking || (!isFirst && this.#cursor === null)) return
    await this.#append(isFirst ? RowList.empty : this.#snapshot.rows)
  }

  /** Fetches what is missing around the rows that are seen, and drops what is far from them. */
  readonly show = (first: number, last: number): void => {
    this.#visible = { first, last }
    const { rows, total } = this.#snapshot
    if (total === null) return
    const ahead = first === 0 ? AHEAD_AT_TOP : AHEAD
    if (last >= rows.length - ahead) void this.more()
    const around = (margin: number) => [rows.pageAt(first - margin), rows.pageAt(last + margin)] as const
    // What is seen comes first, then what is next to it.
    for (const [from, to] of [around(0), around(ahead)])
      for (let page = from; page <= to; page++) void this.#restore(page)
    const kept = rows.keep(...around(KEPT))
    if (kept !== rows) this.#change({ rows: kept })
  }

  /** After a problem: once more what failed. */
  readonly again = (): void => {
    this.#change({ problem: null })
    if (this.#snapshot.total === null) void this.more()
    else this.show(this.#visible.first, this.#visible.last)
  }

  /** Whether the reader sees the newest row: then news is shown at once. */
  readonly setAtTop = (isAtTop: boolean): void => {
    this.#isAtTop = isAtTop
    if (isAtTop && this.#pending.length > 0 && this.#pending.length < MOST_PENDING) this.showPending()
  }

  /** An event of the live feed. Those of one moment are shown together. */
  readonly receive = (event: ListedEvent): void => {
    if (this.#arrived.push(event) === 1) setTimeout(() => this.#takeArrived(), 50)
  }

  readonly showPending = (): void => {
    const rows = this.#pending
    this.#pending = []
    this.#show(rows)
  }

  readonly close = (): void => this.#controller.abort()

  /** How many news the list has taken: whoever counts beside it sees whether some came while it counted. */
  readonly newsTaken = (): number => this.#newsTaken

  /**
   * The sum of an exact count of the same events, where the list itself only knows that they are many. `newsBefore`: what
   * `newsTaken` answered when the count was asked for; of later ones nobody knows whether they are counted.
   */
  readonly setCount = (value: number, newsBefore: number): void => {
    const { total } = this.#snapshot
    if (total === null || total.relation === 'eq' || value < total.value) return
    this.#change({ total: { value, relation: newsBefore === this.#newsTaken ? 'eq' : 'gte' } })
  }

  async #append(to: RowList): Promise<void> {
    const isFirst = to.pages.length === 0
    const cursor = isFirst ? null : this.#cursor
    this.#isAsking = true
    this.#change({ isLoading: true, problem: null })
    try {
      if (this.#bookmark.after === null) await this.#placeBookmark()
      const page = await this.#ask(cursor, isFirst ? FIRST_PAGE_SIZE : PAGE_SIZE)
      // The reader has gone down the list that was to be begun anew at its top.
      if (isFirst && this.#snapshot.rows.length > 0 && !this.#isAtTop) {
        this.#change({ isLoading: false })
        return
      }
      const rows = page.events.map((event) => toRow(event, false))
      const hasMore = page.next_cursor !== null
      this.#cursor = page.next_cursor
      // While it was on its way other pages may have changed, so the list of now counts.
      const list = isFirst ? to : this.#snapshot.rows
      const total = isFirst ? page.total : this.#snapshot.total
      this.#change({ rows: list.append(cursor, rows, hasMore), total, hasMore, isLoading: false })
    } catch (error) {
      if (!this.#controller.signal.aborted) this.#change({ problem: toProblem(error), isLoading: false })
    } finally {
      this.#isAsking = false
      if (this.#arrived.length > 0) this.#takeArrived()
    }
  }

  /** A list can be read without it; the live feed then tries again. */
  async #placeBookmark(): Promise<void> {
    await this.#bookmark.place(this.#controller.signal).catch(() => {})
  }

  /** A dropped page again, with what has come to it meanwhile: up to where the next one begins. */
  async #restore(page: number): Promise<void> {
    const former = this.#snapshot.rows.pages[page]
    if (!former || former.rows !== null || this.#restoring.has(page)) return
    this.#restoring.add(page)
    const rows: EventRow[] = []
    const { end } = former
    try {
      for (let cursor = former.cursor, isAll = false; !isAll;) {
        const answer = await this.#ask(cursor, Math.min(MOST_ROWS, former.count + 20))
        const all = answer.events.map((event) => toRow(event, false))
        rows.push(...all.filter((row) => end === null || !isNewer(end, row)))
        cursor = answer.next_cursor
        isAll = cursor === null || rows.length < all.length || (end !== null && rows.at(-1)?.seq === end.seq)
      }
      // The list may have been begun anew meanwhile.
      const now = this.#snapshot.rows.pages[page]
      if (now?.cursor === former.cursor) this.#change({ rows: this.#snapshot.rows.restore(page, rows) })
    } catch (error) {
      if (!this.#controller.signal.aborted) this.#change({ problem: toProblem(error) })
    } finally {
      this.#restoring.delete(page)
    }
  }

  #ask(cursor: string | null, limit: number): Promise<EventPage> {
    return getJson<EventPage>(
      address(this.#path, { ...this.#parameters, limit, cursor }),
      this.#controller.signal,
    )
  }

  #takeArrived(): void {
    // What a page on its way brings is only known when it is there.
    if (this.#isAsking) return
    const rows = this.#arrived
      .map((event) => toRow(event, true))
      .filter((row) => this.#snapshot.rows.covers(row))
    this.#arrived = []
    if (this.#isAtTop) this.#show(rows)
    else {
      const known = new Set([...this.#snapshot.rows.loaded(), ...this.#pending].map(({ seq }) => seq))
      const news = rows.filter(({ seq }) => !known.has(seq))
      this.#pending = [...this.#pending, ...news].slice(-MOST_PENDING)
      this.#change({ pending: this.#pending.length })
    }
  }

  #show(news: readonly EventRow[]): void {
    const rows = this.#snapshot.rows.insert(news)
    const { total } = this.#snapshot
    const added = rows.length - this.#snapshot.rows.length
    this.#newsTaken += added
    this.#change({
      rows,
      pending: this.#pending.length,
      total: total?.relation === 'eq' ? { value: total.value + added, relation: 'eq' } : total,
    })
    // Nobody sees what lies below, and the newest page can't be dropped: so it begins anew.
    if (this.#isAtTop && (rows.pages[0]?.count ?? 0) > MOST_AT_TOP && !this.#isAsking)
      void this.#append(RowList.empty)
  }

  #change(change: Partial<FeedSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change }
    this.#listeners.forEach((listener) => listener())
  }
}
