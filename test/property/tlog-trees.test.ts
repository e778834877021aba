import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CompactRange } from '../../src/tlog/compact-range.ts'
import { concatBytes } from '../../src/tlog/encoding.ts'
import { EMPTY_ROOT, leafHash, nodeHash } from '../../src/tlog/leaf.ts'
import { rootOfHashes } from '../../src/tlog/merkle-tree.ts'
import {
  consistencyProof,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from '../../src/tlog/proofs.ts'
import { TileEdge } from '../../src/tlog/tile-edge.ts'
import type { ChangedTile } from '../../src/tlog/tile-edge.ts'
import { hashesAtLevel, partialWidth, tilePath, tileWidth } from '../../src/tlog/tile.ts'
import { MemoryLog, sha256 } from '../unit/tlog/support.ts'

// The definition, level by level, with nothing of the code under test but the two hashes.
const leaves = Array.from({ length: 1_100 }, (_, n) => leafHash(Uint8Array.of(n >> 8, n & 255), sha256))
function definedRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length <= 1) return hashes[0] ?? EMPTY_ROOT
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1))
  return nodeHash(definedRoot(hashes.slice(0, split)), definedRoot(hashes.slice(split)), sha256)
}

/** Every tile of the first `size` leaves, from the definition. */
function definedTiles(size: number): Map<string, Uint8Array> {
  const tiles = new Map<string, Uint8Array>()
  for (let level = 0; hashesAtLevel(level, size) > 0; level++) {
    const span = 256 ** level
    const hashes = Array.from({ length: hashesAtLevel(level, size) }, (_, n) =>
      definedRoot(leaves.slice(n * span, (n + 1) * span)),
    )
    for (let index = 0; index * 256 < hashes.length; index++) {
      const width = tileWidth(level, index, size)
      tiles.set(
        tilePath({ level, index, width }),
        concatBytes(hashes.slice(index * 256, index * 256 + width)),
      )
    }
  }
  return tiles
}

const treeSize = fc.oneof(
  fc.integer({ min: 0, max: leaves.length }),
  fc.constantFrom(1, 2, 255, 256, 257, 511, 512, 513, 1024),
)

describe('trees', () => {
  test('a compact range grown in two parts has the defined root at every size', () => {
    fc.assert(
      fc.property(treeSize, treeSize, (one, other) => {
        const [stop, size] = one < other ? [one, other] : [other, one]
        const first = CompactRange.empty(sha256)
        for (const leaf of leaves.slice(0, stop)) first.append(leaf)
        const range = CompactRange.parse(first.serialize(), stop, sha256)
        for (const leaf of leaves.slice(stop, size)) range.append(leaf)
        expect(range.size).toBe(size)
        expect(range.root()).toEqual(definedRoot(leaves.slice(0, size)))
        expect(rootOfHashes(concatBytes(leaves.slice(0, size)), sha256)).toEqual(range.root())
      }),
      { numRuns: 20 },
    )
  })

  test('a tile edge, reloaded and taken from at random sizes, writes exactly the defined tiles', () => {
    fc.assert(
      fc.property(fc.array(treeSize, { minLength: 1, maxLength: 6 }), (sizes) => {
        const stops = sizes.sort((left, right) => left - right)
        const written = new Map<string, Uint8Array>()
        let edge = TileEdge.empty(sha256)
        for (const stop of stops) {
          const last = edge.size
          for (const leaf of leaves.slice(last, stop)) edge.append(leaf)
          const changed: ChangedTile[] = edge.takeChanged()
          for (const tile of changed) written.set(tilePath(tile), tile.hashes)
          expect(edge.takeChanged()).toEqual([])
          expect(edge.root()).toEqual(definedRoot(leaves.slice(0, stop)))
          const tileOf = (level: number, width: number) =>
            written.get(tilePath({ level, index: Math.floor(hashesAtLevel(level, stop) / 256), width }))!
          const reloaded = TileEdge.load(stop, tileOf, sha256)
          expect(reloaded.compactRange()).toEqual(edge.compactRange())
          edge = reloaded
        }
        const size = stops.at(-1)!
        const expected = definedTiles(size)
        for (const [path, tile] of expected) expect([path, written.get(path)]).toEqual([path, tile])
        // beyond them only the partial tiles of the sizes before
        const earlier = stops.flatMap((stop) => [...definedTiles(stop).keys()])
        expect(new Set(written.keys())).toEqual(new Set(earlier))
      }),
      { numRuns: 12 },
    )
  })

  test('hashes that were taken are not written to by later appends', () => {
    const edge = TileEdge.empty(sha256)
    for (const leaf of leaves.slice(0, 300)) edge.append(leaf)
    const taken = edge.takeChanged()
    const before = taken.map(({ hashes }) => hashes.slice())
    for (const leaf of leaves.slice(300)) edge.append(leaf)
    expect(taken.map(({ hashes }) => hashes)).toEqual(before)
    expect(partialWidth(0, leaves.length)).toBe(leaves.length % 256)
  })
})

