import { Worker } from 'node:worker_threads'
import { TrailsealError } from '../../errors.ts'
import { fromFailure, type WorkerOptions, type WorkerRequest, type WorkerResponse } from './messages.ts'
import { TOUCH, type SqliteCall } from './procedures.ts'

export interface SqliteOptions {
  /** Path of the database file; made when it is not there. */
  readonly file: string
  /** Modules that implement SqliteModule: see `moduleBeside`. */
  readonly modules: readonly URL[]
  /** Pages that the writer keeps; more pay off where several clients write at once. */
  readonly writerCacheKibibytes?: number
}

/** Most threads that answer readers: two, so that one slow search does not stop the others. */
const READERS = 2
const WRITER_CACHE_KIBIBYTES = 40 * 1024
/** A failed write makes the store unready for this long, unless one succeeds: then traffic may try again. */
const FAILURE_COUNTS_MS = 15_000
const READER_CACHE_KIBIBYTES = 24 * 1024
/** It reads each page once, so a cache would only hold what is not needed again. */
const SCANNER_CACHE_KIBIBYTES = 4 * 1024

/**
 * One SQLite file in worker threads: one writer, some readers for people who wait, one for scans (verification,
 * exports, rebuilds) that may take minutes. Nothing here blocks the event loop. Threads but the writer start when they are
 * first needed: each takes some fifteen megabytes, and an import needs none of them.
 *
 * Errors: `store_unavailable` with a sentence that says what is wrong with the file or its disk.
 */
export class Sqlite implements AsyncDisposable {
  readonly #writer: SqliteThread
  readonly #readers: SqliteThread[] = []
  #scanner: SqliteThread | null = null
  readonly #reader: WorkerOptions
  /** Readers at most. */
  readonly #most: number
  #closed = false
  #failure: { readonly error: TrailsealError; readonly at: number } | null = null

  private constructor(options: SqliteOptions, frozen: boolean) {
    const modules = options.modules.map((url) => url.href)
    this.#reader = { file: options.file, role: 'reader', modules, cacheKibibytes: READER_CACHE_KIBIBYTES }
    this.#writer = new SqliteThread(
      frozen
        ? { ...this.#reader, role: 'frozen' }
        : {
            ...this.#reader,
            role: 'writer',
            cacheKibibytes: options.writerCacheKibibytes ?? WRITER_CACHE_KIBIBYTES,
          },
    )
    this.#most = frozen ? 1 : READERS
    if (!frozen) return
    // One thread for everything: two would not be frozen at the same moment.
    this.#scanner = this.#writer
    this.#readers.push(this.#writer)
  }

  /** The writer makes file and schema before any reader opens them. */
  static async open(options: SqliteOptions): Promise<Sqlite> {
    return await Sqlite.#opened(new Sqlite(options, false))
  }

  /**
   * A store that is there, as it is at this moment, whatever is committed meanwhile, by other processes too; it takes no
   * writes. The write-ahead log grows until it is closed.
   */
  static async openFrozen(options: SqliteOptions): Promise<Sqlite> {
    return await Sqlite.#opened(new Sqlite(options, true))
  }

  static async #opened(sqlite: Sqlite): Promise<Sqlite> {
    try {
      await sqlite.#writer.run([])
      return sqlite
    } catch (error) {
      await sqlite[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Runs the calls in one transaction: all of them are on stable storage when it settles, or none. */
  async write(calls: readonly SqliteCall[]): Promise<readonly unknown[]> {
    try {
      const results = await this.#writer.run(calls)
      this.#failure = null
      return results
    } catch (error) {
      if (error instanceof TrailsealError && error.code === 'store_unavailable')
        this.#failure = { error, at: performance.now() }
      throw error
    }
  }

  /**
   * Commits a few bytes that mean nothing: finds a read-only or locked store before an event does. A few bytes may fit
   * where a batch of events does not, so a write that failed lately counts too.
   */
  async probe(): Promise<void> {
    if (this.#failure && performance.now() - this.#failure.at < FAILURE_COUNTS_MS) throw this.#failure.error
    await this.#writer.run([{ procedure: TOUCH, argument: null }])
  }

  /** For somebody who waits: the least busy reader. */
  async read(call: SqliteCall): Promise<unknown> {
    return (await this.#idleReader().run([call]))[0]
  }

  /** For work that may take long: it never delays `read`. `buffers` of the argument are handed over, not copied. */
  async scan(call: SqliteCall, buffers: readonly ArrayBuffer[] = []): Promise<unknown> {
    this.#scanner ??= this.#start(SCANNER_CACHE_KIBIBYTES)
    return (await this.#scanner.run([call], buffers))[0]
  }

  /** Finishes what was asked, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const readers = new Set([...this.#readers, ...(this.#scanner ? [this.#scanner] : [])])
    await Promise.all([...readers].map((thread) => thread.close()))
    // Last, because the last connection to close folds the write-ahead log into the file.
    await this.#writer.close()
  }

  #idleReader(): SqliteThread {
    const idle = this.#readers.find(({ waiting }) => waiting === 0)
    if (idle) return idle
    if (this.#readers.length < this.#most) {
      const started = this.#start(READER_CACHE_KIBIBYTES)
      this.#readers.push(started)
      return started
    }
    return this.#readers.reduce((best, thread) => (thread.waiting < best.waiting ? thread : best))
  }

  /** The writer, which is closed and says so, once the store is. */
  #start(cacheKibibytes: number): SqliteThread {
    return this.#closed ? this.#writer : new SqliteThread({ ...this.#reader, cacheKibibytes })
  }
}

interface Waiting {
  resolve(results: readonly unknown[]): void
  reject(error: unknown): void
}

class SqliteThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  #ended: TrailsealError | null = null

  constructor(options: WorkerOptions) {
    this.#worker = new Worker(moduleBeside(import.meta.url, './worker'), {
      workerData: options,
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    })
    // An idle store does not keep a finished command alive; a waiting caller does.
    this.#worker.unref()
    this.#worker.on('message', (response: WorkerResponse) => this.#settle(response))
    this.#worker.on('error', (cause) => this.#end(cause))
    this.#worker.on('exit', () => this.#end(null))
  }

  get waiting(): number {
    return this.#waiting.size
  }

  run(calls: readonly SqliteCall[], buffers: readonly ArrayBuffer[] = []): Promise<readonly unknown[]> {
    return this.#send((id) => ({ id, calls }), buffers)
  }

  async close(): Promise<void> {
    if (this.#ended) return
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()))
    await this.#send((id) => ({ id, close: true }))
    // The answer let go of the thread; its end is waited for all the same.
    this.#worker.ref()
    await exited
  }

  #send(
    request: (id: number) => WorkerRequest,
    buffers: readonly ArrayBuffer[] = [],
  ): Promise<readonly unknown[]> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.ref()
      this.#worker.postMessage(request(id), buffers)
    })
  }

  #settle(response: WorkerResponse): void {
    const waiting = this.#waiting.get(response.id)
    this.#waiting.delete(response.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('failure' in response) waiting?.reject(fromFailure(response.failure))
    else waiting?.resolve(response.results)
  }

  #end(cause: unknown): void {
    const why =
      cause instanceof Error ? `A thread of the store failed: ${cause.message}` : 'The store is closed.'
    this.#ended ??= new TrailsealError('store_unavailable', why, { cause })
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended)
    this.#waiting.clear()
  }
}

/** URL of a module beside the calling one, as source (`.ts`) or built (`.js`). */
export function moduleBeside(caller: string, name: string): URL {
  return new URL(`${name}${caller.endsWith('.ts') ? '.ts' : '.js'}`, caller)
}
