import { decodeHex } from './encoding.ts'
import { HASH_BYTES } from './sha256.ts'
import type { Sha256 } from './sha256.ts'

/** Root of the tree without leaves: SHA-256 of nothing (RFC 6962 §2.1). Not to be written to. */
export const EMPTY_ROOT: Uint8Array = decodeHex(
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
)

/** Longest entry of a log, bytes: what the uint16 of an entry bundle can say (C2SP tlog-tiles). */
export const MAX_ENTRY_BYTES = 65_535

// Both functions run once or more for each event, and a Sha256 keeps nothing: one scratch buffer each serves all calls.
const leafInput = new Uint8Array(1 + MAX_ENTRY_BYTES)
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES)
nodeInput[0] = 1

/** SHA-256(0x00 ‖ entry), RFC 6962 §2.1. */
export function leafHash(entry: Uint8Array, sha256: Sha256): Uint8Array {
  const input = entry.length <= MAX_ENTRY_BYTES ? leafInput : new Uint8Array(1 + entry.length)
  input.set(entry, 1)
  return sha256(input.subarray(0, 1 + entry.length))
}

/** SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1; both 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + HASH_BYTES)
  return sha256(nodeInput)
}
