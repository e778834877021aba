import { openCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { encodeBase64, malformed, parseDecimal } from './encoding.ts'
import { verifyConsistency } from './proofs.ts'
import type { Sha256, VerifySignature } from './sha256.ts'
import type { NoteKey } from './signed-note.ts'
import { parseProofHashes, splitProofText } from './tlog-proof.ts'

/** Proof that a newer checkpoint extends the tree of `oldSize`: the body of an add-checkpoint request (C2SP tlog-witness). */
export interface CheckpointExtension {
  readonly oldSize: number
  /** Consistency proof, 32 bytes each. */
  readonly hashes: readonly Uint8Array[]
  /** The newer checkpoint, signed note, verbatim. */
  readonly checkpoint: string
}

export function formatCheckpointExtension({ oldSize, hashes, checkpoint }: CheckpointExtension): string {
  return `${[`old ${oldSize}`, ...hashes.map(encodeBase64)].join('\n')}\n\n${checkpoint}`
}

/** Strict; verifies nothing. Throws `malformed_proof`. */
export function parseCheckpointExtension(body: string): CheckpointExtension {
  const { lines, checkpoint } = splitProofText(body)
  const old = lines.shift() ?? ''
  if (!old.startsWith('old ')) throw malformed('The extension does not begin with the older size.')
  const oldSize = parseDecimal(old.slice('old '.length), 'older size')
  return { oldSize, hashes: parseProofHashes(lines), checkpoint }
}

/**
 * Checks that the newer checkpoint is signed and contains the older tree, whose size and root the caller knows. Answers the newer one.
 * Throws `malformed_proof` and `tampered`.
 */
export async function verifyCheckpointExtension(
  extension: CheckpointExtension,
  older: Pick<Checkpoint, 'origin' | 'size' | 'root'>,
  trust: {
    readonly keys: readonly NoteKey[]
    readonly sha256: Sha256
    readonly verifySignature: VerifySignature
  },
): Promise<Checkpoint> {
  if (extension.oldSize !== older.size) throw malformed('The extension is one of another older checkpoint.')
  const newer = await openCheckpoint(extension.checkpoint, { ...trust, origin: older.origin })
  verifyConsistency(
    {
      oldSize: older.size,
      oldRoot: older.root,
      newSize: newer.size,
      newRoot: newer.root,
      proof: extension.hashes,
    },
    trust.sha256,
  )
  return newer
}