describe('proofs', () => {
  const log = new MemoryLog()
  for (const leaf of leaves) log.appendLeaf(leaf)
  log.publish()
  // a log without partial tiles of older sizes serves them from the tiles that grew out of them
  const readTile = (level: number, index: number, width: number) =>
    log
      .readTile(level, index, tileWidth(level, index, leaves.length))
      .then((tile) => tile.subarray(0, width * 32))
  const roots = new Map<number, Uint8Array>()
  const rootAt = (size: number) => {
    const root = roots.get(size) ?? definedRoot(leaves.slice(0, size))
    roots.set(size, root)
    return root
  }

  test('every index of every size is proved, and no other index or size is', async () => {
    const sizeAndIndex = treeSize
      .filter((size) => size > 0)
      .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)))
    await fc.assert(
      fc.asyncProperty(
        sizeAndIndex,
        fc.nat(1_200),
        fc.nat(1_200),
        async ([size, index], otherIndex, otherSize) => {
          const proof = await inclusionProof(index, size, readTile, sha256)
          const claim = { leafHash: leaves[index]!, index, size, root: rootAt(size), proof }
          verifyInclusion(claim, sha256)
          fc.pre(otherIndex !== index)
          expect(() => verifyInclusion({ ...claim, index: otherIndex }, sha256)).toThrow()
          expect(() =>
            verifyInclusion({ ...claim, leafHash: leaves[otherIndex % size]!, index: otherIndex }, sha256),
          ).toThrow()
          expect(() =>
            verifyInclusion({ ...claim, root: rootAt((size + 1) % leaves.length), size: otherSize }, sha256),
          ).toThrow()
        },
      ),
    )
  })

  test('every older size is proved consistent, and no other tree is', async () => {
    await fc.assert(
      fc.asyncProperty(treeSize, treeSize, async (one, other) => {
        const [oldSize, newSize] = one < other ? [one, other] : [other, one]
        const proof = await consistencyProof(oldSize, newSize, readTile, sha256)
        const claim = { oldSize, oldRoot: rootAt(oldSize), newSize, newRoot: rootAt(newSize), proof }
        verifyConsistency(claim, sha256)
        const forged = sha256(claim.oldRoot)
        expect(() => verifyConsistency({ ...claim, oldRoot: forged }, sha256)).toThrow()
        fc.pre(oldSize > 0)
        expect(() => verifyConsistency({ ...claim, newRoot: forged }, sha256)).toThrow()
        expect(() => verifyConsistency({ ...claim, proof: [...proof, forged] }, sha256)).toThrow()
        fc.pre(proof.length > 0)
        expect(() => verifyConsistency({ ...claim, proof: proof.slice(1) }, sha256)).toThrow()
      }),
    )
  })
})
