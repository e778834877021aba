interface Place {
  readonly millisecond: number
  readonly counter: number
}

/** Places that full-text rows have and no event had when the check began; beyond these they are no longer told apart. */
const MOST_UNKNOWN = 100_000
const OFFSET_LIMIT = 2 ** 21

/**
 * For each event 64 bits: the sum of a hash of every token that its document says it has, less that of every token
 * that the index has. Zero in the end means the same tokens at the same places, in whatever order they came.
 * Against disk faults and stray writes, not against somebody who computes collisions: the ledger stands against those.
 */
export class EventHashes {
  readonly #milliseconds: Float64Array
  readonly #counters: Uint32Array
  readonly #first: Int32Array
  readonly #second: Int32Array
  readonly #unknown = new Map<string, Place>()
  #size = 0
  #termFirst = 0
  #termSecond = 0
  /** Slot of the last instance found: those of a term come in the order of places. */
  #cursor = 0

  constructor(capacity: number) {
    this.#milliseconds = new Float64Array(capacity)
    this.#counters = new Uint32Array(capacity)
    this.#first = new Int32Array(capacity)
    this.#second = new Int32Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  /** Ascending. */
  add(millisecond: number, counter: number): void {
    this.#milliseconds[this.#size] = millisecond
    this.#counters[this.#size] = counter
    this.#size++
  }

  /** Slot of a place, −1 where there is none. */
  find(millisecond: number, counter: number): number {
    return this.#search(millisecond, counter, 0, this.#size)
  }

  expect(slot: number, token: string, column: number, offset: number): void {
    this.beginTerm(token)
    this.#count(slot, column * OFFSET_LIMIT + offset, 1)
  }

  beginTerm(term: string): void {
    let first = 0x811c9dc5
    let second = 0x9747b28c
    for (let at = 0; at < term.length; at++) {
      const code = term.charCodeAt(at)
      first = Math.imul(first ^ code, 0x01000193)
      second = Math.imul(second ^ code, 0x85ebca6b)
    }
    this.#termFirst = first
    this.#termSecond = second ^ (second >>> 15)
    this.#cursor = 0
  }

  /** An instance of the term begun last; `spot` is column × 2^21 + offset. Instances come in the order of places. */
  found(millisecond: number, counter: number, spot: number): void {
    const slot = this.#next(millisecond, counter)
    if (slot >= 0) {
      this.#cursor = slot
      this.#count(slot, spot, -1)
    } else if (this.#unknown.size < MOST_UNKNOWN) {
      this.#unknown.set(`${millisecond}/${counter}`, { millisecond, counter })
    }
  }

  *differing(): Generator<Place> {
    for (let slot = 0; slot < this.#size; slot++)
      if (this.#first[slot] !== 0 || this.#second[slot] !== 0)
        yield { millisecond: this.#milliseconds[slot] ?? 0, counter: this.#counters[slot] ?? 0 }
  }

  unknown(): Place[] {
    return [...this.#unknown.values()]
  }

  #count(slot: number, spot: number, sign: 1 | -1): void {
    const first = mix(this.#termFirst ^ Math.imul(spot + 1, 0x9e3779b1))
    const second = mix(this.#termSecond ^ Math.imul(spot + 1, 0xc2b2ae35))
    this.#first[slot] = (this.#first[slot] ?? 0) + sign * first
    this.#second[slot] = (this.#second[slot] ?? 0) + sign * second
  }

  /** Gallops from the cursor: a common term is on nearly every event, a rare one far away. */
  #next(millisecond: number, counter: number): number {
    let low = this.#cursor
    let step = 1
    while (low + step < this.#size && this.#compare(low + step, millisecond, counter) <= 0) {
      low += step
      step *= 2
    }
    return this.#search(millisecond, counter, low, Math.min(low + step, this.#size))
  }

  #search(millisecond: number, counter: number, from: number, to: number): number {
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = this.#compare(middle, millisecond, counter)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle
    }
    return -1
  }

  #compare(slot: number, millisecond: number, counter: number): number {
    return (this.#milliseconds[slot] ?? 0) - millisecond || (this.#counters[slot] ?? 0) - counter
  }
}

function mix(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return once ^ (once >>> 13)
}
