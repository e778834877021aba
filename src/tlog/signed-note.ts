import { TrailsealError } from '../errors.ts'
import {
  concatBytes,
  decodeBase64,
  decodeHex,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  equalBytes,
  malformed,
} from './encoding.ts'
import type { Sha256, VerifySignature } from './sha256.ts'

/** Signature types of C2SP signed-note that are understood: Ed25519, and the timestamped Ed25519 of a witness (tlog-cosignature). */
export const ED25519 = 1
const COSIGNATURE_V1 = 4
export type NoteKeyType = typeof ED25519 | typeof COSIGNATURE_V1

/** A known key: what a vkey says. */
export interface NoteKey {
  readonly name: string
  readonly type: NoteKeyType
  /** 4 bytes. */
  readonly keyId: Uint8Array
  /** Raw 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array
}

export interface NoteSignature {
  readonly name: string
  /** 4 bytes. */
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}

export interface SignedNote {
  /** What was signed, with its final LF. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const KEY_ID_BYTES = 4
const SIGNATURE_BYTES = 64
const TIMESTAMP_BYTES = 8
/** Verifying costs time for each line: a hostile note gets no more than this. C2SP asks for at least 16. */
const MAX_SIGNATURES = 64

/** SHA-256(name ‖ LF ‖ type ‖ public key), the first 4 bytes (C2SP signed-note). */
export function keyIdOf(
  name: string,
  publicKey: Uint8Array,
  sha256: Sha256,
  type: NoteKeyType = ED25519,
): Uint8Array {
  return sha256(concatBytes([encodeUtf8(`${name}\n`), Uint8Array.of(type), publicKey])).slice(0, KEY_ID_BYTES)
}

/** Throws `malformed_proof` when the name can't be a key's, or the key is not 32 bytes. */
export function noteKey(
  name: string,
  publicKey: Uint8Array,
  sha256: Sha256,
  type: NoteKeyType = ED25519,
): NoteKey {
  if (!isKeyName(name)) throw malformed('The name of a key is empty, or contains a space or a plus sign.')
  if (publicKey.length !== 32) throw malformed('An Ed25519 public key has 32 bytes.')
  return { name, type, publicKey, keyId: keyIdOf(name, publicKey, sha256, type) }
}

/** `NAME+HEX8+BASE64(type ‖ public key)`. */
export function formatVkey({ name, keyId, type, publicKey }: NoteKey): string {
  return `${name}+${encodeHex(keyId)}+${encodeBase64(concatBytes([Uint8Array.of(type), publicKey]))}`
}

/** Throws `malformed_proof`, also for a key id that is not that of name and key, and for unknown key types. */
export function parseVkey(vkey: string, sha256: Sha256): NoteKey {
  // base64 has plus signs too: split at the first two only
  const first = vkey.indexOf('+')
  const second = vkey.indexOf('+', first + 1)
  if (first < 0 || second < 0) throw malformed('A verifier key has the form NAME+ID+KEY.')
  const keyId = decodeHex(vkey.slice(first + 1, second), 'key id')
  const encoded = decodeBase64(vkey.slice(second + 1), 'public key')
  const type = encoded[0]
  if (type !== ED25519 && type !== COSIGNATURE_V1)
    throw malformed('The type of the verifier key is not supported.')
  const key = noteKey(vkey.slice(0, first), encoded.subarray(1), sha256, type)
  if (!equalBytes(key.keyId, keyId))
    throw malformed('The id of the verifier key is not that of its name and key.')
  return key
}

/** Throws `malformed_proof` when `text` can't be the text of a note. */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(
    ({ name, keyId, signature }) => `— ${name} ${encodeBase64(concatBytes([keyId, signature]))}\n`,
  )
  const note = `${text}\n${lines.join('')}`
  if (parseNote(note).text !== text) throw malformed('The text of a note ends in a line feed.')
  return note
}

/** Strict parser of C2SP signed-note; verifies nothing. Throws `malformed_proof`. */
export function parseNote(note: string): SignedNote {
  if (!note.isWellFormed() || hasControlCharacter(note)) {
    throw malformed('A signed note is UTF-8 without control characters.')
  }
  const lastEmptyLine = note.lastIndexOf('\n\n')
  if (lastEmptyLine < 0 || !note.endsWith('\n')) {
    throw malformed('A signed note is a text, an empty line and signature lines.')
  }
  const lines = note.slice(lastEmptyLine + 2, -1).split('\n', MAX_SIGNATURES + 1)
  if (lines.length > MAX_SIGNATURES) throw malformed(`The note has more than ${MAX_SIGNATURES} signatures.`)
  return { text: note.slice(0, lastEmptyLine + 1), signatures: lines.map(parseSignatureLine) }
}

function parseSignatureLine(line: string): NoteSignature {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ')
  if (dash !== '—' || rest.length > 0 || !isKeyName(name)) {
    throw malformed('A signature line of the note is not in the form of C2SP signed-note.')
  }
  const bytes = decodeBase64(encoded, 'signature')
  if (bytes.length <= KEY_ID_BYTES) throw malformed('A signature of the note is too short.')
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) }
}

/**
 * Parses the note and verifies every signature that a known key is said to have made. Lines of unknown keys are ignored.
 * Answers the text and the known keys that signed it, at least one. Throws `malformed_proof`; `tampered` when a known key's
 * signature is bad, or no known key signed.
 */
export async function openNote(
  note: string,
  keys: readonly NoteKey[],
  verifySignature: VerifySignature,
): Promise<{ readonly text: string; readonly signedBy: readonly NoteKey[] }> {
  const { text, signatures } = parseNote(note)
  const signedBy: NoteKey[] = []
  for (const signature of signatures) {
    for (const key of keys) {
      if (key.name !== signature.name || !equalBytes(key.keyId, signature.keyId)) continue
      if (!(await isSignatureOf(key, text, signature.signature, verifySignature))) {
        throw new TrailsealError('tampered', 'A signature of the note is not one that its key made.')
      }
      signedBy.push(key)
    }
  }
  if (signedBy.length === 0) throw new TrailsealError('tampered', 'No known key has signed the note.')
  return { text, signedBy }
}

async function isSignatureOf(
  key: NoteKey,
  text: string,
  signature: Uint8Array,
  verifySignature: VerifySignature,
): Promise<boolean> {
  if (key.type === ED25519) {
    return (
      signature.length === SIGNATURE_BYTES &&
      (await verifySignature(key.publicKey, encodeUtf8(text), signature))
    )
  }
  if (signature.length !== TIMESTAMP_BYTES + SIGNATURE_BYTES) return false
  const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0)
  const message = encodeUtf8(`cosignature/v1\ntime ${seconds}\n${text}`)
  return await verifySignature(key.publicKey, message, signature.subarray(TIMESTAMP_BYTES))
}

function isKeyName(name: string): boolean {
  // \s has all Unicode spaces but NEL
  return name !== '' && name.isWellFormed() && !/[\s\u0085+]/u.test(name) && !hasControlCharacter(name)
}

function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 && code !== 0x0a) return true
  }
  return false
}
