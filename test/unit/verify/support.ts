import { formatCheckpointText } from '../../../src/tlog/checkpoint.ts'
import { decodeUtf8, encodeBase64, encodeUtf8 } from '../../../src/tlog/encoding.ts'
import { leafHash } from '../../../src/tlog/leaf.ts'
import { formatVkey } from '../../../src/tlog/signed-note.ts'
import { tilePath } from '../../../src/tlog/tile.ts'
import type { LogReader, StoredHead } from '../../../src/verify/log-reader.ts'
import type { LogReport } from '../../../src/verify/log-report.ts'
import { verifyLog } from '../../../src/verify/verify-log.ts'
import type { LogVerification } from '../../../src/verify/verify-log.ts'
import { MemoryLog, sha256, testKey, vectors, verifySignature } from '../tlog/support.ts'

export const origin = 'log.example/acme'
const { key, signNote } = testKey(origin, vectors.keys[0]!.seedHex)

type Fields = Record<string, unknown>

/** A stored log that tests reach into: every part of it can be changed before it is verified. */
export class StoredLog {
  readonly entries: (Uint8Array | null)[] = []
  readonly tiles: Map<string, Uint8Array>
  checkpoint: string
  head: StoredHead
  firstEntry = 0

  /** `change` gets the fields of each entry before it is hashed: for logs that were written wrong. */
  constructor(size: number, change: (fields: Fields, seq: number) => Fields = (fields) => fields) {
    const log = new MemoryLog()
    let prev: Uint8Array = new Uint8Array(32)
    for (let seq = 0; seq < size; seq++) {
      const received_at = new Date(Date.UTC(2026, 10, 23) + seq).toISOString()
      const fields = { id: `seq_${seq}`, log: origin, prev: encodeBase64(prev), received_at, seq, v: 1 }
      const entry = encodeUtf8(JSON.stringify(change(fields, seq)))
      this.entries.push(entry)
      log.append(entry)
      prev = leafHash(entry, sha256)
    }
    const root = log.edge.root()
    this.tiles = log.publish().tiles
    this.checkpoint = signNote(formatCheckpointText({ origin, size, root }))
    this.head = {
      checkpoint: this.checkpoint,
      size,
      root,
      compactRange: log.edge.compactRange(),
      lastLeaf: prev,
    }
  }

  fields(seq: number): Fields {
    return JSON.parse(decodeUtf8(this.entries[seq]!)) as Fields
  }

  rewrite(seq: number, change: Fields): Uint8Array {
    const entry = encodeUtf8(JSON.stringify({ ...this.fields(seq), ...change }))
    this.entries[seq] = entry
    return leafHash(entry, sha256)
  }

  /** Flips the lowest bit of the first byte of hash `at` of a tile. */
  flip(tile: string, at: number): void {
    this.tiles.get(tile)![at * 32]! ^= 1
  }

  get reader(): LogReader {
    return {
      firstEntry: this.firstEntry,
      checkpoint: () => Promise.resolve(this.checkpoint),
      head: () => Promise.resolve({ ...this.head, checkpoint: this.checkpoint }),
      tile: (level, index, width) =>
        Promise.resolve(this.tiles.get(tilePath({ level, index, width })) ?? null),
      entries: (first, count) => Promise.resolve(this.entries.slice(first, first + count)),
    }
  }

  verify(change: Partial<LogVerification> = {}): Promise<LogReport> {
    const vkeys = [formatVkey(key)]
    return verifyLog({ reader: this.reader, sha256, verifySignature, vkeys, origin, ...change })
  }

  /** What was found, as `entry 5`, `tile tile/0/000`, `root`. */
  async found(change: Partial<LogVerification> = {}): Promise<string[]> {
    const { findings, findingsCount, ok } = await this.verify(change)
    if (ok !== (findingsCount === 0)) throw new Error('ok and the findings contradict each other')
    return findings.map(({ what, seq, tile }) =>
      [what, tile ?? seq].filter((part) => part !== undefined).join(' '),
    )
  }
}
