/** What a store says of the head of a log; all fields from one moment. */
export interface StoredHead {
  readonly checkpoint: string
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
  /** Roots of the maximal complete subtrees, largest first, joined. */
  readonly compactRange: Uint8Array
  /** Leaf hash of the last entry; 32 zero bytes for an empty log. */
  readonly lastLeaf: Uint8Array
}

/**
 * Port: a log as anyone reads it, over HTTP, from files or from a store. Nothing that it answers is trusted.
 *
 * Retry: reads are repeatable; a log may grow meanwhile, but only behind what its checkpoint covers. Errors: those of
 * `isUnavailable` mean that reading failed and end the verification; any other means that this piece of the log is damaged.
 */
export interface LogReader {
  /** Signed note. */
  checkpoint(): Promise<string>
  /** The first `width` hashes of a tile, joined; null where there are not so many. */
  tile(level: number, index: number, width: number): Promise<Uint8Array | null>
  /** Element i is the entry `first + i`, null where it can't be read; shorter than `count` where the last ones are missing. */
  entries(first: number, count: number): Promise<readonly (Uint8Array | null)[]>
  /** Entries below this one have left with the end of their retention; their hashes stay. Default 0. */
  readonly firstEntry?: number
  /** Whether an entry that was given as null may be there all the same, out of reach behind one that is missing. */
  isOutOfReach?(seq: number): boolean
  /** For a store's own verification: what it would append to next. Its checkpoint is then the one that is verified. */
  head?(): Promise<StoredHead>
}
