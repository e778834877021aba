import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { Sqlite } from '../../../src/drivers/sqlite/sqlite.ts'
import { TrailsealError } from '../../../src/errors.ts'
import { parseEntry } from '../../../src/event/entry.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { ledgerModule, SqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts'
import { Sequencer, type SequencerOptions } from '../../../src/sequencer/sequencer.ts'
import { FileSigner } from '../../../src/signing/file/file-signer.ts'
import { parseCheckpoint } from '../../../src/tlog/checkpoint.ts'
import { prepared } from '../../support/prepared-events.ts'
import { sha256 } from '../../support/sha256.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

let directory: ReturnType<typeof temporaryDirectory>
let sqlite: Sqlite
let ledger: Ledger<null>
let signer: FileSigner
let now = 0

function sequencer(options: Partial<SequencerOptions<null>> = {}): Sequencer<null> {
  return new Sequencer<null>({
    ledger,
    signer,
    sha256,
    clock: { now: () => now },
    origin: (workspace) => `log.test/${workspace}`,
    derive: () => null,
    ...options,
  })
}

async function entriesOf(workspace: string) {
  return (await ledger.entries(workspace, 0, 4096)).map((entry) => parseEntry(entry))
}

beforeEach(async () => {
  now = Date.UTC(2026, 10, 23, 12)
  directory = temporaryDirectory()
  sqlite = await Sqlite.open({ file: join(directory.path, 'trailseal.db'), modules: [ledgerModule] })
  ledger = new SqliteLedger<null>(sqlite, () => [])
  signer = FileSigner.open({ dataDir: directory.path, pem: null })
})

afterEach(async () => {
  signer[Symbol.dispose]()
  await sqlite[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

describe('order and chain', () => {
  test('events get consecutive places, each naming the leaf before it, under one checkpoint', async () => {
    const { receipts, checkpoint } = await sequencer().append('acme', [
      prepared(),
      prepared({ id: 'mine' }),
      prepared(),
    ])
    expect(receipts.map(({ id, seq }) => [id, seq])).toEqual([
      ['seq_0', 0],
      ['mine', 1],
      ['seq_2', 2],
    ])
    const entries = await entriesOf('acme')
    expect(entries.map(({ prev }) => prev)).toEqual([
      Buffer.alloc(32).toString('base64'),
      ...receipts.slice(0, 2).map(({ leafHash }) => Buffer.from(leafHash).toString('base64')),
    ])
    expect(new Set(entries.map(({ salt }) => salt)).size).toBe(3)
    expect(parseCheckpoint(checkpoint)).toMatchObject({ origin: 'log.test/acme', size: 3 })
  })

  test('requests that arrive together are committed together and answered in their own order', async () => {
    const commits: number[] = []
    const writer = sequencer({ onCommitted: ({ events }) => commits.push(events) })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => writer.append('acme', [prepared(), prepared()])),
    )
    const seqs = answers.map(({ receipts }) => receipts.map(({ seq }) => seq))
    for (const [first = 0, second] of seqs) expect(second).toBe(first + 1)
    expect(seqs.flat().sort((a, b) => a - b)).toEqual([...Array(100).keys()])
    expect(commits.length).toBeLessThan(10)
  })

  test('workspaces have logs of their own', async () => {
    const writer = sequencer()
    await Promise.all([
      writer.append('acme', [prepared({ id: 'x' })]),
      writer.append('globex', [prepared({ id: 'x' })]),
    ])
    expect((await entriesOf('acme'))[0]).toMatchObject({ log: 'log.test/acme', seq: 0 })
    expect((await entriesOf('globex'))[0]).toMatchObject({ log: 'log.test/globex', seq: 0 })
  })

  test('a clock that goes backwards does not take received_at with it', async () => {
    const writer = sequencer()
    await writer.append('acme', [prepared()])
    now -= 3_600_000
    await writer.append('acme', [prepared()])
    await sequencer().append('acme', [prepared()])
    const times = (await entriesOf('acme')).map(({ received_at }) => received_at)
    expect(times).toEqual(Array(3).fill('2026-11-23T12:00:00.000Z'))
  })

  test('two sequencers on one store lose nothing and share nothing', async () => {
    const writers = [sequencer(), sequencer()]
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        writers[at % 2]!.append('acme', [prepared({ id: `e${at}` }), prepared()]),
      ),
    )
    const seqs = answers.flatMap(({ receipts }) => receipts.map(({ seq }) => seq)).sort((a, b) => a - b)
    expect(seqs).toEqual([...Array(120).keys()])
    const entries = await entriesOf('acme')
    expect(entries.map(({ seq }) => seq)).toEqual(seqs)
  })
})

