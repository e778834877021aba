import { address, getJson, toProblem, type Parameters, type Problem } from '../api/client.ts'
import type { EventPage, ListedEvent, Total } from '../api/types.ts'
import { mergeRows, isNewer, toRow, type EventRow } from './event-row.ts'

const PAGE_SIZE = 100
/** More news than this is not kept: the list is asked for again instead. */
const MOST_PENDING = 1_000

export interface FeedSnapshot {
  readonly rows: readonly EventRow[]
  readonly total: Total | null
  readonly problem: Problem | null
  readonly isLoading: boolean
  readonly hasMore: boolean
  /** Events that arrived while the reader was further down; `MOST_PENDING` stands for that many or more. */
  readonly pending: number
}

const EMPTY: FeedSnapshot = {
  rows: [],
  total: null,
  problem: null,
  isLoading: true,
  hasMore: false,
  pending: 0,
}

/** One list: its pages by cursor, and what arrives meanwhile. Made anew for other filters. */
export class EventFeed {
  readonly #path: string
  readonly #parameters: Parameters
  readonly #listeners = new Set<() => void>()
  readonly #controller = new AbortController()
  #snapshot = EMPTY
  #cursor: string | null = null
  #isAsking = false
  #pending: EventRow[] = []
  #arrived: ListedEvent[] = []
  #isAtTop = true

  constructor(path: string, parameters: Parameters) {
    this.#path = path
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
    this.#isAsking = true
    this.#change({ isLoading: true, problem: null })
    try {
      const parameters = { ...this.#parameters, limit: PAGE_SIZE, cursor: this.#cursor }
      const page = await getJson<EventPage>(address(this.#path, parameters), this.#controller.signal)
      this.#cursor = page.next_cursor
      const rows = page.events.map((event) => toRow(event, false))
      this.#change({
        rows: mergeRows(this.#snapshot.rows, rows),
        total: isFirst ? page.total : this.#snapshot.total,
        hasMore: page.next_cursor !== null,
        isLoading: false,
      })
    } catch (error) {
      if (!this.#controller.signal.aborted) this.#change({ problem: toProblem(error), isLoading: false })
    } finally {
      this.#isAsking = false
    }
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

  #takeArrived(): void {
    // Older than what is loaded: the cursor brings it in its place.
    const last = this.#snapshot.hasMore ? this.#snapshot.rows.at(-1) : undefined
    const rows = this.#arrived
      .map((event) => toRow(event, true))
      .filter((row) => last === undefined || isNewer(row, last))
    this.#arrived = []
    if (this.#isAtTop) this.#show(rows)
    else {
      const known = new Set([...this.#snapshot.rows, ...this.#pending].map(({ seq }) => seq))
      const news = rows.filter(({ seq }) => !known.has(seq))
      this.#pending = [...this.#pending, ...news].slice(-MOST_PENDING)
      this.#change({ pending: this.#pending.length })
    }
  }

  #show(news: readonly EventRow[]): void {
    const rows = mergeRows(this.#snapshot.rows, news)
    const { total } = this.#snapshot
    const added = rows.length - this.#snapshot.rows.length
    this.#change({
      rows,
      pending: this.#pending.length,
      total: total?.relation === 'eq' ? { value: total.value + added, relation: 'eq' } : total,
    })
  }

  #change(change: Partial<FeedSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change }
    this.#listeners.forEach((listener) => listener())
  }
}
