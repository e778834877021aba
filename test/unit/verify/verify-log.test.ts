import { describe, expect, test } from '@jest/globals'
import { TrailsealError } from '../../../src/errors.ts'
import { encodeBase64, encodeUtf8 } from '../../../src/tlog/encoding.ts'
import { MemoryLog } from '../tlog/support.ts'
import { StoredLog, origin } from './support.ts'

// 70,000 entries would reach level 2 as the vectors do; 600 have two full leaf tiles, partial ones at two levels
const SIZE = 600

describe('an untouched log', () => {
  test.each([0, 1, 255, 256, 257, 512, SIZE])('of %d entries is ok', async (size) => {
    const log = new StoredLog(size)
    const progress: number[] = []
    const report = await log.verify({ onProgress: (done) => progress.push(done) })
    expect(report).toEqual({
      ok: true,
      origin,
      size,
      root: encodeBase64(log.head.root),
      checked: { entries: size, tiles: log.tiles.size },
      findings: [],
      findingsCount: 0,
    })
    expect(progress.at(-1) ?? 0).toBe(size)
  })

  test.each([1, 256, 300, SIZE])(
    'whose first %d entries left with their retention is ok by their hashes',
    async (gone) => {
      const log = new StoredLog(SIZE)
      log.firstEntry = gone
      log.entries.fill(null, 0, gone)
      expect(await log.verify()).toMatchObject({ ok: true, checked: { entries: SIZE - gone } })
    },
  )

  test('reads one batch ahead and no further', async () => {
    const log = new StoredLog(1_500)
    const { reader } = log
    const reads: number[] = []
    const done: number[] = []
    await log.verify({
      reader: {
        ...reader,
        entries: (first, count) => {
          reads.push(first)
          expect(first - (done.at(-1) ?? 0)).toBeLessThanOrEqual(256)
          return reader.entries(first, count)
        },
      },
      onProgress: (entries) => done.push(entries),
    })
    expect(reads).toEqual([0, 256, 512, 768, 1024, 1280])
  })
})

describe('one part changed', () => {
  test.each([0, 255, 256, 511, 598, 599])('entry %d: the entry is named, with its id', async (seq) => {
    const log = new StoredLog(SIZE)
    log.rewrite(seq, { actor: 'someone else' })
    const { findings, findingsCount, root } = await log.verify()
    expect(findings).toEqual([
      { what: 'entry', seq, id: `seq_${seq}`, message: expect.stringContaining('another hash') },
    ])
    expect(findingsCount).toBe(1)
    // the hashes still prove what the log was
    expect(root).toBe(encodeBase64(log.head.root))
  })

  test('any bit of an entry: that entry is named, and no other', async () => {
    const log = new StoredLog(3)
    const entry = log.entries[1]!
    for (let bit = 0; bit < entry.length * 8; bit++) {
      entry[Math.floor(bit / 8)]! ^= 1 << (bit % 8)
      expect([bit, await log.found()]).toEqual([bit, ['entry 1']])
      entry[Math.floor(bit / 8)]! ^= 1 << (bit % 8)
    }
  })

  test.each([
    ['tile/0/000', 0],
    ['tile/0/001', 255],
    ['tile/0/002.p/88', 0],
    ['tile/0/002.p/88', 87],
    ['tile/1/000.p/2', 0],
    ['tile/1/000.p/2', 1],
  ])('%s, hash %d: the tile is named, and no entry', async (tile, at) => {
    const log = new StoredLog(SIZE)
    log.flip(tile, at)
    expect(await log.found()).toEqual([`tile ${tile}`])
  })

  test.each(['tile/0/000', 'tile/0/002.p/88', 'tile/1/000.p/2'])(
    '%s missing or cut: the tile is named',
    async (tile) => {
      const log = new StoredLog(SIZE)
      log.tiles.set(tile, log.tiles.get(tile)!.subarray(32))
      expect(await log.found()).toEqual([`tile ${tile}`])
      log.tiles.delete(tile)
      expect(await log.found()).toEqual([`tile ${tile}`])
    },
  )

  test.each([0, 300, 599])('entry %d missing: it is named, the rest is checked', async (seq) => {
    const log = new StoredLog(SIZE)
    log.entries[seq] = null
    const { findings, checked } = await log.verify()
    expect(findings).toMatchObject([{ what: 'entry', seq }])
    expect(checked.entries).toBe(SIZE - 1)
  })

  test('entries cut off at the end: each is named', async () => {
    const log = new StoredLog(SIZE)
    log.entries.length = SIZE - 2
    expect(await log.found()).toEqual(['entry 598', 'entry 599'])
  })

  test.each([
    ['compact range', { compactRange: new Uint8Array(32) }],
    ['last leaf', { lastLeaf: new Uint8Array(32) }],
  ])('%s of the head: the head is named', async (_, change) => {
    const log = new StoredLog(SIZE)
    log.head = { ...log.head, ...change }
    expect(await log.found()).toEqual(['head'])
  })

  // a size or root that is wrong contradicts both the checkpoint and the compact range
  test.each([
    ['size', { size: 599 }],
    ['root', { root: new Uint8Array(32) }],
  ])('%s of the head: the head is named, and nothing else', async (_, change) => {
    const log = new StoredLog(SIZE)
    log.head = { ...log.head, ...change }
    expect(new Set(await log.found())).toEqual(new Set(['head']))
  })

  test('any bit of the checkpoint: the checkpoint is named, and nothing else', async () => {
    const log = new StoredLog(3)
    const bytes = Buffer.from(log.checkpoint)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[Math.floor(bit / 8)]! ^= 1 << (bit % 8)
      log.checkpoint = bytes.toString()
      expect([bit, await log.found()]).toEqual([bit, ['checkpoint']])
      bytes[Math.floor(bit / 8)]! ^= 1 << (bit % 8)
    }
  })
})

