import { readFileSync } from 'node:fs'
import { TrailsealError } from '../../errors.ts'
import { canonicalize } from '../../event/canonical-json.ts'
import { encodeUtf8 } from '../../tlog/encoding.ts'
import type { Sha256, VerifySignature } from '../../tlog/sha256.ts'
import { parseVkey } from '../../tlog/signed-note.ts'
import { parseTlogProof, verifyTlogProof } from '../../tlog/tlog-proof.ts'
import type { Verdict } from './verdict.ts'

interface Crypto {
  readonly sha256: Sha256
  readonly verifySignature: VerifySignature
}

/** Checks a C2SP tlog-proof offline: that the event in `file` is in the log that the key signs for. */
export async function verifyProofFile(
  path: string,
  { file, vkey }: { readonly file: string | undefined; readonly vkey: string | null },
  crypto: Crypto,
): Promise<Verdict> {
  if (file === undefined)
    throw new TrailsealError('bad_request', 'The proof of an event needs the event: --file EVENT.json')
  if (vkey === null)
    throw new TrailsealError('bad_request', "Without --key, the log's verifier key, a proof proves nothing.")
  const proof = parseTlogProof(readText(path))
  const entry = entryBytes(readText(file))
  const keys = [parseVkey(vkey, crypto.sha256)]
  try {
    const { index, checkpoint } = await verifyTlogProof(proof, entry, { keys, ...crypto })
    return {
      ok: true,
      checked: [
        `the event is entry ${index} of the log ${checkpoint.origin}, under a checkpoint for ${checkpoint.size} entries signed by the given key`,
      ],
      unknown: ['whether the log goes on from this checkpoint today: verify --url tells'],
      findings: [],
      report: { ok: true, origin: checkpoint.origin, seq: index, size: checkpoint.size },
    }
  } catch (error) {
    if (!(error instanceof TrailsealError) || error.code !== 'tampered') throw error
    return {
      ok: false,
      checked: [],
      unknown: [],
      findings: [error.message],
      report: { ok: false, findings: [error.message] },
    }
  }
}

/** The hashed bytes, from an entry as it was exported or an event as the API served it. */
function entryBytes(text: string): Uint8Array {
  const line = text.replace(/\r?\n$/, '')
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return encodeUtf8(line)
  }
  if (typeof event !== 'object' || event === null || !('leaf_hash' in event)) return encodeUtf8(line)
  const entry: Record<string, unknown> = { ...event }
  delete entry['leaf_hash']
  delete entry['tampered']
  return encodeUtf8(canonicalize(entry))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TrailsealError('bad_input_file', `${path} can't be read.`, { cause })
  }
}
