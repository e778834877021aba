import { describe, expect, test } from '@jest/globals'
import { TrailsealError } from '../../../src/errors.ts'
import { formatCheckpointText, openCheckpoint, parseCheckpoint } from '../../../src/tlog/checkpoint.ts'
import {
  parseCheckpointExtension,
  verifyCheckpointExtension,
} from '../../../src/tlog/checkpoint-extension.ts'
import { CompactRange } from '../../../src/tlog/compact-range.ts'
import { decodeBase64, decodeHex, decodeUtf8, encodeUtf8, parseDecimal } from '../../../src/tlog/encoding.ts'
import { EMPTY_ROOT } from '../../../src/tlog/leaf.ts'
import { verifyConsistency, verifyInclusion } from '../../../src/tlog/proofs.ts'
import { formatNote, openNote, parseNote, parseVkey } from '../../../src/tlog/signed-note.ts'
import { TileEdge } from '../../../src/tlog/tile-edge.ts'
import { decodeEntryBundle, parseTilePath, tilePath } from '../../../src/tlog/tile.ts'
import { parseTlogProof, verifyTlogProof } from '../../../src/tlog/tlog-proof.ts'
import { hex, sha256, testKey, vectorEntry, vectors, verifySignature } from './support.ts'

const origin = 'log.example/ws/acme'
const [logKey, witness, , newLogKey] = vectors.keys.map(({ vkey }) => parseVkey(vkey, sha256))
const trust = { keys: [logKey!], origin, sha256, verifySignature }
const anyHash = new Uint8Array(32)

function codeOf(action: () => unknown): string {
  try {
    action()
    return 'accepted'
  } catch (error) {
    return error instanceof TrailsealError ? error.code : String(error)
  }
}

async function refusalOf(action: () => Promise<unknown>): Promise<string> {
  try {
    await action()
    return 'accepted'
  } catch (error) {
    return error instanceof TrailsealError ? error.code : String(error)
  }
}

describe('strict decoding', () => {
  test.each([
    'AA',
    'AA=',
    'AAA',
    'AB==',
    'AAF=',
    '=',
    '====',
    'A===',
    'AA==\n',
    ' AA==',
    'AA==AA==',
    'A-_=',
    'AÁA=',
  ])('base64 %j', (text) => expect(codeOf(() => decodeBase64(text))).toBe('malformed_proof'))

  test.each(['0A', 'a', '0x', 'zz'])('hexadecimal %j', (text) => {
    expect(codeOf(() => decodeHex(text))).toBe('malformed_proof')
  })

  test.each([
    '',
    '00',
    '01',
    '-1',
    '+1',
    '1e3',
    '0x5',
    ' 1',
    '1\n',
    '1.0',
    '9007199254740992',
    '99999999999999999',
    '١',
  ])('decimal %j', (text) => expect(codeOf(() => parseDecimal(text))).toBe('malformed_proof'))

  test.each([
    'tile/0/1',
    'tile/0/x000/001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/64/000',
    'tile/00/000',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/entries/',
    'tile/0/000/',
    '/tile/0/000',
    'tile/0/000\n',
    'tile/-1/000',
  ])('tile path %j', (path) => expect(codeOf(() => parseTilePath(path))).toBe('malformed_proof'))

  test('addresses of no tile are not formatted', () => {
    expect(codeOf(() => tilePath({ level: 0, index: -1, width: 256 }))).toBe('malformed_proof')
    expect(codeOf(() => tilePath({ level: 0, index: 0, width: 0 }))).toBe('malformed_proof')
    expect(codeOf(() => tilePath({ level: 0.5, index: 0, width: 1 }))).toBe('malformed_proof')
  })

  test('bundles that are cut, too long or of another width', () => {
    const bundle = hex(vectors.bundle2Hex)
    for (let length = 0; length < bundle.length; length++) {
      expect(codeOf(() => decodeEntryBundle(bundle.subarray(0, length), 2))).toBe('malformed_proof')
    }
    for (const width of [0, 1, 3])
      expect(codeOf(() => decodeEntryBundle(bundle, width))).toBe('malformed_proof')
  })

  test('a compact range or tile edge of another size', () => {
    expect(codeOf(() => CompactRange.parse(anyHash, 3, sha256))).toBe('malformed_proof')
    expect(codeOf(() => CompactRange.parse(anyHash, Number.NaN, sha256))).toBe('malformed_proof')
    expect(codeOf(() => TileEdge.load(2, () => anyHash, sha256))).toBe('malformed_proof')
  })
})

