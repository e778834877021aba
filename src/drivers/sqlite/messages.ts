import { TrailsealError, type ErrorCode } from '../../errors.ts'
import type { SqliteCall } from './procedures.ts'

/** What a SQLite thread is started with. */
export interface WorkerOptions {
  readonly file: string
  /** `frozen`: a reader that sees the store as it was when it was opened, until it is closed. */
  readonly role: 'writer' | 'reader' | 'frozen'
  /** Modules that implement SqliteModule. */
  readonly modules: readonly string[]
  readonly cacheKibibytes: number
}

export type WorkerRequest =
  | { readonly id: number; readonly calls: readonly SqliteCall[] }
  | { readonly id: number; readonly close: true }

export type WorkerResponse =
  | { readonly id: number; readonly results: readonly unknown[] }
  | { readonly id: number; readonly failure: Failure }

export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly position?: number
}

/** SQLite's primary result codes (https://sqlite.org/rescode.html) in words for whoever operates the machine. */
const SENTENCES = new Map<number, string>([
  [5, 'The store is busy: another process holds its write lock.'],
  [8, 'The store is read-only: the data directory or its disk does not allow writing.'],
  [10, 'The store could not be read or written: the disk reported an error.'],
  [11, 'The store is damaged: its file is not as SQLite left it. Run `trailseal verify --store`.'],
  [13, 'The store is full: no space is left on its disk.'],
  [14, 'The store could not be opened: check that the data directory exists and is writable.'],
  [26, 'The store is not a SQLite database: its file was overwritten or damaged.'],
])

/** Turns whatever a procedure threw into something that can cross threads. */
export function toFailure(error: unknown): Failure {
  if (error instanceof TrailsealError) {
    const { code, message, position } = error
    return position === undefined ? { code, message } : { code, message, position }
  }
  const errcode = error instanceof Error && 'errcode' in error ? Number(error.errcode) : null
  const sentence = errcode === null ? undefined : SENTENCES.get(errcode & 0xff)
  if (sentence) return { code: 'store_unavailable', message: `${sentence} (${(error as Error).message})` }
  return { code: errcode === null ? 'internal' : 'store_unavailable', message: describe(error) }
}

export function fromFailure(failure: Failure): TrailsealError {
  return new TrailsealError(failure.code, failure.message, {
    ...(failure.position === undefined ? {} : { position: failure.position }),
    ...(failure.code === 'store_unavailable' ? { retryAfterSeconds: 5 } : {}),
  })
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
