/** An entry with its place in the log, about to be committed. */
export interface SequencedEntry<Derived = unknown> {
  readonly seq: number
  readonly id: string
  /** Whether the id is the client's own, and so has to be unique. */
  readonly clientId: boolean
  /** The canonical bytes that were hashed, UTF-8. */
  readonly entry: Uint8Array
  readonly leafHash: Uint8Array
  /** Whatever was derived from the event on admission, to be committed with it (see SequencerOptions.derive). */
  readonly derived: Derived
}

/** The fence of a log: everything needed to append to it. */
export interface LogHead {
  readonly size: number
  readonly root: Uint8Array
  /** Roots of the maximal complete subtrees, largest first, 32 bytes each, joined. */
  readonly compactRange: Uint8Array
  /** Leaf hash of the last entry; 32 zero bytes for an empty log. */
  readonly lastLeaf: Uint8Array
  /** `received_at` of the last entry, milliseconds; 0 for an empty log. */
  readonly lastReceivedAt: number
  /** Signed note over size and root; empty text for a log that was never appended to. */
  readonly checkpoint: string
}

/** A tile that the commit completes or changes. `width` 256: full, never written again. */
export interface TileWrite {
  readonly level: number
  readonly index: number
  readonly width: number
  /** width × 32 bytes. */
  readonly hashes: Uint8Array
}

/** The next batch of one log. */
export interface LogCommit<Derived = unknown> {
  readonly workspace: string
  /** The head that the batch was sequenced on: size and root must still be these. */
  readonly expected: Pick<LogHead, 'size' | 'root'>
  readonly entries: readonly SequencedEntry<Derived>[]
  readonly tiles: readonly TileWrite[]
  readonly head: LogHead
}

export type CommitOutcome =
  | { readonly status: 'committed' }
  /** The head is another one by now. Nothing of this log was stored: reload it and sequence again. */
  | { readonly status: 'moved' }
  /** Some client ids are in the log already. Nothing of this log was stored. */
  | { readonly status: 'duplicate'; readonly seqOf: ReadonlyMap<string, number> }

/** Entries that are what the log committed to, in a few buffers that cross threads as they are: an object each would cost more than its hash. */
export interface CommittedEntries {
  readonly seqs: Float64Array<ArrayBuffer>
  /** Where each entry begins in `bytes`; before it are bytes that are of no entry, two or more. Others may lie between them. */
  readonly starts: Uint32Array<ArrayBuffer>
  /** Of each entry, bytes. */
  readonly lengths: Uint32Array<ArrayBuffer>
  /** 32 bytes an entry. */
  readonly leafHashes: Uint8Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * Port: the ledger, the only commit point of the product.
 *
 * Durability: an outcome `committed` means that entries, tiles and head are on stable storage together; nothing
 * else is ever visible. Retry: `append` may be repeated after an error; where its outcome is unclear the caller reads
 * the head and the leaf hashes first. Conflict: a log whose head is not the expected one answers `moved`; other logs of the
 * same call are not affected. Errors: `store_unavailable`.
 */
export interface Ledger<Derived = unknown> {
  /** Null when the workspace's log has no entry yet. */
  head(workspace: string): Promise<LogHead | null>
  /** One outcome a commit, in order. A workspace may appear once. */
  append(commits: readonly LogCommit<Derived>[]): Promise<readonly CommitOutcome[]>
  /** Canonical bytes of `count` entries from `first`, in order; fewer where the log ends. At most 4,096 are returned. */
  entries(workspace: string, first: number, count: number): Promise<readonly Uint8Array[]>
  /**
   * Entries of a log of `size`, each hashed and compared with what the log committed to: for whoever reads very many of them, since all of it
   * is done where the entries are read. At most 1,024, in any order; neighbours are fastest. Throws `tampered` with the first seq that has no
   * entry, no leaf hash, or another one.
   */
  committed?(workspace: string, seqs: Float64Array<ArrayBuffer>, size: number): Promise<CommittedEntries>
  /** Takes the bytes of committed entries that are used up, to be filled anew: fresh memory costs more time than filling it. */
  release?(bytes: ArrayBuffer): void
  /** Canonical bytes of these entries in the given order; null where there is none. At most 1,000. */
  entriesAt(workspace: string, seqs: readonly number[]): Promise<readonly (Uint8Array | null)[]>
  /** The first `width` hashes of a tile; null where the log has not so many. */
  tile(workspace: string, level: number, index: number, width: number): Promise<Uint8Array | null>
  /** Which of the client ids are in the log, and where. */
  seqOf(workspace: string, clientIds: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** First entry whose `received_at` (milliseconds) is at or after the given one; the size where none is. */
  firstReceivedSince(workspace: string, receivedAt: number): Promise<number>
  /** Workspaces that have a log. */
  workspaces(): Promise<readonly string[]>
}
