import { canonicalize } from '../../../src/event/canonical-json.ts'
import { TrailsealError } from '../../../src/errors.ts'
import { openCheckpoint, parseCheckpoint } from '../../../src/tlog/checkpoint.ts'
import { encodeBase64, encodeUtf8 } from '../../../src/tlog/encoding.ts'
import { leafHash } from '../../../src/tlog/leaf.ts'
import { verifyInclusion } from '../../../src/tlog/proofs.ts'
import { parseVkey } from '../../../src/tlog/signed-note.ts'
import { parseTlogProof, type TlogProof } from '../../../src/tlog/tlog-proof.ts'
import { request, workspacePath } from '../api/client.ts'
import type { ListedEvent } from '../api/types.ts'
import { sha256, signatureObstacle, verifySignature } from './browser-crypto.ts'
import { keyHistory } from './known-keys.ts'

export interface ProofStep {
  readonly title: string
  readonly result: 'green' | 'red' | 'unknown'
  readonly sentence: string
  readonly value?: string
}

/** The served proof of an event and the key of its log. Throws `Problem`. */
export async function fetchProof(
  workspace: string,
  event: string,
  signal: AbortSignal,
): Promise<{ readonly proof: string; readonly vkey: string }> {
  const text = async (...parts: string[]) =>
    await (await request(workspacePath(workspace, ...parts), { signal })).text()
  const [proof, vkey] = await Promise.all([text('events', event, 'proof'), text('log', 'vkey')])
  return { proof, vkey: vkey.trim() }
}

/**
 * Recomputes the proof of an event here, one step after the other; nothing that the server says of itself is believed but its
 * key. A step that fails does not stop the others: which are red says what was changed.
 */
export async function verifyEvent(
  event: ListedEvent,
  served: { readonly proof: string; readonly vkey: string },
): Promise<readonly ProofStep[]> {
  const { leaf_hash, ...entry } = withoutMark(event)
  let proof: TlogProof
  try {
    proof = parseTlogProof(served.proof)
  } catch (error) {
    return [failed('The proof can be read', error)]
  }
  const leaf = leafHash(encodeUtf8(canonicalize(entry)), sha256)
  return [
    checkLeaf(leaf, leaf_hash),
    checkPlace(event, proof),
    checkPath(leaf, proof),
    await checkSignature(event.log, proof, served.vkey),
    checkKey(event.log, served.vkey),
  ]
}

/** `tampered` is the server's word, and no part of the entry. */
function withoutMark(event: ListedEvent): ListedEvent {
  const copy = { ...event }
  delete copy.tampered
  return copy
}

function checkLeaf(leaf: Uint8Array, committed: string): ProofStep {
  const title = 'The event is the one that was committed'
  const value = encodeBase64(leaf)
  return value === committed
    ? {
        title,
        value,
        result: 'green',
        sentence: 'The SHA-256 of the event shown here is the leaf hash in the log.',
      }
    : {
        title,
        value,
        result: 'red',
        sentence: `The event shown here was changed after it was sealed: its hash is not the leaf hash ${committed}.`,
      }
}

function checkPlace({ seq }: ListedEvent, { index }: TlogProof): ProofStep {
  const title = 'The proof is for this place in the log'
  return index === seq
    ? { title, result: 'green', sentence: `Entry ${seq}, as the event says.` }
    : { title, result: 'red', sentence: `The event says that it is entry ${seq}, the proof is for ${index}.` }
}

function checkPath(leaf: Uint8Array, { index, hashes, checkpoint }: TlogProof): ProofStep {
  const title = 'The log contains it'
  try {
    const { size, root } = parseCheckpoint(checkpoint)
    verifyInclusion({ leafHash: leaf, index, size, root, proof: hashes }, sha256)
    const sentence = `${hashes.length} hashes lead from this event to the root of the checkpoint over ${size.toLocaleString()} entries.`
    return { title, result: 'green', sentence, value: encodeBase64(root) }
  } catch (error) {
    return failed(title, error)
  }
}

async function checkSignature(origin: string, { checkpoint }: TlogProof, vkey: string): Promise<ProofStep> {
  const title = 'The checkpoint is signed by the log'
  const obstacle = await signatureObstacle()
  if (obstacle !== null) return { title, result: 'unknown', sentence: obstacle }
  try {
    const key = parseVkey(vkey, sha256)
    // An entry that is unreadable names no log; the name of the key is that of its log.
    await openCheckpoint(checkpoint, { origin: origin || key.name, keys: [key], verifySignature })
    return {
      title,
      result: 'green',
      sentence: 'The Ed25519 signature is that of the key of this log.',
      value: vkey,
    }
  } catch (error) {
    return failed(title, error)
  }
}

function checkKey(origin: string, vkey: string): ProofStep {
  const title = 'The key has not changed'
  switch (keyHistory(origin, vkey)) {
    case 'same':
      return { title, result: 'green', sentence: 'It is the key that this browser saw first for this log.' }
    case 'first':
      return {
        title,
        result: 'green',
        sentence:
          'This browser sees this log for the first time, and remembers the key. Compare it with the one that you were given.',
      }
    case 'changed':
      return {
        title,
        result: 'red',
        sentence:
          'The key is another than the one this browser saw before. Ask the operator whether it was rotated.',
      }
  }
}

function failed(title: string, error: unknown): ProofStep {
  const sentence =
    error instanceof TrailsealError
      ? error.message
      : 'The check itself failed; what was served makes no sense.'
  return { title, result: 'red', sentence }
}

/** Facts of a served proof, for display; null where it can't be read. */
export function readProof(text: string): { readonly index: number; readonly checkpoint: string } | null {
  try {
    return parseTlogProof(text)
  } catch {
    return null
  }
}
