import { canonicalize } from '../event/canonical-json.ts'
import { TrailsealError } from '../errors.ts'
import { encodeBase64, encodeUtf8, malformed } from '../tlog/encoding.ts'
import type { Sha256, VerifySignature } from '../tlog/sha256.ts'
import { noteKey, openNote } from '../tlog/signed-note.ts'
import type { NoteKey } from '../tlog/signed-note.ts'

export type ProofMode = 'inclusion' | 'range'

/** A file of an export as it was when the manifest was signed. */
export interface ExportFile {
  readonly name: string
  readonly role: 'export' | 'proof'
  /** Bytes. */
  readonly size: number
  /** Lower-case hexadecimal. */
  readonly sha256: string
}

/** What is signed about an export (docs/format.md, Export manifest). Later versions may add fields. */
export interface ExportManifest {
  readonly v: 1
  readonly export_id: string
  readonly workspace: { readonly id: string; readonly name: string }
  /** Of the log. */
  readonly origin: string
  readonly requester: string
  /** In words. */
  readonly filters: string
  /** What the requester may see at all, in words; null: the whole workspace. */
  readonly scope: string | null
  readonly generated_at: string
  readonly format: string
  readonly rows: number
  /** The smallest and the largest of its rows; null where there is none. */
  readonly seq: { readonly first: number; readonly last: number } | null
  /** Signed note. */
  readonly checkpoint: string
  /** Null: the rows are not the entries themselves, and the file alone is vouched for. */
  readonly proof: { readonly mode: ProofMode; readonly file: string } | null
  readonly files: readonly ExportFile[]
  /** The log's verifier key, for who has none to compare it with. */
  readonly vkey: string
}

export interface SignedManifest {
  readonly manifest: ExportManifest
  /** Signed note over `manifestNoteText`. */
  readonly signature: string
}

const HEADER = 'trailseal.dev/export@v1'

/** The text that is signed: three lines, the last one base64 of SHA-256 of the manifest's canonical form (RFC 8785). */
export function manifestNoteText(manifest: ExportManifest, sha256: Sha256): string {
  const digest = sha256(encodeUtf8(canonicalize(manifest)))
  return `${HEADER}\n${manifest.origin}\n${encodeBase64(digest)}\n`
}

/** The log's key under the name that it signs exports with. */
function exportKey(logKey: NoteKey, sha256: Sha256): NoteKey {
  return noteKey(`${logKey.name}/export`, logKey.publicKey, sha256)
}

/** Checks the signature. Throws `tampered` and `malformed_proof`. */
export async function openManifest(
  { manifest, signature }: SignedManifest,
  { logKey, sha256, verifySignature }: { logKey: NoteKey; sha256: Sha256; verifySignature: VerifySignature },
): Promise<void> {
  const { text } = await openNote(signature, [exportKey(logKey, sha256)], verifySignature)
  if (text !== manifestNoteText(manifest, sha256)) {
    throw new TrailsealError(
      'tampered',
      'The manifest is not the one that was signed: something in it was changed.',
    )
  }
}

/** Whether a text looks like a manifest, complete or not. */
export function isManifestText(text: string): boolean {
  return /^\s*\{\s*"manifest"\s*:/.test(text)
}

/** Reads a manifest from outside; verifies nothing. Throws `malformed_proof`. */
export function parseSignedManifest(text: string): SignedManifest {
  let value: unknown
  try {
    value = JSON.parse(text)
    // a lone half of a surrogate pair has no canonical form
    canonicalize(value)
  } catch (cause) {
    throw malformed('The manifest is not complete JSON.', cause)
  }
  if (!isObject(value) || !isObject(value['manifest']) || typeof value['signature'] !== 'string') {
    throw malformed('The file is not a signed manifest.')
  }
  const manifest = value['manifest']
  requireFields(manifest)
  return { manifest, signature: value['signature'] }
}

const TEXTS = [
  'export_id',
  'origin',
  'requester',
  'filters',
  'generated_at',
  'format',
  'checkpoint',
  'vkey',
] as const

function requireFields(
  value: Record<string, unknown>,
): asserts value is Record<string, unknown> & ExportManifest {
  const wrong = (field: string): never => {
    throw malformed(`The manifest has no valid "${field}".`)
  }
  const { v, workspace, scope, rows, seq, proof, files } = value
  if (v !== 1) throw malformed('The manifest has an unknown version.')
  for (const field of TEXTS) if (typeof value[field] !== 'string') wrong(field)
  if (!isObject(workspace) || typeof workspace['id'] !== 'string' || typeof workspace['name'] !== 'string')
    wrong('workspace')
  if (scope !== null && typeof scope !== 'string') wrong('scope')
  if (!isCount(rows)) wrong('rows')
  if (seq !== null && !(isObject(seq) && isCount(seq['first']) && isCount(seq['last']))) wrong('seq')
  const hasProof = isObject(proof) && typeof proof['file'] === 'string'
  const isMode = hasProof && (proof['mode'] === 'range' || proof['mode'] === 'inclusion')
  if (proof !== null && !isMode) wrong('proof')
  if (!Array.isArray(files) || !files.every(isFile)) wrong('files')
}

function isFile(value: unknown): boolean {
  if (!isObject(value)) return false
  const { name, role, size, sha256 } = value
  const isRole = role === 'export' || role === 'proof'
  return (
    typeof name === 'string' &&
    isRole &&
    isCount(size) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  )
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
