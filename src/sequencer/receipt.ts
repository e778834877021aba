/** What a writer gets for one event. */
export interface Receipt {
  readonly id: string
  readonly seq: number
  readonly leafHash: Uint8Array
  /** Present for an event whose id was in the log already: nothing was added. */
  readonly known?: true
}

/** What a writer gets for one request: receipts in the order of its events, and a signed checkpoint that covers them. */
export interface Appended {
  readonly receipts: readonly Receipt[]
  readonly checkpoint: string
}
