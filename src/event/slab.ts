const SLAB_BYTES = 64 * 1024
/** What is longer gets memory of its own: the rest of a slab would often be lost to it. */
const MOST_SHARED = SLAB_BYTES / 4
/** A UTF-16 unit takes at most three bytes in UTF-8. */
const BYTES_PER_UNIT = 3

/**
 * Writes one short byte array after the other into memory that they share: thousands of them with an ArrayBuffer each cost
 * several times as much, when they are made and when garbage collection frees them. What was handed out is never written again.
 */
export class Slab {
  readonly #encoder = new TextEncoder()
  #memory = new Uint8Array(SLAB_BYTES)
  #start = 0
  #at = 0

  /** Starts the next array, of at most `most` bytes. */
  begin(most: number): void {
    if (this.#memory.length - this.#start < most) {
      this.#memory = new Uint8Array(most > MOST_SHARED ? most : SLAB_BYTES)
      this.#start = 0
    }
    this.#at = this.#start
  }

  bytes(source: Uint8Array, from: number, to: number): void {
    this.#memory.set(source.subarray(from, to), this.#at)
    this.#at += to - from
  }

  /** Throws RangeError when it does not fit: then `begin` was told too little. */
  text(text: string): void {
    const { read, written } = this.#encoder.encodeInto(text, this.#memory.subarray(this.#at))
    if (read < text.length) throw new RangeError('The text does not fit into the memory set aside for it.')
    this.#at += written
  }

  end(): Uint8Array {
    const array = this.#memory.subarray(this.#start, this.#at)
    this.#start = this.#at
    return array
  }

  /** UTF-8 of a text. */
  encode(text: string): Uint8Array {
    const most = text.length * BYTES_PER_UNIT
    if (most > MOST_SHARED) return this.#encoder.encode(text)
    this.begin(most)
    this.text(text)
    return this.end()
  }
}
