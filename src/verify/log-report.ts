/** One thing that is wrong with a log. */
export interface Finding {
  /** Which part: an entry, a hash tile, the checkpoint, the root that the hashes lead to, or the head of the store. */
  readonly what: 'entry' | 'tile' | 'checkpoint' | 'root' | 'head'
  readonly seq?: number
  /** The event's id, where the entry can be read. */
  readonly id?: string
  /** Path of C2SP tlog-tiles. */
  readonly tile?: string
  readonly message: string
}

export interface LogReport {
  /** Nothing was found. */
  readonly ok: boolean
  readonly origin: string
  /** Entries that the checkpoint covers; 0 when there is no readable checkpoint. */
  readonly size: number
  /** Base64 of the root that the log's own hashes lead to. */
  readonly root: string
  readonly checked: {
    /** Entries whose bytes were hashed; those whose retention has ended are not among them. */
    readonly entries: number
    readonly tiles: number
  }
  /** The first 100, entries and tiles in the order of the log. */
  readonly findings: readonly Finding[]
  readonly findingsCount: number
}

const MAX_KEPT = 100

/** Counts all, keeps the first: a log that is wrong everywhere must not fill the memory. */
export class FindingList {
  readonly #kept: Finding[] = []
  #count = 0

  get kept(): readonly Finding[] {
    return this.#kept
  }

  get count(): number {
    return this.#count
  }

  add(finding: Finding): void {
    this.#count += 1
    if (this.#kept.length < MAX_KEPT) this.#kept.push(finding)
  }

  addAll(other: FindingList): void {
    this.#count += other.count
    this.#kept.push(...other.kept)
    this.#kept.sort((left, right) => placeOf(left) - placeOf(right))
    this.#kept.length = Math.min(this.#kept.length, MAX_KEPT)
  }

  clone(): FindingList {
    const copy = new FindingList()
    copy.addAll(this)
    return copy
  }
}

/** Checkpoint first, then along the log, then what is about all of it. */
function placeOf({ what, seq }: Finding): number {
  if (what === 'checkpoint') return -1
  return seq ?? Number.MAX_SAFE_INTEGER
}
