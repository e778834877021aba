import { encodeBase64, equalBytes } from '../tlog/encoding.ts'
import { leafHash } from '../tlog/leaf.ts'
import { HASH_BYTES } from '../tlog/sha256.ts'
import type { Sha256 } from '../tlog/sha256.ts'
import { TileEdge } from '../tlog/tile-edge.ts'
import { TILE_WIDTH, tilePath } from '../tlog/tile.ts'
import { checkEntry, eventIdOf } from './entry-check.ts'
import type { CheckedEntry } from './entry-check.ts'
import { HashHypothesis } from './hash-hypothesis.ts'
import type { LogBatch } from './log-batches.ts'
import type { FindingList } from './log-report.ts'

const ZERO_HASH = new Uint8Array(HASH_BYTES)

/** An entry that has another hash than its tile says; the next entry's `prev` is a hint which one was changed. */
interface Dispute {
  readonly seq: number
  readonly ofEntry: Uint8Array
  readonly ofTile: Uint8Array
  readonly tileWidth: number
  readonly id: string | undefined
  /** What would be wrong with the entry beyond its hash. */
  readonly problem: string | undefined
}

/** The three assumptions that a dispute leaves: tiles are right, entries are right, or, one by one, what `prev` says. */
interface Hypotheses {
  readonly tiles: HashHypothesis
  readonly entries: HashHypothesis
  readonly chain: HashHypothesis
}

/**
 * Walks the leaves of a log in order, hashing each entry once. As long as every entry has the hash of its tile there is one tree;
 * at the first difference it becomes three.
 */
export class LeafWalk {
  readonly #origin: string
  readonly #isExpected: (seq: number) => boolean
  readonly #sha256: Sha256
  readonly #findings: FindingList
  /** Follows the tiles, from the first dispute on as the first of three. */
  readonly #agreed: HashHypothesis
  #split: Hypotheses | undefined
  #dispute: Dispute | undefined
  #ofEntryBefore: Uint8Array = ZERO_HASH
  #ofTileBefore: Uint8Array = ZERO_HASH
  #receivedAt = ''
  entriesChecked = 0

  /** `isExpected`: whether an entry that is not there is a finding. */
  constructor(log: {
    origin: string
    isExpected: (seq: number) => boolean
    sha256: Sha256
    findings: FindingList
  }) {
    this.#origin = log.origin
    this.#isExpected = log.isExpected
    this.#sha256 = log.sha256
    this.#findings = log.findings
    this.#agreed = new HashHypothesis(TileEdge.empty(log.sha256))
  }

  /** The best assumption first. */
  hypotheses(): HashHypothesis[] {
    return this.#split === undefined
      ? [this.#agreed]
      : [this.#split.tiles, this.#split.entries, this.#split.chain]
  }

  take(batch: LogBatch): void {
    if (batch.tile === null) {
      const tile = tilePath({ level: 0, index: batch.first / TILE_WIDTH, width: batch.count })
      this.#findings.add({ what: 'tile', seq: batch.first, tile, message: 'The tile is missing.' })
    }
    for (let at = 0; at < batch.count; at++) {
      const stored = batch.tile?.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
      this.#takeLeaf(batch.first + at, batch.entries[at] ?? null, stored, batch.count)
    }
  }

  /** To be called once, behind the last batch. */
  finish(): void {
    this.#settle(undefined)
  }

  #takeLeaf(seq: number, entry: Uint8Array | null, stored: Uint8Array | undefined, tileWidth: number): void {
    if (entry === null) {
      if (this.#isExpected(seq)) this.#findings.add({ what: 'entry', seq, message: 'The entry is missing.' })
      // without entry and hash nothing can stand in: the root will show it
      const hash = stored ?? ZERO_HASH
      this.#settle(undefined)
      this.#append(hash)
      this.#follow(hash, hash)
      return
    }
    this.entriesChecked += 1
    const ofEntry = leafHash(entry, this.#sha256)
    const checked = this.#checkChained(entry, seq)
    this.#settle(checked.prev)
    if (stored === undefined || equalBytes(ofEntry, stored)) {
      if (checked.problem !== undefined) this.#report(seq, eventIdOf(entry), checked.problem)
      this.#receivedAt = checked.receivedAt ?? this.#receivedAt
      this.#append(ofEntry)
    } else {
      const { problem } = checked
      this.#open({ seq, ofEntry, ofTile: stored, tileWidth, id: eventIdOf(entry), problem })
    }
    this.#follow(ofEntry, stored ?? ofEntry)
  }

  #checkChained(entry: Uint8Array, seq: number): CheckedEntry {
    const checked = checkEntry(entry, this.#origin, seq, this.#receivedAt)
    if (checked.problem !== undefined || checked.prev === encodeBase64(this.#ofEntryBefore)) return checked
    // it follows what the tile has: then the entry before was changed, and is named as that
    if (checked.prev === encodeBase64(this.#ofTileBefore)) return checked
    const problem =
      seq === 0
        ? 'The first entry says that it follows another one.'
        : `The chain is broken: the entry does not follow entry ${seq - 1} as that is now.`
    return { ...checked, problem }
  }

  #report(seq: number, id: string | undefined, message: string): void {
    this.#findings.add({ what: 'entry', seq, ...(id === undefined ? {} : { id }), message })
  }

  #follow(ofEntry: Uint8Array, ofTile: Uint8Array): void {
    this.#ofEntryBefore = ofEntry
    this.#ofTileBefore = ofTile
  }

  #append(hash: Uint8Array): void {
    this.#agreed.append(hash)
    if (this.#split === undefined) return
    this.#split.entries.append(hash)
    this.#split.chain.append(hash)
  }

  #open(dispute: Dispute): void {
    this.#split ??= { tiles: this.#agreed, entries: this.#agreed.fork(), chain: this.#agreed.fork() }
    const { seq, ofEntry, ofTile, tileWidth, id, problem } = dispute
    const { tiles, entries } = this.#split
    tiles.append(ofTile)
    tiles.entryIsWrong(seq, id, undefined)
    entries.append(ofEntry)
    entries.leafTileIsWrong(seq, tileWidth)
    if (problem !== undefined) entries.entryIsWrong(seq, id, problem)
    this.#dispute = dispute
  }

  /** Decides the open dispute for the third hypothesis by what the entry behind it follows. */
  #settle(prevOfNext: string | undefined): void {
    if (this.#dispute === undefined || this.#split === undefined) return
    const { seq, ofEntry, ofTile, tileWidth, id, problem } = this.#dispute
    const { chain } = this.#split
    this.#dispute = undefined
    if (prevOfNext === encodeBase64(ofEntry)) {
      chain.append(ofEntry)
      chain.leafTileIsWrong(seq, tileWidth)
      if (problem !== undefined) chain.entryIsWrong(seq, id, problem)
    } else {
      chain.append(ofTile)
      chain.entryIsWrong(seq, id, undefined)
    }
  }
}
