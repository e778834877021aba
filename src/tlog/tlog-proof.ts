import { decodeBase64, decodeBase64Hash, encodeBase64, malformed, parseDecimal } from './encoding.ts'
import { openCheckpoint, parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { leafHash } from './leaf.ts'
import { verifyInclusion } from './proofs.ts'
import type { Sha256, VerifySignature } from './sha256.ts'
import type { NoteKey } from './signed-note.ts'

/** Offline proof that one entry is in a log (C2SP tlog-proof). */
export interface TlogProof {
  /** Opaque, and not authenticated by anything. */
  readonly extra?: Uint8Array
  readonly index: number
  /** The leaf's sibling first, 32 bytes each. */
  readonly hashes: readonly Uint8Array[]
  /** Signed note, verbatim. */
  readonly checkpoint: string
}

const HEADER = 'c2sp.org/tlog-proof@v1'
/** A tree of 2^53 leaves has paths of 53 hashes, and consistency proofs of one more. */
const MAX_PROOF_HASHES = 63

export function formatTlogProof({ checkpoint, ...proof }: TlogProof): string {
  return `${formatTlogProofBody(proof)}\n${checkpoint}`
}

/** What stands before the checkpoint's empty line; ends in a line feed. */
export function formatTlogProofBody({ extra, index, hashes }: Omit<TlogProof, 'checkpoint'>): string {
  const lines = [HEADER]
  if (extra !== undefined) lines.push(`extra ${encodeBase64(extra)}`)
  lines.push(`index ${index}`, ...hashes.map(encodeBase64))
  return `${lines.join('\n')}\n`
}

/** Strict; checks the form of the checkpoint too, but verifies nothing. Throws `malformed_proof`. */
export function parseTlogProof(text: string): TlogProof {
  const { lines, checkpoint } = splitProofText(text)
  if (lines.shift() !== HEADER) throw malformed(`The proof does not begin with ${HEADER}.`)
  const extra = lines[0]?.startsWith('extra ') === true ? lines.shift()?.slice('extra '.length) : undefined
  const index = lines.shift() ?? ''
  if (!index.startsWith('index ')) throw malformed('The proof has no index line where it belongs.')
  return {
    ...(extra === undefined ? {} : { extra: decodeBase64(extra, 'extra data of the proof') }),
    index: parseDecimal(index.slice('index '.length), 'index of the proof'),
    hashes: parseProofHashes(lines),
    checkpoint,
  }
}

/**
 * Checks that `entry` is in the log that one of `keys` signs for. Answers where, and under which checkpoint. Throws
 * `malformed_proof` and `tampered`.
 */
export async function verifyTlogProof(
  proof: TlogProof,
  entry: Uint8Array,
  trust: {
    readonly keys: readonly NoteKey[]
    readonly origin?: string
    readonly sha256: Sha256
    readonly verifySignature: VerifySignature
  },
): Promise<{ readonly index: number; readonly checkpoint: Checkpoint }> {
  const { index, hashes } = proof
  const checkpoint = await openCheckpoint(proof.checkpoint, trust)
  const { size, root } = checkpoint
  verifyInclusion({ leafHash: leafHash(entry, trust.sha256), index, size, root, proof: hashes }, trust.sha256)
  return { index, checkpoint }
}

/** The lines before the first empty one, and the checkpoint after it, which must be in its form. */
export function splitProofText(text: string): { lines: string[]; checkpoint: string } {
  const emptyLine = text.indexOf('\n\n')
  if (emptyLine < 0) throw malformed('The proof has no empty line before its checkpoint.')
  const checkpoint = text.slice(emptyLine + 2)
  parseCheckpoint(checkpoint)
  return { lines: text.slice(0, emptyLine).split('\n'), checkpoint }
}

export function parseProofHashes(lines: readonly string[]): Uint8Array[] {
  if (lines.length > MAX_PROOF_HASHES) throw malformed('The proof has more hashes than any tree needs.')
  return lines.map((line) => decodeBase64Hash(line, 'hash of the proof'))
}
