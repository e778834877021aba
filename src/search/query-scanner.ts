import { TrailsealError } from '../errors.ts'

/** What a query must not exceed, so that no text costs more than a search does. */
const MAX_QUERY_LENGTH = 4096

/** A run of characters up to a space, a bracket or a quotation mark, with its escapes resolved. */
export interface Word {
  readonly at: number
  readonly end: number
  readonly text: string
  /** Offset in the query of each character of `text`: escapes make them differ. */
  readonly offsets: readonly number[]
  /** Whether the character of `text` was written behind a backslash, and so is no syntax. */
  readonly escaped: readonly boolean[]
}

const SPACE = /\s/u

/** Reads a query text character by character; every failure names the place and what was expected there. */
export class QueryScanner {
  readonly text: string
  at = 0

  constructor(text: string) {
    if (text.length > MAX_QUERY_LENGTH)
      throw badQuery(MAX_QUERY_LENGTH, `Expected at most ${MAX_QUERY_LENGTH} characters in a query.`)
    this.text = text
  }

  /** Next character, '' at the end. */
  peek(): string {
    return this.text.charAt(this.at)
  }

  skipSpaces(): void {
    while (SPACE.test(this.peek())) this.at++
  }

  /** Whether a value could begin here: not at the end, a space or a closing bracket. */
  atBreak(): boolean {
    const next = this.peek()
    return next === '' || SPACE.test(next) || next === ')'
  }

  take(character: string): boolean {
    if (this.peek() !== character) return false
    this.at++
    return true
  }

  /** Text between quotation marks; the scanner stands on the first of them. */
  quoted(): string {
    const start = this.at++
    let text = ''
    for (;;) {
      const next = this.peek()
      if (next === '')
        throw badQuery(
          this.text.length,
          `Expected a closing quotation mark for the one at position ${start}.`,
        )
      this.at++
      if (next === '"') return text
      text += next === '\\' ? this.#escaped() : next
    }
  }

  /** The word that begins here. A character of `stops` ends it as a space does. */
  word(stops = ''): Word {
    const at = this.at
    const offsets: number[] = []
    const escaped: boolean[] = []
    let text = ''
    for (;;) {
      const next = this.peek()
      if (next === '' || SPACE.test(next) || '()"'.includes(next) || stops.includes(next)) break
      offsets.push(this.at++)
      escaped.push(next === '\\')
      text += next === '\\' ? this.#escaped() : next
    }
    return { at, end: this.at, text, offsets, escaped }
  }

  #escaped(): string {
    const next = this.peek()
    if (next === '') throw badQuery(this.at, 'Expected a character after the backslash.')
    this.at++
    return next
  }
}

export function badQuery(position: number, sentence: string): TrailsealError {
  return new TrailsealError('bad_query', sentence, { position })
}