describe('client ids', () => {
  test('a retry gets the first receipt and adds nothing', async () => {
    const event = prepared({ id: 'mine' })
    const first = await sequencer().append('acme', [event])
    const second = await sequencer().append('acme', [event])
    expect(second).toEqual({ ...first, receipts: [{ ...first.receipts[0], known: true }] })
    expect(await entriesOf('acme')).toHaveLength(1)
  })

  test('a retry without a timestamp is the same event although its default differs', async () => {
    await sequencer().append('acme', [prepared({ id: 'mine', timestamp: '2026-11-23T12:00:00.000Z' }, false)])
    const retry = prepared({ id: 'mine', timestamp: '2026-11-23T12:00:05.000Z' }, false)
    expect((await sequencer().append('acme', [retry])).receipts[0]?.seq).toBe(0)
    const explicit = prepared({ id: 'mine', timestamp: '2026-11-23T12:00:05.000Z' })
    await expect(sequencer().append('acme', [explicit])).rejects.toMatchObject({ code: 'id_conflict' })
  })

  test('the same id with other content refuses the whole request', async () => {
    const writer = sequencer()
    await writer.append('acme', [prepared({ id: 'mine' })])
    const request = [
      prepared(),
      prepared({ id: 'mine', action: 'evidence.archived' }),
      prepared({ id: 'new' }),
    ]
    await expect(writer.append('acme', request)).rejects.toMatchObject({ code: 'id_conflict' })
    expect(await entriesOf('acme')).toHaveLength(1)
    // what was refused did not use up its other ids
    expect((await writer.append('acme', [prepared({ id: 'new' })])).receipts[0]?.seq).toBe(1)
  })

  test('repetitions inside one flush and one request share a place', async () => {
    const writer = sequencer()
    const same = prepared({ id: 'mine' })
    const [one, two, other] = await Promise.allSettled([
      writer.append('acme', [same, prepared(), same]),
      writer.append('acme', [same]),
      writer.append('acme', [prepared({ id: 'mine', action: 'other' })]),
    ])
    expect(one).toMatchObject({ value: { receipts: [{ seq: 0 }, { seq: 1 }, { seq: 0 }] } })
    expect(two).toMatchObject({ value: { receipts: [{ seq: 0 }] } })
    expect(other).toMatchObject({ reason: { code: 'id_conflict' } })
    expect(await entriesOf('acme')).toHaveLength(2)
  })

  test('retries mixed with new events append only the new ones', async () => {
    const writer = sequencer()
    const old = Array.from({ length: 1200 }, (_, at) => prepared({ id: `e${at}` }))
    await writer.append('acme', old)
    const { receipts } = await writer.append('acme', [...old, prepared({ id: 'new' })])
    expect(receipts.map(({ seq }) => seq)).toEqual([...Array(1201).keys()])
  })
})

describe('when the ledger fails', () => {
  const failing = (fail: 'before' | 'after', times = 1): Ledger<null> => {
    const append: Ledger<null>['append'] = async (commits) => {
      if (times-- > 0) {
        if (fail === 'after') await ledger.append(commits)
        throw new TrailsealError('store_unavailable', 'The disk is full.')
      }
      return await ledger.append(commits)
    }
    return new Proxy(ledger, {
      get: (target, key) =>
        key === 'append' ? append : (Reflect.get(target, key) as () => void).bind(target),
    })
  }

  test('what was not persisted is refused, and the next request goes through', async () => {
    const writer = sequencer({ ledger: failing('before') })
    await expect(writer.append('acme', [prepared({ id: 'a' })])).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    expect(await ledger.head('acme')).toBeNull()
    expect((await writer.append('acme', [prepared({ id: 'a' })])).receipts[0]?.seq).toBe(0)
  })

  test('what was persisted though the answer said otherwise is acknowledged, once', async () => {
    const writer = sequencer({ ledger: failing('after') })
    const { receipts } = await writer.append('acme', [prepared({ id: 'a' }), prepared()])
    expect(receipts.map(({ seq }) => seq)).toEqual([0, 1])
    expect(await entriesOf('acme')).toHaveLength(2)
    expect((await writer.append('acme', [prepared({ id: 'a' })])).receipts[0]?.seq).toBe(0)
  })
})

describe('overload and shutdown', () => {
  test('more than the queue holds is refused with a hint, and what was taken is committed', async () => {
    const writer = sequencer({ limits: { maxWaitingBytes: 5_000 } })
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => writer.append('acme', [prepared()])),
    )
    const refused = answers.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]).toMatchObject({ reason: { code: 'overloaded', retryAfterSeconds: 1 } })
    expect(await entriesOf('acme')).toHaveLength(20 - refused.length)
  })

  test('closing commits what was taken and takes nothing more', async () => {
    const writer = sequencer()
    const taken = writer.append('acme', [prepared()])
    await new Promise(setImmediate)
    await writer.close()
    await expect(taken).resolves.toMatchObject({ receipts: [{ seq: 0 }] })
    await expect(writer.append('acme', [prepared()])).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})

describe('a store that is not the one that was published', () => {
  test('an older copy of the store is not appended to', async () => {
    await sequencer().append('acme', [prepared(), prepared()])
    const older = await Sqlite.open({ file: join(directory.path, 'older.db'), modules: [ledgerModule] })
    ledger = new SqliteLedger<null>(older, () => [])
    await expect(sequencer().append('acme', [prepared(), prepared(), prepared()])).rejects.toMatchObject({
      code: 'tampered',
    })
    expect(await ledger.head('acme')).toBeNull()
    await older[Symbol.asyncDispose]()
  })

  test('the record of what was published outlives the process', async () => {
    await sequencer().append('acme', [prepared(), prepared()])
    signer[Symbol.dispose]()
    signer = FileSigner.open({ dataDir: directory.path, pem: null })
    expect(signer.lastPublished('log.test/acme')?.size).toBe(2)
    expect((await sequencer().append('acme', [prepared()])).receipts[0]?.seq).toBe(2)
  })

  test('a head that does not fit its tiles is not built upon', async () => {
    await sequencer().append('acme', [prepared(), prepared()])
    const lying: Ledger<null> = new Proxy(ledger, {
      get: (target, key) =>
        key === 'tile'
          ? () => Promise.resolve(new Uint8Array(64))
          : (Reflect.get(target, key) as () => void).bind(target),
    })
    await expect(sequencer({ ledger: lying }).append('acme', [prepared()])).rejects.toMatchObject({
      code: 'tampered',
    })
  })
})
