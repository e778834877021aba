import { TrailsealError } from '../errors.ts'
import type { PageRequest, SortKey } from '../search/search-index.ts'
import { equalBytes } from '../tlog/encoding.ts'
import type { Sha256 } from '../tlog/sha256.ts'

const VERSION = 1
const DIGEST_BYTES = 16
const CURSOR_BYTES = 1 + 8 + 8 + DIGEST_BYTES

/** What a cursor belongs to: the workspace, the whole query with whatever access added to it, and the order. */
export type CursorContext = Pick<PageRequest, 'workspace' | 'query' | 'order' | 'direction'>

/**
 * Where a page ended: version, timestamp and seq of its last event (uint64-BE each), and a digest of what it is a page
 * of; base64url. It is a bookmark and no permission: every page is searched with the access of whoever asks.
 */
export function encodeCursor(last: SortKey, context: CursorContext, sha256: Sha256): string {
  const bytes = Buffer.alloc(CURSOR_BYTES)
  bytes.writeUInt8(VERSION, 0)
  bytes.writeBigUInt64BE(BigInt(last.timestamp), 1)
  bytes.writeBigUInt64BE(BigInt(last.seq), 9)
  bytes.set(contextDigest(context, sha256), 17)
  return bytes.toString('base64url')
}

/** The cursor is attacker-controlled; it is taken only in the one form that `encodeCursor` writes. Throws `bad_cursor`. */
export function decodeCursor(text: string, context: CursorContext, sha256: Sha256): SortKey {
  const bytes = Buffer.from(text, 'base64url')
  // Node's decoder skips junk and takes both alphabets
  if (
    bytes.length !== CURSOR_BYTES ||
    bytes.toString('base64url') !== text ||
    bytes.readUInt8(0) !== VERSION
  ) {
    throw new TrailsealError('bad_cursor', 'The cursor is not one that this server gave out.')
  }
  if (!equalBytes(bytes.subarray(17), contextDigest(context, sha256))) {
    throw new TrailsealError('bad_cursor', 'The cursor belongs to another search; begin again without it.')
  }
  const timestamp = Number(bytes.readBigUInt64BE(1))
  const seq = Number(bytes.readBigUInt64BE(9))
  if (!Number.isSafeInteger(timestamp) || !Number.isSafeInteger(seq)) {
    throw new TrailsealError('bad_cursor', 'The cursor is not one that this server gave out.')
  }
  return { timestamp, seq }
}

function contextDigest({ workspace, query, order, direction }: CursorContext, sha256: Sha256): Uint8Array {
  const text = JSON.stringify([workspace, order, direction, query])
  return sha256(new TextEncoder().encode(text)).subarray(0, DIGEST_BYTES)
}
