import { Worker } from 'node:worker_threads'
import { TrailsealError } from '../errors.ts'
import type { ScannedRows } from '../query/event-scan.ts'
import type { ThreadAnswer, ThreadOptions, ThreadRequest, WrittenFile } from './thread-messages.ts'

/** Batches that are under way to the thread: one that it writes, one that waits. */
const UNDER_WAY = 2
/** Formats stream: one that needs more than this has a fault, which must not take the gateway with it. */
const HEAP_MEBIBYTES = 256
/** Rows live for a moment: a small nursery costs little and keeps what they leave behind small. */
const YOUNG_MEBIBYTES = 8

/**
 * A file that another thread formats and writes, so that the event loop of the gateway has no part in it. `write` settles
 * when the thread can take another batch: that is how a slow disk slows the reading down.
 *
 * Errors: `export_too_large`, `store_unavailable`. Disposing it before `end` stops the thread; the unfinished file is the caller's.
 */
export class FileWriter implements AsyncDisposable {
  readonly #worker: Worker
  readonly #waiting = new Map<number, PromiseWithResolvers<WrittenFile | null>>()
  readonly #release: (bytes: ArrayBuffer) => void
  #next = 0
  #failure: Error | null = null

  /** `release` gets the memory of rows that are written. */
  constructor(options: ThreadOptions, release: (bytes: ArrayBuffer) => void) {
    this.#release = release
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
    this.#worker = new Worker(new URL(`./export-thread${extension}`, import.meta.url), {
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES, maxYoungGenerationSizeMb: YOUNG_MEBIBYTES },
    })
    this.#worker.on('message', (answer: ThreadAnswer) => this.#settle(answer))
    this.#worker.on('error', (cause: unknown) =>
      this.#fail(internal('The thread of an export failed.', cause)),
    )
    this.#worker.on('exit', () => this.#fail(internal('The thread of an export ended too early.', null)))
  }

  /** Hands the rows over: their arrays are empty from then on. */
  async write(rows: ScannedRows): Promise<void> {
    const { seqs, starts, lengths, leafHashes, bytes } = rows
    const buffers = [seqs, starts, lengths, leafHashes, bytes].map(({ buffer }) => buffer)
    // its failure shows below, at the next write, or at the end
    this.#send((id) => ({ id, rows }), buffers).catch(() => undefined)
    while (this.#waiting.size >= UNDER_WAY) await Promise.race(this.#unsettled())
    if (this.#failure !== null) throw this.#failure
  }

  async end(): Promise<WrittenFile> {
    const file = await this.#send((id) => ({ id, end: true }), [])
    if (file === null) throw new Error('the last answer of an export thread names its file')
    return file
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }

  #send(request: (id: number) => ThreadRequest, buffers: ArrayBuffer[]): Promise<WrittenFile | null> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const id = this.#next++
    const waiting = Promise.withResolvers<WrittenFile | null>()
    this.#waiting.set(id, waiting)
    this.#worker.postMessage(request(id), buffers)
    return waiting.promise
  }

  *#unsettled(): Generator<Promise<unknown>> {
    for (const { promise } of this.#waiting.values()) yield promise
  }

  #settle(answer: ThreadAnswer): void {
    if ('failure' in answer) {
      this.#fail(new TrailsealError(answer.failure.code, answer.failure.message))
      return
    }
    if ('spare' in answer) this.#release(answer.spare)
    this.#waiting.get(answer.id)?.resolve('file' in answer ? answer.file : null)
    this.#waiting.delete(answer.id)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}

function internal(sentence: string, cause: unknown): TrailsealError {
  return new TrailsealError('internal', sentence, { cause })
}
