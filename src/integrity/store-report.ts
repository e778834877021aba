export interface StoreFinding {
  /** Absent: about the store as a whole. */
  readonly workspace?: string
  readonly what:
    'entry' | 'tile' | 'checkpoint' | 'root' | 'head' | 'published' | 'ids' | 'received' | 'index' | 'file'
  readonly seq?: number
  readonly id?: string
  readonly tile?: string
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
  }
  /** At most 100 of a log and of the index. */
  readonly findings: readonly StoreFinding[]
  readonly findings_count: number
}
