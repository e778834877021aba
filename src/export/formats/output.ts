import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { PassThrough, Writable } from 'node:stream'
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

/** Joins many small texts into chunks. */
export class TextOutput {
  readonly #output: Writable
  /** What is being filled; whoever writes into it where `hasRoom` says so, moves `used` on. */
  chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  used = 0

  constructor(output: Writable) {
    this.#output = output
  }

  hasRoom(bytes: number): boolean {
    return bytes <= CHUNK_BYTES - this.used
  }

  async text(text: string): Promise<void> {
    // three bytes a UTF-16 unit at most
    if (this.hasRoom(text.length * 3)) this.used += this.chunk.write(text, this.used, 'utf8')
    else await this.bytes(Buffer.from(text, 'utf8'))
  }

  async bytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + CHUNK_BYTES - this.used)
      this.chunk.set(part, this.used)
      this.used += part.length
      at += part.length
      if (this.used === CHUNK_BYTES) await this.flush()
    }
  }

  async flush(): Promise<void> {
    if (this.used === 0) return
    const chunk = this.chunk.subarray(0, this.used)
    // the stream keeps the chunk until it is written: it gets the buffer, and a new one takes its place
    this.chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    this.used = 0
    await writeChunk(this.#output, chunk)
  }
}

/** Settles when the stream has written the chunk, which may then be filled anew. Throws what the stream fails with. */
export async function writeWhole(output: Writable, chunk: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    output.write(chunk, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

/** So much is handed to the disk while more is being written, which slows that down; at the end of a large file little is left to wait for. */
const SYNCED_AT_ONCE = 256 * 1024 * 1024

/**
 * A file that is begun anew; at its end it is known how many bytes it has and their SHA-256: what a manifest says of it. For a thread of
 * its own, since it blocks while it writes.
 */
export class FileOutput extends Writable {
  readonly #path: string
  readonly #hash: Hash = createHash('sha256')
  #file: FileHandle | null = null
  #size = 0
  /** Up to here the disk was asked to have it. */
  #synced = 0
  #syncing: Promise<void> | null = null

  constructor(path: string) {
    super({ highWaterMark: 1 << 20 })
    this.#path = path
  }

  override _construct(callback: (error?: Error | null) => void): void {
    settle(
      open(this.#path, 'w', 0o600).then((file) => {
        this.#file = file
      }),
      callback,
    )
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#hash.update(chunk)
    this.#size += chunk.length
    try {
      // while the bytes are still in the cache: to hand them to another thread and wait takes twice the time
      for (let at = 0; at < chunk.length;) at += writeSync(this.#file?.fd ?? -1, chunk, at)
    } catch (error) {
      callback(error as Error)
      return
    }
    settle(this.#sync(), callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    settle(this.#syncing ?? Promise.resolve(), callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const closed = Promise.resolve(this.#syncing)
      .catch(() => undefined)
      .then(() => this.#file?.close())
    settle(closed, (failure) => callback(error ?? failure ?? null))
  }

  /** To be asked once, when the stream has ended. `sha256` in lower-case hexadecimal, as `sha256sum` prints it. */
  measured(): { readonly size: number; readonly sha256: string } {
    return { size: this.#size, sha256: this.#hash.digest('hex') }
  }

  async #sync(): Promise<void> {
    if (this.#size - this.#synced < SYNCED_AT_ONCE) return
    // One at a time: a disk that is slower than the rows slows them down here.
    await this.#syncing
    this.#synced = this.#size
    this.#syncing = this.#file?.datasync() ?? null
    // Its failure shows where it is waited for.
    this.#syncing?.catch(() => undefined)
  }
}

function settle(work: Promise<unknown>, callback: (error?: Error | null) => void): void {
  work.then(
    () => callback(),
    (error: unknown) => callback(error as Error),
  )
}

export function passThrough(): PassThrough {
  return new PassThrough({ highWaterMark: 4 * CHUNK_BYTES })
}
