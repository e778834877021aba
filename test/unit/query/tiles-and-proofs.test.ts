import { beforeAll, describe, expect, test } from '@jest/globals'
import { decodeEntryBundle, TILE_WIDTH } from '../../../src/tlog/tile.ts'
import { openCheckpoint } from '../../../src/tlog/checkpoint.ts'
import { leafHash } from '../../../src/tlog/leaf.ts'
import { rootOfHashes } from '../../../src/tlog/merkle-tree.ts'
import { parseVkey } from '../../../src/tlog/signed-note.ts'
import { parseTlogProof, verifyTlogProof } from '../../../src/tlog/tlog-proof.ts'
import { auditEvent, OWNER, MemoryRoom } from '../../support/query-room.ts'
import { sha256, verifySignature } from '../../support/sha256.ts'

const SIZE = 300
const room = new MemoryRoom()

beforeAll(async () => {
  await room.append('acme', ...Array.from({ length: SIZE }, () => auditEvent()))
})

const tile = (path: string): Promise<Uint8Array> => room.facade.tile(OWNER, 'acme', path)

test('a proof convinces whoever has the key, the entry and nothing else', async () => {
  const keys = [parseVkey(await room.facade.vkey(OWNER, 'acme'), sha256)]
  for (const seq of [0, 255, 256, 299]) {
    const proof = parseTlogProof(await room.facade.proof(OWNER, 'acme', `seq_${seq}`))
    const [entry] = await room.ledger.entriesAt('acme', [seq])
    const trust = { keys, origin: 'log.example/acme', sha256, verifySignature }
    expect(await verifyTlogProof(proof, entry!, trust)).toMatchObject({
      index: seq,
      checkpoint: { size: SIZE },
    })
  }
})

describe('the tiles', () => {
  test('add up to the signed checkpoint, and the entries to the tiles', async () => {
    const keys = [parseVkey(await room.facade.vkey(OWNER, 'acme'), sha256)]
    const note = await room.facade.checkpoint(OWNER, 'acme')
    const checkpoint = await openCheckpoint(note, { keys, verifySignature })
    const hashes = Buffer.concat([await tile('tile/0/000'), await tile(`tile/0/001.p/${SIZE - TILE_WIDTH}`)])
    expect(rootOfHashes(hashes, sha256)).toEqual(checkpoint.root)
    const entries = [
      ...decodeEntryBundle(await tile('tile/entries/000'), TILE_WIDTH),
      ...decodeEntryBundle(await tile(`tile/entries/001.p/${SIZE - TILE_WIDTH}`), SIZE - TILE_WIDTH),
    ]
    expect(Buffer.concat(entries.map((entry) => leafHash(entry, sha256))).equals(hashes)).toBe(true)
    expect(await tile('tile/1/000.p/1')).toEqual(rootOfHashes(hashes.subarray(0, 8_192), sha256))
  })

  test('of an older checkpoint are still there', async () => {
    expect(await tile('tile/0/001.p/7')).toHaveLength(7 * 32)
    expect(decodeEntryBundle(await tile('tile/entries/000.p/9'), 9)).toHaveLength(9)
  })

  test.each([
    ...['tile/0/001', 'tile/0/001.p/45', 'tile/0/002.p/1', 'tile/1/000', 'tile/1/000.p/2', 'tile/2/000.p/1'],
    ...[
      'tile/entries/001',
      'tile/entries/001.p/45',
      'tile/entries/002.p/1',
      'tile/0/x999/x999/x999/x999/x999/999',
    ],
    ...[
      'tile/0/0',
      'tile/0/000.p/0',
      'tile/0/000.p/256',
      'tile/00/000',
      'tile/64/000',
      'tile/-1/000',
      'tile/0/x000/000',
    ],
    ...['tile/entries/000/../../rival', '/tile/0/000', 'tile/0/000 ', 'tile/0/000\n', ''],
  ])('%j is not found', async (path) => {
    await expect(tile(path)).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('a log without entries has no checkpoint and no tiles', async () => {
  const admin = { ...OWNER, workspace: 'rival' }
  await expect(room.facade.checkpoint(admin, 'rival')).rejects.toMatchObject({ code: 'not_found' })
  await expect(room.facade.tile(admin, 'rival', 'tile/0/000.p/1')).rejects.toMatchObject({
    code: 'not_found',
  })
})
