import type { Readable } from 'node:stream'

/** What is known of a stored blob. */
export interface BlobFacts {
  readonly key: string
  readonly size: number
  /** Lower-case hexadecimal. */
  readonly sha256: string
}

export interface StoredBlob {
  readonly key: string
  readonly size: number
  /** Milliseconds since 1970. */
  readonly storedAt: number
}

export interface BlobContent {
  readonly size: number
  /** To be read to its end or destroyed. */
  readonly body: Readable
}

/** Segments of lower-case letters, digits, `_`, `-` and dots inside, joined with slashes: safe as a path and as an object key. */
const KEY = /^[a-z0-9_-][a-z0-9_.-]{0,127}(\/[a-z0-9_-][a-z0-9_.-]{0,127}){0,7}$/

/** Keys are made by us; one that is none is a fault of the program. */
export function requireBlobKey(key: string): void {
  if (!KEY.test(key)) throw new Error(`not a blob key: ${JSON.stringify(key.slice(0, 100))}`)
}

/**
 * Port: finished files.
 *
 * Durability: a settled `put` or `putFile` is on stable storage, whole; before that, and whatever dies, readers see the former
 * blob or none. Retry: putting a key again replaces it; deleting what is not there is harmless. Conflict: none, the last one
 * wins; whoever reads meanwhile keeps what they began to read. Errors: `store_unavailable`.
 */
export interface Blobs {
  /** Stores a stream; what it throws leaves nothing behind. */
  put(key: string, content: AsyncIterable<Uint8Array>): Promise<BlobFacts>
  /** Takes a finished local file over: it is moved or uploaded, and gone from where it was. */
  putFile(key: string, path: string): Promise<void>
  /** Null where there is none. */
  get(key: string): Promise<BlobContent | null>
  delete(key: string): Promise<void>
  /** Blobs whose key begins with the prefix (whole segments: `exports/`) and that were stored before this moment (milliseconds). */
  storedBefore(prefix: string, moment: number): AsyncIterable<StoredBlob>
}
