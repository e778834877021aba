import { beforeEach, describe, expect, test } from '@jest/globals'
import { LeafHashes } from '../../../src/query/leaf-hashes.ts'

const HASH = 32

/** Tiles of level 0 of a log of `size` entries, whose leaf hashes are all of one byte; remembers what was read. */
class Tiles {
  readonly reads: string[] = []
  size = 0
  filling = 1

  tile(workspace: string, level: number, index: number, width: number): Promise<Uint8Array | null> {
    this.reads.push(`${workspace}/${level}/${index}/${width}`)
    const there = this.size - index * 256 >= width
    return Promise.resolve(there ? new Uint8Array(width * HASH).fill(this.filling) : null)
  }
}

let tiles: Tiles
let leaves: LeafHashes

beforeEach(() => {
  tiles = new Tiles()
  leaves = new LeafHashes(tiles)
})

const read = async (workspace: string, seqs: readonly number[]) => {
  const leaf = await leaves.of(workspace, seqs)
  return seqs.map((seq) => leaf(seq)?.[0] ?? null)
}

describe('leaf hashes of lists', () => {
  test('one read a tile, as wide as the last entry needs it', async () => {
    tiles.size = 600
    expect(await read('acme', [0, 7, 300, 301])).toEqual([1, 1, 1, 1])
    expect(tiles.reads).toEqual(['acme/0/0/8', 'acme/0/1/46'])
  })

  test('what was read stays the one to compare with, whatever is written into the store later', async () => {
    tiles.size = 100
    await read('acme', [9])
    tiles.filling = 2
    expect(await read('acme', [9, 3])).toEqual([1, 1])
    expect(tiles.reads).toHaveLength(1)
  })

  test('a tile is read again when more of it is needed, and each workspace has its own', async () => {
    tiles.size = 100
    await read('acme', [9])
    await read('acme', [10])
    await read('rival', [9])
    expect(tiles.reads).toEqual(['acme/0/0/10', 'acme/0/0/11', 'rival/0/0/10'])
  })

  test('what is not there is not remembered', async () => {
    expect(await read('acme', [0])).toEqual([null])
    tiles.size = 1
    expect(await read('acme', [0])).toEqual([1])
  })

  test('tiles that were not used for long are forgotten', async () => {
    tiles.size = 3000 * 256
    for (let index = 0; index < 2048; index++) await read('acme', [index * 256])
    // used again, so that the second one is the oldest
    await read('acme', [0])
    await read('acme', [2048 * 256])
    tiles.reads.length = 0
    await read('acme', [0, 256])
    expect(tiles.reads).toEqual(['acme/0/1/1'])
  })
})
