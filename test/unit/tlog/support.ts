import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { encodeUtf8, decodeHex } from '../../../src/tlog/encoding.ts'
import { leafHash } from '../../../src/tlog/leaf.ts'
import { HASH_BYTES } from '../../../src/tlog/sha256.ts'
import { formatNote, noteKey } from '../../../src/tlog/signed-note.ts'
import type { NoteKey } from '../../../src/tlog/signed-note.ts'
import type { TileReader } from '../../../src/tlog/proofs.ts'
import { TileEdge } from '../../../src/tlog/tile-edge.ts'
import { tilePath } from '../../../src/tlog/tile.ts'

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())

// DER of an Ed25519 key up to its 32 raw bytes (RFC 8410)
const PRIVATE_KEY_PREFIX = '302e020100300506032b657004220420'
const PUBLIC_KEY_PREFIX = '302a300506032b6570032100'

export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Buffer.from(PUBLIC_KEY_PREFIX, 'hex'), publicKey])
  return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}

/** A log's key from its seed, and its signatures. */
export function testKey(name: string, seedHex: string): { key: NoteKey; signNote: (text: string) => string } {
  const der = Buffer.from(PRIVATE_KEY_PREFIX + seedHex, 'hex')
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const key = noteKey(name, new Uint8Array(spki.subarray(-32)), sha256)
  const signNote = (text: string): string =>
    formatNote(text, [
      { name, keyId: key.keyId, signature: new Uint8Array(sign(null, encodeUtf8(text), privateKey)) },
    ])
  return { key, signNote }
}

export interface Vectors {
  readonly about: string
  readonly bundle2Hex: string
  readonly checkpoint0: string
  readonly checkpoint5: string
  readonly checkpoint5CosignedAt1700000000: string
  readonly checkpoint5TwoKeys: string
  readonly emptyRoot: string
  readonly entry0: string
  readonly entryRule: string
  readonly extension256To70000: string
  readonly extension3To5: string
  readonly keys: readonly {
    readonly keyId: string
    readonly name: string
    readonly publicHex: string
    readonly seedHex: string
    readonly type: 1 | 4
    readonly vkey: string
  }[]
  readonly leafHash0: string
  readonly pathsOfIndex: Readonly<Record<string, string>>
  readonly proofOf0In1: string
  readonly proofOf12345In70000: string
  readonly proofOf2In5: string
  readonly proofOf4In5WithExtra: string
  readonly proofOf69999In70000: string
  readonly rfc6962Leaves: readonly string[]
  readonly rfc6962Roots: readonly string[]
  readonly roots: readonly { readonly rootBase64: string; readonly rootHex: string; readonly size: number }[]
  readonly tiles: readonly {
    readonly bytes: number
    readonly path: string
    readonly sha256: string
    readonly treeSize: number
  }[]
}

export const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/tlog-vectors.json', import.meta.url), 'utf8'),
) as Vectors

/** Entry n of the log of the vectors, by their `entryRule`. */
export function vectorEntry(n: number): Uint8Array {
  return encodeUtf8(vectors.entryRule.replace('<n%97>', String(n % 97)).replace('<n>', String(n)))
}

/** A log in memory, tiles by path; partial tiles are those of its size. */
export class MemoryLog {
  readonly edge = TileEdge.empty(sha256)
  readonly leafHashes: Uint8Array[] = []
  readonly tiles = new Map<string, Uint8Array>()

  append(entry: Uint8Array): void {
    this.appendLeaf(leafHash(entry, sha256))
  }

  appendLeaf(hash: Uint8Array): void {
    this.leafHashes.push(hash)
    this.edge.append(hash)
  }

  /** Publishes the tiles of the size reached; proofs and `tile` see only what was published. */
  publish(): this {
    for (const { level, index, width, hashes } of this.edge.takeChanged()) {
      this.tiles.set(tilePath({ level, index, width }), hashes)
    }
    return this
  }

  readonly readTile: TileReader = (level, index, width) => {
    const tile =
      this.tiles.get(tilePath({ level, index, width })) ??
      this.tiles.get(tilePath({ level, index, width: 256 }))
    return tile === undefined
      ? Promise.reject(new Error(`no tile ${tilePath({ level, index, width })}`))
      : Promise.resolve(tile.subarray(0, width * HASH_BYTES))
  }
}

export const hex = decodeHex
