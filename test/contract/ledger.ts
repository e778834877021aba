import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type {
  CommitOutcome,
  CommittedEntries,
  Ledger,
  LogCommit,
  LogHead,
  SequencedEntry,
} from '../../src/ledger/ledger.ts'
import { readCommitted } from '../../src/query/committed-entries.ts'
import { EMPTY_HEAD } from '../../src/sequencer/log-state.ts'
import { encodeUtf8 } from '../../src/tlog/encoding.ts'
import { leafHash } from '../../src/tlog/leaf.ts'
import { TileEdge } from '../../src/tlog/tile-edge.ts'
import { sha256 } from '../support/sha256.ts'

/** What every adapter of the ledger port must do. */
export function ledgerContract(
  name: string,
  open: () => Promise<AsyncDisposable & { ledger: Ledger<null> }>,
): void {
  describe(`ledger port: ${name}`, () => {
    let opened: AsyncDisposable & { ledger: Ledger<null> }
    let ledger: Ledger<null>
    beforeEach(async () => {
      opened = await open()
      ledger = opened.ledger
    })
    afterEach(async () => opened[Symbol.asyncDispose]())

    test('a log without entries has no head, no entries and no tiles', async () => {
      expect(await ledger.head('acme')).toBeNull()
      expect(await ledger.entries('acme', 0, 10)).toEqual([])
      expect(await ledger.entriesAt('acme', [0, 5])).toEqual([null, null])
      expect(await ledger.tile('acme', 0, 0, 1)).toBeNull()
      expect(await ledger.workspaces()).toEqual([])
    })

    test('a committed batch reads back byte for byte', async () => {
      const log = new Log('acme')
      expect(await ledger.append([log.next(700)])).toEqual([{ status: 'committed' }])
      expect(await ledger.head('acme')).toEqual(log.head)
      const entries = await ledger.entries('acme', 0, 1000)
      expect(entries.map((entry) => Buffer.from(entry).toString())).toEqual(log.texts)
      expect(await ledger.entries('acme', 690, 100)).toHaveLength(10)
      const picked = await ledger.entriesAt('acme', [699, 0, 700, 63, 64])
      expect(picked.map((entry) => entry && Buffer.from(entry).toString())).toEqual(
        [699, 0, 700, 63, 64].map((seq) => log.texts[seq] ?? null),
      )
      // Nobody who keeps a few entries keeps their neighbours in memory with them.
      const buffers = new Set(picked.flatMap((entry) => entry?.buffer ?? []))
      const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)
      expect(held).toBeLessThan(2 * picked.reduce((sum, entry) => sum + (entry?.length ?? 0), 0) + 64)
      expect(await ledger.workspaces()).toEqual(['acme'])
    })

    test('committed entries are those of the log, in any order, with their leaf hashes', async () => {
      const log = new Log('acme')
      await ledger.append([log.next(700)])
      await ledger.append([log.next(600)])
      const down = Array.from({ length: 300 }, (_, at) => 699 - at)
      const scattered = [1_299, 0, 650, 63, 64, 255, 256]
      for (const wanted of [[0], [5, 6, 7], down, scattered, [690, 702, 695, 694, 710]]) {
        const read = await readCommitted({ ledger, sha256 }, 'acme', Float64Array.from(wanted), 1_300)
        expect([...read.seqs]).toEqual(wanted)
        expect(textsOf(read)).toEqual(wanted.map((seq) => log.texts[seq]))
        expect(Buffer.from(read.leafHashes)).toEqual(joined(wanted.map((seq) => log.leaves[seq]!)))
        // room for what a line or a leaf has before it
        const ends = [0, ...read.starts.map((start, at) => start + read.lengths[at]!)].sort((a, b) => a - b)
        for (const start of read.starts) expect(ends.findLast((end) => end <= start - 2)).toBeDefined()
        // memory that was given back is filled anew
        ledger.release?.(read.bytes.buffer)
      }
    })

    test('an entry that the log does not have is named', async () => {
      const log = new Log('acme')
      await ledger.append([log.next(300)])
      for (const wanted of [[300], [299, 300], [0, 299, 5_000]])
        await expect(
          readCommitted({ ledger, sha256 }, 'acme', Float64Array.from(wanted), 300),
        ).rejects.toMatchObject({
          code: 'tampered',
          message: `Entry ${wanted.at(-1)} of the log can not be read.`,
        })
      await expect(readCommitted({ ledger, sha256 }, 'nobody', Float64Array.of(0), 1)).rejects.toMatchObject({
        code: 'tampered',
      })
    })

    test('tiles are served at every width that the log has had', async () => {
      const log = new Log('acme')
      await ledger.append([log.next(300)])
      await ledger.append([log.next(1)])
      expect(await ledger.tile('acme', 0, 0, 256)).toEqual(joined(log.leaves.slice(0, 256)))
      expect(await ledger.tile('acme', 0, 1, 45)).toEqual(joined(log.leaves.slice(256, 301)))
      expect(await ledger.tile('acme', 0, 1, 10)).toEqual(joined(log.leaves.slice(256, 266)))
      expect(await ledger.tile('acme', 0, 1, 46)).toBeNull()
      expect((await ledger.tile('acme', 1, 0, 1))?.length).toBe(32)
      expect(await ledger.tile('acme', 1, 1, 1)).toBeNull()
    })

    test('only the batch on top of the current head is committed, and the loser leaves nothing', async () => {
      const winner = new Log('acme')
      const loser = new Log('acme')
      await ledger.append([winner.next(3)])
      expect(await ledger.append([loser.next(4)])).toEqual([{ status: 'moved' }])
      expect(await ledger.head('acme')).toEqual(winner.head)
      expect(await ledger.entries('acme', 0, 10)).toHaveLength(3)
      const forked = winner.fork().next(1)
      expect(await ledger.append([{ ...forked, expected: { size: 3, root: new Uint8Array(32) } }])).toEqual([
        { status: 'moved' },
      ])
    })

    test('of many racing appends to one log exactly one wins', async () => {
      const contenders = Array.from({ length: 8 }, () => new Log('acme').next(2))
      const outcomes = (await Promise.all(contenders.map((commit) => ledger.append([commit])))).flat()
      expect(outcomes.filter(({ status }) => status === 'committed')).toHaveLength(1)
      expect((await ledger.head('acme'))?.size).toBe(2)
    })

    test('a repeated client id refuses its log as a whole and says where the first one is', async () => {
      const log = new Log('acme')
      await ledger.append([log.next(3, ['a', undefined, 'b'])])
      const before = log.head
      const [outcome] = await ledger.append([log.next(3, ['c', 'b', 'a'])])
      expect(outcome).toEqual({
        status: 'duplicate',
        seqOf: new Map([
          ['b', 2],
          ['a', 0],
        ]),
      } satisfies CommitOutcome)
      expect(await ledger.head('acme')).toEqual(before)
      expect(await ledger.seqOf('acme', ['a', 'b', 'c'])).toEqual(
        new Map([
          ['a', 0],
          ['b', 2],
        ]),
      )
    })

    test('logs of one call fare apart, and share neither ids nor entries', async () => {
      const acme = new Log('acme')
      const globex = new Log('globex')
      await ledger.append([acme.next(2, ['x'])])
      const outcomes = await ledger.append([acme.next(1, ['x']), globex.next(1, ['x'])])
      expect(outcomes.map(({ status }) => status)).toEqual(['duplicate', 'committed'])
      expect((await ledger.head('globex'))?.size).toBe(1)
      expect(await ledger.entries('globex', 0, 10)).toHaveLength(1)
      expect(await ledger.workspaces()).toEqual(['acme', 'globex'])
    })

    test('the first entry received since a moment is found, also between and beyond batches', async () => {
      const log = new Log('acme')
      for (const [count, receivedAt] of [
        [70, 1000],
        [1, 2000],
        [200, 2000],
        [5, 3000],
      ] as const)
        await ledger.append([log.next(count, [], receivedAt)])
      const at = (time: number) => ledger.firstReceivedSince('acme', time)
      expect(await Promise.all([0, 1000, 1001, 2000, 2001, 3000, 3001].map(at))).toEqual([
        0, 0, 70, 70, 271, 271, 276,
      ])
      expect(await ledger.firstReceivedSince('nobody', 5)).toBe(0)
    })
  })
}

