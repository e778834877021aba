import { isNewer, mergeRows, type EventRow, type RowPlace } from './event-row.ts'

/** A part of the list, as one request brought it. */
export interface RowPage {
  /** What asks for it again; null for the newest page. */
  readonly cursor: string | null
  /** Null while it is dropped. */
  readonly rows: readonly EventRow[] | null
  readonly count: number
  /** The oldest place that is its own: behind it the next page begins. Null where the list ends with it. */
  readonly end: RowPlace | null
}

/**
 * A list of any length of which only some pages are in memory; the others keep their length and the cursor that brings them
 * back. Never changes: each change answers a new list, which shares the pages that stay.
 */
export class RowList {
  static readonly empty = new RowList([])
  readonly pages: readonly RowPage[]
  readonly length: number
  /** Index of the first row of each page. */
  readonly #starts: readonly number[]

  private constructor(pages: readonly RowPage[]) {
    this.pages = pages
    let length = 0
    this.#starts = pages.map(({ count }) => (length += count) - count)
    this.length = length
  }

  /** Undefined where its page is dropped, and behind the end. */
  at(index: number): EventRow | undefined {
    const page = this.pageAt(index)
    return this.pages[page]?.rows?.[index - (this.#starts[page] ?? 0)]
  }

  /** The number of the page that has the row; that of the last page for what lies behind it. */
  pageAt(index: number): number {
    let low = 0
    let high = this.pages.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#starts[middle] ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Index of a row that is in memory, else -1. */
  indexOf(seq: number): number {
    for (const [page, { rows }] of this.pages.entries()) {
      const at = rows?.findIndex((row) => row.seq === seq) ?? -1
      if (at >= 0) return (this.#starts[page] ?? 0) + at
    }
    return -1
  }

  /** The rows that are in memory, newest first. */
  loaded(): readonly EventRow[] {
    return this.pages.flatMap(({ rows }) => rows ?? [])
  }

  /** Whether a row that came otherwise belongs into what is listed so far; else a page to come brings it. */
  covers(place: RowPlace): boolean {
    const end = this.pages.at(-1)?.end
    return end === null || (end !== undefined && !isNewer(end, place))
  }

  /** With the next page behind the others. */
  append(cursor: string | null, rows: readonly EventRow[], hasMore: boolean): RowList {
    const end = hasMore ? (rows.at(-1) ?? this.pages.at(-1)?.end ?? null) : null
    return new RowList([...this.pages, { cursor, rows, count: rows.length, end }])
  }

  /** With a page that was dropped back in memory, with what has come to it meanwhile. */
  restore(page: number, rows: readonly EventRow[]): RowList {
    return this.#with(page, (former) => ({ ...former, rows, count: rows.length }))
  }

  /** With rows that came otherwise, in their places. A dropped page gets them when it is asked for again. */
  insert(news: readonly EventRow[]): RowList {
    const byPage = new Map<number, EventRow[]>()
    for (const row of news.filter((each) => this.covers(each))) {
      const page = this.pages.findIndex(({ end }) => end === null || !isNewer(end, row))
      byPage.set(page, [...(byPage.get(page) ?? []), row])
    }
    return [...byPage].reduce<RowList>((list, [page, added]) => {
      return list.#with(page, (former) => {
        if (former.rows === null) return former
        const rows = mergeRows(former.rows, added)
        return { ...former, rows, count: rows.length }
      })
    }, this)
  }

  /** Without the rows of all pages but the first, which news come to, and those from `first` to `last`. */
  keep(first: number, last: number): RowList {
    const isKept = (page: number): boolean => page === 0 || (page >= first && page <= last)
    if (this.pages.every(({ rows }, page) => rows === null || isKept(page))) return this
    return new RowList(this.pages.map((page, at) => (isKept(at) ? page : { ...page, rows: null })))
  }

  #with(page: number, change: (former: RowPage) => RowPage): RowList {
    return new RowList(this.pages.map((each, at) => (at === page ? change(each) : each)))
  }
}
