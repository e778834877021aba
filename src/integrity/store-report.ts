export interface StoreFinding {
  /** Absent: about the store as a whole. */
  readonly workspace?: string
  readonly what:
    | 'entry'
    | 'tile'
    | 'checkpoint'
    | 'root'
    | 'head'
    | 'published'
    | 'ids'
    | 'received'
    | 'index'
    | 'file'
    /** Of a store of documents: one that no log needs. */
    | 'document'
  readonly seq?: number
  readonly id?: string
  readonly tile?: string
  /** Where the store keeps it, where that has a name: index and `_id`. */
  readonly document?: string
  readonly message: string
}

export interface StoreReport {
  readonly ok: boolean
  readonly logs: readonly {
    readonly workspace: string
    readonly size: number
    readonly root: string
    readonly ok: boolean
  }[]
  readonly checked: {
    readonly entries: number
    readonly tiles: number
    readonly indexed_events: number
    readonly indexed_words: number
    /** Entries that an index which follows its ledger had not come to. */
    readonly not_indexed_yet: number
    /** Entries that the index no longer has, and need not: older than their plan's window and its grace. */
    readonly expired_from_index: number
  }
  /** At most 100 of a log and of the index. */
  readonly findings: readonly StoreFinding[]
  readonly findings_count: number
}