function joined(hashes: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(hashes))
}

/** A log that the test writes by hand, so that the port is judged without the sequencer. */
export class Log {
  head: LogHead = EMPTY_HEAD
  readonly texts: string[] = []
  readonly leaves: Uint8Array[] = []
  readonly #workspace: string
  #edge = TileEdge.empty(sha256)

  constructor(workspace: string) {
    this.#workspace = workspace
  }

  fork(): Log {
    const copy = new Log(this.#workspace)
    for (const leaf of this.leaves) copy.#edge.append(leaf)
    copy.#edge.takeChanged()
    copy.head = this.head
    return copy
  }

  next(count: number, ids: readonly (string | undefined)[] = [], receivedAt = 1000): LogCommit<null> {
    const previous = this.head
    const entries: SequencedEntry<null>[] = []
    for (let at = 0; at < count; at++) {
      const seq = previous.size + at
      const text = JSON.stringify({ seq, workspace: this.#workspace, random: Math.random() })
      const entry = encodeUtf8(text)
      const leaf = leafHash(entry, sha256)
      this.texts.push(text)
      this.leaves.push(leaf)
      this.#edge.append(leaf)
      const id = ids[at]
      entries.push({
        seq,
        id: id ?? `seq_${seq}`,
        clientId: id !== undefined,
        entry,
        leafHash: leaf,
        derived: null,
      })
    }
    this.head = {
      size: this.#edge.size,
      root: this.#edge.root(),
      compactRange: this.#edge.compactRange(),
      lastLeaf: entries.at(-1)?.leafHash ?? previous.lastLeaf,
      lastReceivedAt: receivedAt,
      checkpoint: `checkpoint of ${this.#edge.size}`,
    }
    const tiles = this.#edge.takeChanged()
    return { workspace: this.#workspace, expected: previous, entries, tiles, head: this.head }
  }
}

function textsOf({ bytes, starts, lengths }: CommittedEntries): string[] {
  return Array.from(starts, (start, at) => Buffer.from(bytes.slice(start, start + lengths[at]!)).toString())
}