describe('keys and notes', () => {
  const { vkey } = vectors.keys[0]!
  test.each([
    '',
    'log.example',
    `+${vkey}`,
    vkey.replace('0fb88831', '0FB88831'),
    vkey.replace('0fb88831', '0fb88832'),
    vkey.replace('acme', 'acmf'),
    vkey.replace('acme', 'ac me'),
    vkey.replace('acme', 'ac\u0085me'),
    vkey.slice(0, -4),
    vkey.replace('+Ad', '+Bd'),
    `${vkey}=`,
  ])('verifier key %j', (text) => expect(codeOf(() => parseVkey(text, sha256))).toBe('malformed_proof'))

  const note = vectors.checkpoint5
  test.each([
    ['no signature', note.slice(0, note.indexOf('—'))],
    ['no empty line', note.replace('\n\n', '\n')],
    ['no final line feed', note.slice(0, -1)],
    ['hyphen for dash', note.replace('—', '-')],
    ['two spaces', note.replace('— ', '—  ')],
    ['a carriage return', note.replace('\n', '\r\n')],
    ['a tab', note.replace('log.', 'log\t')],
    ['a lone surrogate', note.replace('log.', 'log\ud800')],
    ['a line behind the signatures', `${note}more\n`],
    ['an empty key name', note.replace('— log.example/ws/acme', '— ')],
    ['a signature that is a key id only', note.replace(/— .*/, '— log.example/ws/acme D7iIMQ==')],
    ['too many signatures', note + note.slice(note.indexOf('—')).repeat(64)],
    ['nothing', ''],
  ])('note with %s', (_, text) => expect(codeOf(() => parseNote(text))).toBe('malformed_proof'))

  test('text and signature lines can be told apart only when the text ends in a line feed', () => {
    const { signatures } = parseNote(note)
    expect(codeOf(() => formatNote('text', signatures))).toBe('malformed_proof')
    expect(codeOf(() => formatNote('text\n', []))).toBe('malformed_proof')
  })

  test.each([
    'a\n5\n',
    '\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n',
    'a\n05\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n',
    'a\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n',
    'a\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n',
  ])('checkpoint text %j', (text) => {
    expect(codeOf(() => parseCheckpoint(`${text}${note.slice(note.indexOf('\n\n') + 1)}`))).toBe(
      'malformed_proof',
    )
  })

  test('a line feed in an origin would make another checkpoint', () => {
    expect(codeOf(() => formatCheckpointText({ origin: 'a\n1', size: 1, root: anyHash }))).toBe(
      'malformed_proof',
    )
  })
})

describe('who signed', () => {
  const opened = (note: string, keys = [logKey!]) => refusalOf(() => openCheckpoint(note, { ...trust, keys }))
  const badOfNewKey = vectors.checkpoint5TwoKeys.replace('JOHny6MC', 'JOHny6MD')

  test('a bad signature of a known key refuses the note, one of an unknown key is ignored', async () => {
    expect(await opened(badOfNewKey)).toBe('accepted')
    expect(await opened(badOfNewKey, [logKey!, newLogKey!])).toBe('tampered')
  })

  test('a cosignature is verified with its time, and does not replace the signature of the log', async () => {
    const note = vectors.checkpoint5CosignedAt1700000000
    expect(await opened(note, [witness!])).toBe('tampered')
    expect((await openNote(note, [witness!], verifySignature)).signedBy).toEqual([witness])
    expect(await opened(note.replace('BNLYMwAAAABlU', 'BNLYMwAAAABlV'), [logKey!, witness!])).toBe('tampered')
  })

  test('no known key, another log, a known key of another log', async () => {
    expect(await opened(vectors.checkpoint5, [])).toBe('tampered')
    expect(await opened(vectors.checkpoint5, [newLogKey!])).toBe('tampered')
    const other = testKey('other.example', vectors.keys[0]!.seedHex)
    const ofOther = other.signNote(
      formatCheckpointText({ origin: 'other.example', size: 0, root: EMPTY_ROOT }),
    )
    expect(await opened(ofOther, [other.key])).toBe('tampered')
    const inOurName = other.signNote(formatCheckpointText({ origin, size: 0, root: EMPTY_ROOT }))
    expect(await opened(inOurName, [other.key, logKey!])).toBe('tampered')
  })
})

