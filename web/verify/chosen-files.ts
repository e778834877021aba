import { isManifestText, parseSignedManifest } from '../../src/verify/export-manifest.ts'
import type { ExportFile } from '../../src/verify/export-manifest.ts'

export type FileKind = 'manifest' | 'proof' | 'export'

/** A file that was dropped or chosen, and what its beginning says it is: names are what people change. */
export interface ChosenFile {
  readonly file: File
  readonly kind: FileKind
}

/** A manifest has a few thousand bytes; what is larger than this is none. */
const MAX_MANIFEST_BYTES = 1024 * 1024
const START_BYTES = 256

export async function recognise(file: File): Promise<ChosenFile> {
  const start = await file.slice(0, START_BYTES).text()
  if (isManifestText(start)) return { file, kind: 'manifest' }
  return { file, kind: start.startsWith('{"checkpoint":') ? 'proof' : 'export' }
}

/** A file of the same name or a second manifest takes the place of the one before it. */
export function withFiles(chosen: readonly ChosenFile[], added: readonly ChosenFile[]): ChosenFile[] {
  const manifest = added.some(({ kind }) => kind === 'manifest')
  const kept = chosen.filter(
    ({ file, kind }) =>
      !(manifest && kind === 'manifest') && !added.some((other) => other.file.name === file.name),
  )
  return [...kept, ...added]
}

export interface Found {
  readonly manifest: string
  readonly fileOf: ReadonlyMap<string, File>
  /** What the manifest names and is not here. */
  readonly missing: readonly ExportFile[]
}

/**
 * The files that the manifest names, by their names, or, where only one of a kind is left, by that. Null without a manifest. Throws
 * `malformed_proof` for one that is damaged.
 */
export async function findFiles(chosen: readonly ChosenFile[]): Promise<Found | null> {
  const known = chosen.findLast(({ kind }) => kind === 'manifest')
  if (known === undefined) return null
  const manifest = await known.file.slice(0, MAX_MANIFEST_BYTES).text()
  const { files } = parseSignedManifest(manifest).manifest
  const fileOf = new Map<string, File>()
  for (const { name, role } of files) {
    const ofKind = chosen.filter(({ kind }) => kind === role)
    const named = chosen.find(({ file }) => file.name === name)
    const only = ofKind.length === 1 ? ofKind[0] : undefined
    const found = named ?? only
    if (found !== undefined) fileOf.set(name, found.file)
  }
  return { manifest, fileOf, missing: files.filter(({ name }) => !fileOf.has(name)) }
}
