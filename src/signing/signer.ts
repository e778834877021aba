/**
 * Port: the key that signs checkpoints.
 *
 * Durability: what `published` was told outlives the process, apart from the store. Retry: signing the same text again is
 * harmless (Ed25519 is deterministic). Conflict: `tampered` where the record of what was published forbids it.
 */
export interface Signer {
  /** Raw 32-byte Ed25519 public key (RFC 8032). */
  readonly publicKey: Uint8Array
  /**
   * Signs the text of a checkpoint that extends `previous`, the head that the store has now. Refused with `tampered` when a
   * larger head than `previous`, or another root of its size, was published before: the store was rolled back or forked.
   */
  signCheckpoint(checkpoint: {
    readonly origin: string
    readonly previous: { readonly size: number; readonly root: Uint8Array }
    readonly text: Uint8Array
  }): Promise<Uint8Array>
  /**
   * Told of a head that was read from the store, before anything is built on it. Where several gateways share a log, it may be another
   * one's: `tampered` when its checkpoint was not signed with this key; else it counts as published from now on.
   */
  acknowledge(head: {
    readonly origin: string
    readonly size: number
    readonly root: Uint8Array
    /** Signed note. */
    readonly checkpoint: string
  }): Promise<void>
  /** Notes, after the commit and before anyone is answered, that this checkpoint is out. */
  published(checkpoint: { origin: string; size: number; root: Uint8Array }): Promise<void>
}

/** The same key, for what is no checkpoint: export manifests. */
export interface StatementSigner {
  readonly publicKey: Uint8Array
  /** Signs a text. Throws where it could be taken for a checkpoint: those only go through `signCheckpoint`. */
  signStatement(text: Uint8Array): Promise<Uint8Array>
}