describe('proofs', () => {
  const refused = expect.stringMatching(/^(malformed_proof|tampered)$/)

  // every byte of the text, so every line, number, hash, signature and separator
  test.each([
    ['a proof', vectors.proofOf2In5],
    ['a proof without hashes', vectors.proofOf0In1],
  ])('%s with any bit of any byte flipped is refused', async (_, text) => {
    const bytes = encodeUtf8(text)
    const entry = vectorEntry(text === vectors.proofOf2In5 ? 2 : 0)
    const verify = () => verifyTlogProof(parseTlogProof(decodeUtf8(bytes)), entry, trust)
    expect(await refusalOf(verify)).toBe('accepted')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const at = Math.floor(bit / 8)
      bytes[at]! ^= 1 << (bit % 8)
      expect([bit, await refusalOf(verify)]).toEqual([bit, refused])
      bytes[at]! ^= 1 << (bit % 8)
    }
  })

  test('an extension with any bit of any byte flipped is refused', async () => {
    const bytes = encodeUtf8(vectors.extension3To5)
    const older = { origin, size: 3, root: hex(vectors.roots.find(({ size }) => size === 3)!.rootHex) }
    const verify = () => verifyCheckpointExtension(parseCheckpointExtension(decodeUtf8(bytes)), older, trust)
    expect(await refusalOf(verify)).toBe('accepted')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const at = Math.floor(bit / 8)
      bytes[at]! ^= 1 << (bit % 8)
      expect([bit, await refusalOf(verify)]).toEqual([bit, refused])
      bytes[at]! ^= 1 << (bit % 8)
    }
  })

  test('an entry with any byte changed is refused', async () => {
    const proof = parseTlogProof(vectors.proofOf12345In70000)
    const entry = vectorEntry(12_345)
    for (let at = 0; at < entry.length; at++) {
      const forged = Uint8Array.from(entry, (byte, index) => (index === at ? byte ^ 1 : byte))
      expect(await refusalOf(() => verifyTlogProof(proof, forged, trust))).toBe('tampered')
    }
  })

  test.each([
    [-1, 5],
    [5, 5],
    [0, 0],
    [0.5, 5],
    [Number.NaN, 5],
    [1, Number.POSITIVE_INFINITY],
    [2 ** 53, 2 ** 53 + 2],
  ])('index %d of size %d is no leaf', (index, size) => {
    const claim = { leafHash: anyHash, index, size, root: anyHash, proof: [] }
    expect(codeOf(() => verifyInclusion(claim, sha256))).toBe('malformed_proof')
  })

  test('indices and sizes beyond 2^32 are walked as they are, not as 32-bit numbers', () => {
    const proof = Array.from({ length: 53 }, () => anyHash)
    const claim = { leafHash: anyHash, index: 2 ** 33, size: 2 ** 53 - 1, root: anyHash, proof }
    expect(codeOf(() => verifyInclusion(claim, sha256))).toBe('tampered')
    expect(codeOf(() => verifyInclusion({ ...claim, proof: proof.slice(1) }, sha256))).toBe('malformed_proof')
    expect(codeOf(() => verifyInclusion({ ...claim, proof: [...proof, anyHash] }, sha256))).toBe(
      'malformed_proof',
    )
  })

  test('hashes of another length, and trees that shrink', () => {
    const inclusion = { leafHash: anyHash, index: 0, size: 2, root: anyHash, proof: [new Uint8Array(31)] }
    expect(codeOf(() => verifyInclusion(inclusion, sha256))).toBe('malformed_proof')
    const consistency = { oldSize: 3, oldRoot: anyHash, newSize: 2, newRoot: anyHash, proof: [] }
    expect(codeOf(() => verifyConsistency(consistency, sha256))).toBe('malformed_proof')
  })

  test('more hashes than any tree needs are refused before they are decoded', () => {
    const line = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n'
    const text = vectors.proofOf0In1.replace('\n\n', `\n${line.repeat(64)}\n`)
    expect(codeOf(() => parseTlogProof(text))).toBe('malformed_proof')
  })
})
