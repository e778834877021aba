import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { formatCheckpointText, parseCheckpointText } from '../../src/tlog/checkpoint.ts'
import { formatCheckpointExtension, parseCheckpointExtension } from '../../src/tlog/checkpoint-extension.ts'
import { decodeBase64, decodeHex, encodeBase64, encodeHex, parseDecimal } from '../../src/tlog/encoding.ts'
import {
  formatNote,
  formatVkey,
  noteKey,
  openNote,
  parseNote,
  parseVkey,
} from '../../src/tlog/signed-note.ts'
import { decodeEntryBundle, encodeEntryBundle, parseTilePath, tilePath } from '../../src/tlog/tile.ts'
import { formatTlogProof, parseTlogProof } from '../../src/tlog/tlog-proof.ts'
import { sha256, testKey, verifySignature } from '../unit/tlog/support.ts'

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength })
const size = fc.maxSafeNat()
const hash = bytes(32)
const printable = fc
  .string({ unit: 'binary', minLength: 1 })
  .map((text) => text.replaceAll(/[\u0000-\u001f]/g, '.')) // eslint-disable-line no-control-regex
const keyName = printable.map((name) => name.replaceAll(/[\s\u0085+]/gu, '_'))
const noteText = fc.array(fc.oneof(printable, fc.constant(''))).map((lines) => `${lines.join('\n')}\n`)
const checkpoint = fc.record({ origin: printable, size, root: hash, extensionLines: fc.array(printable) })
const seed = bytes(32).map(encodeHex)

describe('what is written is read back', () => {
  test('base64 and hexadecimal, as the platform writes them', () => {
    fc.assert(
      fc.property(bytes(0, 80), (value) => {
        expect(encodeBase64(value)).toBe(Buffer.from(value).toString('base64'))
        expect(decodeBase64(encodeBase64(value))).toEqual(value)
        expect(decodeHex(encodeHex(value))).toEqual(value)
      }),
    )
  })

  test('decimals', () => {
    fc.assert(fc.property(size, (value) => expect(parseDecimal(String(value))).toBe(value)))
  })

  test('verifier keys', () => {
    fc.assert(
      fc.property(keyName, hash, fc.constantFrom(1, 4), (name, publicKey, type) => {
        const key = noteKey(name, publicKey, sha256, type)
        expect(parseVkey(formatVkey(key), sha256)).toEqual(key)
      }),
    )
  })

  test('signed notes, with empty lines in their text and signatures of strangers', async () => {
    await fc.assert(
      fc.asyncProperty(noteText, keyName, seed, bytes(5, 90), async (text, name, seedHex, foreign) => {
        const { key, signNote } = testKey(name, seedHex)
        const stranger = { name, keyId: foreign.subarray(0, 4), signature: foreign.subarray(4) }
        const signatures = [...parseNote(signNote(text)).signatures, stranger]
        const note = formatNote(text, signatures)
        expect(parseNote(note)).toEqual({ text, signatures })
        expect(await openNote(note, [key], verifySignature)).toEqual({ text, signedBy: [key] })
      }),
    )
  })

  test('checkpoints', () => {
    fc.assert(
      fc.property(checkpoint, (value) =>
        expect(parseCheckpointText(formatCheckpointText(value))).toEqual(value),
      ),
    )
  })

  test('tile paths', () => {
    const level = fc.oneof(fc.nat(63), fc.constant('entries' as const))
    fc.assert(
      fc.property(fc.record({ level, index: size, width: fc.integer({ min: 1, max: 256 }) }), (address) =>
        expect(parseTilePath(tilePath(address))).toEqual(address),
      ),
    )
  })

  test('entry bundles', () => {
    fc.assert(
      fc.property(fc.array(bytes(0, 300), { maxLength: 20 }), (entries) =>
        expect(decodeEntryBundle(encodeEntryBundle(entries), entries.length)).toEqual(entries),
      ),
    )
  })

  test('proofs of entries and of extensions', () => {
    const signed = fc.tuple(checkpoint, seed).map(([value, seedHex]) => {
      return testKey('log.example', seedHex).signNote(formatCheckpointText(value))
    })
    const hashes = fc.array(hash, { maxLength: 63 })
    const common = { hashes, checkpoint: signed }
    const proof = fc.oneof(
      fc.record({ index: size, ...common }),
      fc.record({ index: size, extra: bytes(0, 90), ...common }),
    )
    const extension = fc.record({ oldSize: size, ...common })
    fc.assert(
      fc.property(proof, extension, (value, other) => {
        expect(parseTlogProof(formatTlogProof(value))).toEqual(value)
        expect(parseCheckpointExtension(formatCheckpointExtension(other))).toEqual(other)
      }),
    )
  })
})
