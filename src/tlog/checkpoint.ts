import { TrailsealError } from '../errors.ts'
import { decodeBase64Hash, encodeBase64, malformed, parseDecimal } from './encoding.ts'
import type { VerifySignature } from './sha256.ts'
import { ED25519, openNote, parseNote } from './signed-note.ts'
import type { NoteKey } from './signed-note.ts'

/** What a log commits itself to: its first `size` entries have this Merkle root (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
  /** Opaque lines after the third; this product writes none. */
  readonly extensionLines: readonly string[]
}

/** The text that is signed: origin, decimal size and base64 root, a line each. Throws `malformed_proof` on an impossible one. */
export function formatCheckpointText({
  origin,
  size,
  root,
  extensionLines = [],
}: Pick<Checkpoint, 'origin' | 'size' | 'root'> & Partial<Checkpoint>): string {
  const text = `${[origin, String(size), encodeBase64(root), ...extensionLines].join('\n')}\n`
  const parsed = parseCheckpointText(text)
  if (parsed.origin !== origin || parsed.extensionLines.length !== extensionLines.length) {
    throw malformed('The parts of a checkpoint have no line feeds.')
  }
  return text
}

/** Throws `malformed_proof`. */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...others] = text.split('\n')
  const afterLastLineFeed = others.pop()
  if (afterLastLineFeed !== '')
    throw malformed('A checkpoint has at least three lines and ends in a line feed.')
  if (origin === '') throw malformed('The origin of the checkpoint is empty.')
  if (others.includes('')) throw malformed('An extension line of the checkpoint is empty.')
  return {
    origin,
    size: parseDecimal(size, 'size of the checkpoint'),
    root: decodeBase64Hash(root, 'root of the checkpoint'),
    extensionLines: others,
  }
}

/** The checkpoint of a note whose signatures nobody checks here: for display, and for what is checked otherwise. */
export function parseCheckpoint(note: string): Checkpoint {
  return parseCheckpointText(parseNote(note).text)
}

/**
 * The checkpoint of a note that the log's own key signed: a known Ed25519 key whose name is the origin. Cosignatures of
 * known witnesses are verified, and don't replace the log's. Without `origin` any log of the known keys will do. Throws `malformed_proof`, and `tampered`.
 */
export async function openCheckpoint(
  note: string,
  expected: {
    readonly origin?: string
    readonly keys: readonly NoteKey[]
    readonly verifySignature: VerifySignature
  },
): Promise<Checkpoint & { readonly signedBy: readonly NoteKey[] }> {
  const { text, signedBy } = await openNote(note, expected.keys, expected.verifySignature)
  const checkpoint = parseCheckpointText(text)
  if (expected.origin !== undefined && checkpoint.origin !== expected.origin) {
    throw new TrailsealError('tampered', 'The checkpoint is that of another log.')
  }
  if (!signedBy.some((key) => key.type === ED25519 && key.name === checkpoint.origin)) {
    throw new TrailsealError('tampered', 'No known key of the log has signed the checkpoint.')
  }
  return { ...checkpoint, signedBy }
}
