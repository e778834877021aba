import { beforeAll, describe, expect, test } from '@jest/globals'
import { openCheckpoint, parseCheckpoint, formatCheckpointText } from '../../../src/tlog/checkpoint.ts'
import {
  formatCheckpointExtension,
  parseCheckpointExtension,
  verifyCheckpointExtension,
} from '../../../src/tlog/checkpoint-extension.ts'
import { CompactRange } from '../../../src/tlog/compact-range.ts'
import { decodeHex, decodeUtf8, encodeBase64, encodeHex } from '../../../src/tlog/encoding.ts'
import { EMPTY_ROOT, leafHash } from '../../../src/tlog/leaf.ts'
import { consistencyProof, inclusionProof } from '../../../src/tlog/proofs.ts'
import { formatVkey, keyIdOf, noteKey, parseVkey } from '../../../src/tlog/signed-note.ts'
import { decodeEntryBundle, encodeEntryBundle, parseTilePath, tilePath } from '../../../src/tlog/tile.ts'
import { formatTlogProof, parseTlogProof, verifyTlogProof } from '../../../src/tlog/tlog-proof.ts'
import { MemoryLog, hex, sha256, testKey, vectorEntry, vectors, verifySignature } from './support.ts'

// The vectors were made with golang.org/x/mod/sumdb, an implementation not ours.
const [logKey, witness, plainWitness, newLogKey] = vectors.keys.map(({ vkey }) => parseVkey(vkey, sha256))
const keys = [logKey!]
const origin = 'log.example/ws/acme'
const rootOf = (size: number) => hex(vectors.roots.find((root) => root.size === size)!.rootHex)

describe('hashes', () => {
  test('the first entry and its leaf hash, the empty root', () => {
    expect(decodeUtf8(vectorEntry(0))).toBe(vectors.entry0)
    expect(encodeHex(leafHash(vectorEntry(0), sha256))).toBe(vectors.leafHash0)
    expect(encodeHex(EMPTY_ROOT)).toBe(vectors.emptyRoot)
    expect(sha256(new Uint8Array())).toEqual(EMPTY_ROOT)
  })

  test('the eight roots of the reference tree of RFC 6962', () => {
    const range = CompactRange.empty(sha256)
    const roots = vectors.rfc6962Leaves.map((leaf) => {
      range.append(leafHash(hex(leaf), sha256))
      return encodeHex(range.root())
    })
    expect(roots).toEqual(vectors.rfc6962Roots)
  })
})

describe('keys and checkpoints', () => {
  test.each(vectors.keys)('$name $type $keyId', ({ keyId, name, publicHex, seedHex, type, vkey }) => {
    const key = noteKey(name, hex(publicHex), sha256, type)
    expect(encodeHex(keyIdOf(name, hex(publicHex), sha256, type))).toBe(keyId)
    expect(formatVkey(key)).toBe(vkey)
    expect(parseVkey(vkey, sha256)).toEqual(key)
    expect(testKey(name, seedHex).key.publicKey).toEqual(hex(publicHex))
  })

  test('the vectors say what they are', () => {
    expect(vectors.about).toContain('RFC 8032')
    expect(vectors.roots.map(({ rootHex }) => encodeBase64(hex(rootHex)))).toEqual(
      vectors.roots.map(({ rootBase64 }) => rootBase64),
    )
  })

  test.each([
    [0, vectors.checkpoint0, [logKey!]],
    [5, vectors.checkpoint5, [logKey!]],
    [5, vectors.checkpoint5CosignedAt1700000000, [logKey!, witness!]],
    [5, vectors.checkpoint5TwoKeys, [logKey!, newLogKey!]],
  ])(
    'checkpoint of size %d: parsed, every known signature verified, signed again the same',
    async (size, note, signers) => {
      const expected = { origin, verifySignature }
      const opened = await openCheckpoint(note, {
        ...expected,
        keys: [logKey!, witness!, plainWitness!, newLogKey!],
      })
      expect(opened).toEqual({
        origin,
        size,
        root: size === 0 ? EMPTY_ROOT : rootOf(5),
        extensionLines: [],
        signedBy: signers,
      })
      // with the log's key alone, the other lines are those of unknown keys
      expect((await openCheckpoint(note, { ...expected, keys })).signedBy).toEqual([logKey])
      const ours = testKey(origin, vectors.keys[0]!.seedHex).signNote(formatCheckpointText(opened))
      expect(note.startsWith(ours)).toBe(true)
    },
  )
})

