import { TrailsealError } from '../errors.ts'
import { encodeUtf8 } from '../tlog/encoding.ts'
import type { TileReader } from '../tlog/proofs.ts'
import type { Sha256 } from '../tlog/sha256.ts'
import { formatNote, keyIdOf } from '../tlog/signed-note.ts'
import type { ExportFormat } from './formats/export-format.ts'
import { exportManifest, signedManifestText } from './manifest/manifest.ts'
import { exportProof } from './proof/export-proof.ts'
import type { ExportedFile } from './run.ts'
import type { WrittenFile } from './thread-messages.ts'

export interface AttestationDependencies {
  /** Tiles of a workspace's log. Throws `tampered` where one is missing. */
  readonly tiles: (workspace: string) => TileReader
  /** Signs the text of a note with the log's key, under the given key name (C2SP signed-note). */
  readonly signNote: (name: string, text: string) => Promise<string>
  /** The log's verifier key. */
  readonly vkey: (workspace: string) => string
  readonly sha256: Sha256
}

/** What vouches for an export: the proof that its entries are in the log, and the signed manifest over file and proof. */
export class Attestation {
  readonly #dependencies: AttestationDependencies

  constructor(dependencies: AttestationDependencies) {
    this.#dependencies = dependencies
  }

  /** In pieces. Only for rows in the order of the log. */
  proof({ seqs, context }: ExportedFile): AsyncIterable<Uint8Array> {
    const { tiles, sha256 } = this.#dependencies
    const { checkpoint, workspace } = context
    return exportProof({ checkpoint, seqs, readTile: tiles(workspace.id), sha256 })
  }

  /** The bytes of the manifest file. */
  async manifest(
    { context, seqs, size, sha256: fileHash }: ExportedFile,
    format: Pick<ExportFormat, 'name' | 'extension'>,
    proof: WrittenFile | null,
  ): Promise<string> {
    const { vkey, sha256, signNote } = this.#dependencies
    const file = { size, sha256: fileHash }
    const finished = { context, format, seqs, file, proof, vkey: vkey(context.workspace.id) }
    return await signedManifestText(exportManifest(finished), {
      sha256,
      signNote: (text) => signNote(`${context.origin}/export`, text),
    })
  }
}

interface TileStore {
  tile(workspace: string, level: number, index: number, width: number): Promise<Uint8Array | null>
}

export function tileReaders(store: TileStore): AttestationDependencies['tiles'] {
  return (workspace) => async (level, index, width) => {
    const tile = await store.tile(workspace, level, index, width)
    if (tile === null) throw new TrailsealError('tampered', 'A hash tile of the log is missing.')
    return tile
  }
}

interface NoteKeyHolder {
  readonly publicKey: Uint8Array
  signStatement(text: Uint8Array): Promise<Uint8Array>
}

export function noteSigner(signer: NoteKeyHolder, sha256: Sha256): AttestationDependencies['signNote'] {
  return async (name, text) => {
    const signature = await signer.signStatement(encodeUtf8(text))
    return formatNote(text, [{ name, keyId: keyIdOf(name, signer.publicKey, sha256), signature }])
  }
}