describe('a log that was written wrong', () => {
  const change =
    (at: number, fields: Record<string, unknown>) => (all: Record<string, unknown>, seq: number) =>
      seq === at ? { ...all, ...fields } : all

  test.each([
    ['version', { v: 2 }],
    ['origin', { log: 'log.example/other' }],
    ['seq', { seq: 301 }],
    ['seq as text', { seq: '300' }],
    ['prev', { prev: encodeBase64(new Uint8Array(32)) }],
    ['no prev', { prev: undefined }],
    ['time before the one before', { received_at: '2026-11-22T00:00:00.000Z' }],
    ['time in another form', { received_at: '2026-11-23T01:00:00+01:00' }],
  ])('%s: the entry is named, although all hashes fit', async (_, fields) => {
    expect(await new StoredLog(SIZE, change(300, fields)).found()).toEqual(['entry 300'])
  })

  test('a time far ahead makes the next entry wrong, which goes back', async () => {
    const log = new StoredLog(SIZE, change(598, { received_at: '2099-01-01T00:00:00.000Z' }))
    expect(await log.found()).toEqual(['entry 599'])
  })
})

describe('more than one part changed', () => {
  test('an entry here and a tile there: each is named, told apart by what the next entry follows', async () => {
    const log = new StoredLog(SIZE)
    log.rewrite(10, { actor: 'x' })
    log.flip('tile/0/001', 44)
    log.flip('tile/0/002.p/88', 3)
    log.rewrite(550, { actor: 'y' })
    expect(await log.found()).toEqual(['entry 10', 'tile tile/0/001', 'tile tile/0/002.p/88', 'entry 550'])
  })

  test('an entry with its tiles up to the root: the chain behind it and the checkpoint give it away', async () => {
    const log = new StoredLog(SIZE)
    log.rewrite(300, { actor: 'x' })
    const forged = new MemoryLog()
    for (const entry of log.entries) forged.append(entry!)
    for (const [path, tile] of forged.publish().tiles) log.tiles.set(path, tile)
    expect(await log.found()).toEqual(['entry 301', 'root'])
  })

  test('all entries from one on, rewritten with their chain: all are named, counted, and the first 100 kept', async () => {
    const forged = new StoredLog(SIZE, (fields, seq) => (seq >= 400 ? { ...fields, actor: 'x' } : fields))
    const log = new StoredLog(SIZE)
    log.entries.splice(400, 200, ...forged.entries.slice(400))
    const { findings, findingsCount } = await log.verify()
    expect(findingsCount).toBe(200)
    expect(findings.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, n) => 400 + n))
  })

  test('a whole other log under the checkpoint: the root is named', async () => {
    const log = new StoredLog(SIZE, (fields) => ({ ...fields, actor: 'x' }))
    log.checkpoint = new StoredLog(SIZE).checkpoint
    expect(await log.found()).toEqual(['root', 'head'])
  })

  test('two entries swapped: both are named', async () => {
    const log = new StoredLog(SIZE)
    const { entries } = log
    ;[entries[20], entries[21]] = [entries[21]!, entries[20]!]
    expect(await log.found()).toEqual(['entry 20', 'entry 21'])
  })
})

describe('hostile and failing readers', () => {
  test('an entry that is no JSON, or has a hostile shape', async () => {
    for (const text of ['', '[]', 'null', '{"seq":', '{"__proto__":{"v":1}}', '\ud800']) {
      const log = new StoredLog(3)
      log.entries[1] = encodeUtf8(text)
      expect(await log.found()).toEqual(['entry 1'])
    }
  })

  test('a size that nobody signed for is not walked to its end', async () => {
    const log = new StoredLog(3)
    log.checkpoint = log.checkpoint.replace('\n3\n', '\n9007199254740991\n')
    log.head = { ...log.head, size: 2 ** 53 - 1 }
    const { findings } = await log.verify()
    expect(findings[0]).toMatchObject({ what: 'checkpoint' })
  })

  test('damage that makes reads fail is found piece by piece; a store that is away ends the verification', async () => {
    const log = new StoredLog(SIZE)
    const { reader } = log
    const failing = (error: Error) => ({
      ...reader,
      entries: (first: number, count: number) =>
        first <= 300 && 300 < first + count ? Promise.reject(error) : reader.entries(first, count),
    })
    expect(await log.found({ reader: failing(new Error('decompression failed')) })).toEqual(['entry 300'])
    const away = new TrailsealError('store_unavailable', 'The store is away.')
    await expect(log.verify({ reader: failing(away) })).rejects.toBe(away)
  })

  test('an abort ends the verification with its reason', async () => {
    const log = new StoredLog(SIZE)
    const abort = new AbortController()
    const reason = new Error('enough')
    const verification = log.verify({ signal: abort.signal, onProgress: () => abort.abort(reason) })
    await expect(verification).rejects.toBe(reason)
  })
})