describe('tile paths and bundles', () => {
  test.each(Object.entries(vectors.pathsOfIndex))('index %s is %s', (key, path) => {
    const [, index, width = '256'] = /^(\d+)(?: \(width (\d+)\))?$/.exec(key) ?? []
    const address = { level: 0, index: Number(index), width: Number(width) }
    expect(tilePath(address)).toBe(path)
    expect(parseTilePath(path)).toEqual(address)
  })

  test('the bundle of two entries', () => {
    const entries = [vectorEntry(0), vectorEntry(1)]
    expect(encodeHex(encodeEntryBundle(entries))).toBe(vectors.bundle2Hex)
    expect(decodeEntryBundle(decodeHex(vectors.bundle2Hex), 2)).toEqual(entries)
  })
})

describe('the log of 70,000 entries', () => {
  // the root and the tiles at each size that a vector has
  const logs = new Map<number, MemoryLog>()
  const roots = new Map<number, string>()

  beforeAll(() => {
    const log = new MemoryLog()
    const sizes = new Set([
      ...vectors.roots.map(({ size }) => size),
      ...vectors.tiles.map(({ treeSize }) => treeSize),
    ])
    for (let n = 0; n < 70_000; n++) {
      log.append(vectorEntry(n))
      if (!sizes.has(n + 1)) continue
      const snapshot = new MemoryLog()
      for (const [path, tile] of log.publish().tiles) snapshot.tiles.set(path, tile)
      logs.set(n + 1, snapshot)
      roots.set(n + 1, encodeHex(log.edge.root()))
    }
  })

  test.each(vectors.roots)('has root $rootHex at size $size', ({ size, rootHex }) => {
    expect(roots.get(size)).toBe(rootHex)
  })

  test.each(vectors.tiles)('has $path at size $treeSize', ({ path, bytes, treeSize, sha256: digest }) => {
    const tile = logs.get(treeSize)!.tiles.get(path)!
    expect(tile).toHaveLength(bytes)
    expect(encodeHex(sha256(tile))).toBe(digest)
  })

  test.each([
    [0, 1, vectors.proofOf0In1],
    [2, 5, vectors.proofOf2In5],
    [4, 5, vectors.proofOf4In5WithExtra],
    [12_345, 70_000, vectors.proofOf12345In70000],
    [69_999, 70_000, vectors.proofOf69999In70000],
  ])('the proof of %d in %d is made byte for byte, and verifies', async (index, size, text) => {
    const proof = parseTlogProof(text)
    const hashes = await inclusionProof(index, size, logs.get(size)!.readTile, sha256)
    expect(formatTlogProof({ ...proof, index, hashes })).toBe(text)
    expect('extra' in proof).toBe(index === 4)
    const verified = await verifyTlogProof(proof, vectorEntry(index), {
      keys,
      origin,
      sha256,
      verifySignature,
    })
    expect(verified).toMatchObject({ index, checkpoint: { size, root: rootOf(size) } })
  })

  test.each([
    [3, 5, vectors.extension3To5],
    [256, 70_000, vectors.extension256To70000],
  ])('the extension of %d to %d is made byte for byte, and verifies', async (oldSize, size, body) => {
    const extension = parseCheckpointExtension(body)
    const hashes = await consistencyProof(oldSize, size, logs.get(size)!.readTile, sha256)
    expect(formatCheckpointExtension({ ...extension, oldSize, hashes })).toBe(body)
    const older = { origin, size: oldSize, root: rootOf(oldSize) }
    const newer = await verifyCheckpointExtension(extension, older, { keys, sha256, verifySignature })
    expect(newer).toMatchObject(parseCheckpoint(extension.checkpoint))
  })
})
