import { canonicalize } from '../../event/canonical-json.ts'
import { manifestNoteText } from '../../verify/export-manifest.ts'
import type { ExportFile, ExportManifest, SignedManifest } from '../../verify/export-manifest.ts'
import { parseCheckpoint } from '../../tlog/checkpoint.ts'
import type { Sha256 } from '../../tlog/sha256.ts'
import type { ExportContext, ExportFormat } from '../formats/export-format.ts'
import { proofModeOf } from '../proof/proof-mode.ts'

/** Names of the files of an export; the manifest finds the others beside itself by them. */
export interface ExportFileNames {
  readonly export: string
  readonly proof: string
  readonly manifest: string
}

/** Names that every file system takes: workspace ids are letters, digits, `-` and `_`. */
export function exportFileNames(
  { workspace, exportId }: Pick<ExportContext, 'workspace' | 'exportId'>,
  { extension }: Pick<ExportFormat, 'extension'>,
): ExportFileNames {
  const stem = `${workspace.id}-${exportId.replace(/[^A-Za-z0-9_-]/g, '_')}`
  return { export: `${stem}.${extension}`, proof: `${stem}.proof.json`, manifest: `${stem}.manifest.json` }
}

/** What is known when all files are written. */
export interface FinishedExport {
  readonly context: ExportContext
  readonly format: Pick<ExportFormat, 'name' | 'extension'>
  /** Of the rows, in any order; in that of the log where there is a proof. */
  readonly seqs: Float64Array
  readonly file: Pick<ExportFile, 'size' | 'sha256'>
  /** Null: the rows are not the entries themselves, and the file alone is vouched for. */
  readonly proof: Pick<ExportFile, 'size' | 'sha256'> | null
  /** The log's verifier key. */
  readonly vkey: string
}

export function exportManifest({ context, format, seqs, file, proof, vkey }: FinishedExport): ExportManifest {
  const names = exportFileNames(context, format)
  const { size } = parseCheckpoint(context.checkpoint)
  return {
    v: 1,
    export_id: context.exportId,
    workspace: context.workspace,
    origin: context.origin,
    requester: context.requester,
    filters: context.filters,
    scope: context.scope,
    generated_at: context.generatedAt,
    format: format.name,
    rows: seqs.length,
    seq: seqs.length === 0 ? null : { first: smallest(seqs), last: largest(seqs) },
    checkpoint: context.checkpoint,
    proof: proof === null ? null : { mode: proofModeOf(seqs, size), file: names.proof },
    files: [
      { name: names.export, role: 'export', size: file.size, sha256: file.sha256 },
      ...(proof === null
        ? []
        : [{ name: names.proof, role: 'proof' as const, size: proof.size, sha256: proof.sha256 }]),
    ],
    vkey,
  }
}

function smallest(seqs: Float64Array): number {
  return seqs.reduce((least, seq) => Math.min(least, seq))
}

function largest(seqs: Float64Array): number {
  return seqs.reduce((most, seq) => Math.max(most, seq))
}

/**
 * The bytes of the manifest file: canonical JSON (RFC 8785). `signNote` signs the text under the log's origin followed by `/export`
 * with the log's Ed25519 key, and answers the signed note.
 */
export async function signedManifestText(
  manifest: ExportManifest,
  {
    sha256,
    signNote,
  }: { readonly sha256: Sha256; readonly signNote: (text: string) => string | Promise<string> },
): Promise<string> {
  const signed: SignedManifest = { manifest, signature: await signNote(manifestNoteText(manifest, sha256)) }
  return `${canonicalize(signed)}\n`
}
