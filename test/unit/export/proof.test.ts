import { describe, expect, test } from '@jest/globals'
import { exportProof } from '../../../src/export/proof/export-proof.ts'
import { InclusionPaths } from '../../../src/export/proof/inclusion-paths.ts'
import { proofModeOf } from '../../../src/export/proof/proof-mode.ts'
import { canonicalize } from '../../../src/event/canonical-json.ts'
import { inclusionProof } from '../../../src/tlog/proofs.ts'
import { subtreesOf } from '../../../src/tlog/merkle-tree.ts'
import { parseTlogProof, verifyTlogProof } from '../../../src/tlog/tlog-proof.ts'
import { parseVkey } from '../../../src/tlog/signed-note.ts'
import { MemoryLog, sha256, vectorEntry, verifySignature } from '../tlog/support.ts'
import { ExportedLog } from './support.ts'

const log = new ExportedLog(Array.from({ length: 700 }, () => ({})))

async function proofOf(seqs: number[]): Promise<string> {
  const source = {
    checkpoint: log.checkpoint,
    seqs: Float64Array.from(seqs),
    readTile: log.log.readTile,
    sha256,
  }
  return Buffer.concat(await Array.fromAsync(exportProof(source))).toString('utf8')
}

interface Proof {
  readonly mode: string
  readonly checkpoint: string
  readonly first?: number
  readonly count?: number
  readonly leaf_hashes?: string[]
  readonly left?: string[]
  readonly right?: string[]
  readonly proofs?: string[]
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

describe('the proof of an export', () => {
  test('range: the leaf hashes from the first row to the last, and the subtrees beside them', async () => {
    const text = await proofOf([290, 291, 300, 310])
    const proof = JSON.parse(text) as Proof
    expect(Object.keys(proof)).toEqual([
      'checkpoint',
      'count',
      'first',
      'leaf_hashes',
      'left',
      'mode',
      'right',
    ])
    expect(proof).toMatchObject({ mode: 'range', first: 290, count: 21, checkpoint: log.checkpoint })
    expect(proof.leaf_hashes).toEqual(log.rows.slice(290, 311).map(({ leafHash }) => base64(leafHash)))
    expect(proof.left).toHaveLength(subtreesOf(0, 290).length)
    expect(proof.right).toHaveLength(subtreesOf(311, 700).length)
    expect(canonicalize(proof)).toBe(text)
  })

  test('inclusion: the body of a C2SP tlog-proof for each row, which is one with the checkpoint behind it', async () => {
    const text = await proofOf([3, 650])
    const proof = JSON.parse(text) as Proof
    expect(Object.keys(proof)).toEqual(['checkpoint', 'mode', 'proofs'])
    expect(canonicalize(proof)).toBe(text)
    const trust = { keys: [parseVkey(log.vkey, sha256)], sha256, verifySignature }
    for (const [at, seq] of [3, 650].entries()) {
      const whole = parseTlogProof(`${proof.proofs![at]!}\n${proof.checkpoint}`)
      expect((await verifyTlogProof(whole, log.rows[seq]!.entry, trust)).index).toBe(seq)
    }
  })

  test('is the smaller of the two modes', async () => {
    // sizes of the lists of both, hash by hash: 47 characters each in a range, 46 and a frame in proofs
    const modes: string[] = []
    for (const seqs of [
      [0, 5],
      [0, 20],
      [0, 699],
      [100, 101, 160],
      [1, 699],
      [0, 100, 200, 300, 400, 500, 600],
    ]) {
      const { mode } = JSON.parse(await proofOf(seqs)) as Proof
      const span = seqs.at(-1)! - seqs[0]! + 1
      const range = (span + subtreesOf(0, seqs[0]!).length + subtreesOf(seqs.at(-1)! + 1, 700).length) * 47
      const paths = await Promise.all(seqs.map((seq) => inclusionProof(seq, 700, log.log.readTile, sha256)))
      const inclusion = paths.reduce(
        (sum, path, at) => sum + 36 + String(seqs[at]).length + path.length * 46,
        0,
      )
      expect(mode).toBe(inclusion < range ? 'inclusion' : 'range')
      modes.push(mode)
    }
    expect(new Set(modes)).toEqual(new Set(['range', 'inclusion']))
  })

  test('rows without a gap are always a range, and so is no row', () => {
    expect(proofModeOf(Float64Array.of(999_999), 1_000_000)).toBe('range')
    expect(proofModeOf(Float64Array.of(), 1_000_000)).toBe('range')
  })

  test('is refused for rows in another order than the log: nothing could prove them', async () => {
    await expect(proofOf([5, 3])).rejects.toMatchObject({ code: 'internal' })
    await expect(proofOf([5, 5])).rejects.toMatchObject({ code: 'internal' })
  })
})

test('paths made together are the ones made one by one, at the edges of tiles and of the tree', async () => {
  const tree = new MemoryLog()
  for (let seq = 0; seq < 66_000; seq++) tree.append(vectorEntry(seq))
  tree.publish()
  const paths = new InclusionPaths(66_000, tree.readTile, sha256)
  for (const leaf of [0, 1, 255, 256, 257, 511, 65_279, 65_535, 65_536, 65_791, 65_792, 65_999]) {
    expect(await paths.of(leaf)).toEqual(await inclusionProof(leaf, 66_000, tree.readTile, sha256))
  }
})
