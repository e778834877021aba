import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { PassThrough, Transform } from 'node:stream'
import type { TransformCallback, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'

/** Writes and, where the stream has enough for now, waits until it wants more. Throws what the stream fails with. */
export async function writeChunk(output: Writable, chunk: Uint8Array): Promise<void> {
  if (output.write(chunk)) return
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error): void => {
      output.off('drain', settle).off('error', settle).off('close', closed)
      if (error === undefined) resolve()
      else reject(error)
    }
    const closed = (): void =>
      settle(output.errored ?? new Error('The output was closed before it had everything.'))
    if (output.destroyed) closed()
    else output.on('drain', settle).on('error', settle).on('close', closed)
  })
}

/** Ends the stream and waits until it has written everything. */
export async function endOutput(output: Writable): Promise<void> {
  output.end()
  await finished(output, { readable: false })
}

const CHUNK_BYTES = 128 * 1024

/** Joins many small texts into chunks, whose borders depend on the content only. */
export class TextOutput {
  readonly #output: Writable
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  #used = 0

  constructor(output: Writable) {
    this.#output = output
  }

  async text(text: string): Promise<void> {
    // three bytes a UTF-16 unit at most
    if (text.length * 3 <= CHUNK_BYTES - this.#used)
      this.#used += this.#buffer.write(text, this.#used, 'utf8')
    else await this.bytes(Buffer.from(text, 'utf8'))
  }

  async bytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + CHUNK_BYTES - this.#used)
      this.#buffer.set(part, this.#used)
      this.#used += part.length
      at += part.length
      if (this.#used === CHUNK_BYTES) await this.flush()
    }
  }

  async flush(): Promise<void> {
    if (this.#used === 0) return
    const chunk = this.#buffer.subarray(0, this.#used)
    // the stream keeps the chunk until it is written: it gets the buffer, and a new one takes its place
    this.#buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    this.#used = 0
    await writeChunk(this.#output, chunk)
  }
}

/** Passes bytes on, and knows at the end how many they were and their SHA-256: what a manifest says of a file. */
export class MeasuredOutput extends Transform {
  readonly #hash: Hash = createHash('sha256')
  #size = 0

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#hash.update(chunk)
    this.#size += chunk.length
    callback(null, chunk)
  }

  /** To be asked once, when the stream has ended. `sha256` in lower-case hexadecimal, as `sha256sum` prints it. */
  measured(): { readonly size: number; readonly sha256: string } {
    return { size: this.#size, sha256: this.#hash.digest('hex') }
  }
}

export function passThrough(): PassThrough {
  return new PassThrough({ highWaterMark: 4 * CHUNK_BYTES })
}
