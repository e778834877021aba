import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { TrailsealError } from '../../src/errors.ts'
import type { ExportReport } from '../../src/verify/export-report.ts'
import { verifyExport } from '../../src/verify/verify-export.ts'
import { sha256, signatureObstacle, verifySignature } from '../src/proof/browser-crypto.ts'
import type { Found } from './chosen-files.ts'

/** Between two looks of the browser at its own events. */
const SLICE_MS = 30

/** `cant`: nothing can be said about the files, because something else is in the way. */
export type Outcome =
  | { readonly kind: 'report'; readonly report: ExportReport }
  | { readonly kind: 'wrong'; readonly message: string }
  | { readonly kind: 'cant'; readonly message: string }

/**
 * Verifies what was found. Files are read piece by piece, whatever their size. `progress`: the file that is read, and how much of it, 0 to 1.
 */
export async function check(
  { manifest, fileOf }: Found,
  vkey: string | null,
  progress: (name: string, part: number) => void,
): Promise<Outcome> {
  const obstacle = await signatureObstacle()
  if (obstacle !== null) return { kind: 'cant', message: obstacle }
  try {
    const report = await verifyExport({
      ...{ manifest, vkey, sha256, verifySignature },
      open: ({ name }) => chunks(fileOf.get(name), (part) => progress(name, part)),
      newHasher: () => nobleSha256.create(),
    })
    return { kind: 'report', report }
  } catch (error) {
    return outcomeOf(error)
  }
}

/** What a damaged manifest, a bad key or an unreadable file end in. */
export function outcomeOf(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error)
  const isVerdict = error instanceof TrailsealError && error.code === 'tampered'
  return { kind: isVerdict ? 'wrong' : 'cant', message }
}

async function* chunks(file: File | undefined, progress: (part: number) => void): AsyncGenerator<Uint8Array> {
  if (file === undefined) throw new Error('A file of the export is missing.')
  const reader = file.stream().getReader()
  let read = 0
  let turn = performance.now()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    read += value.length
    yield value
    if (performance.now() - turn < SLICE_MS) continue
    progress(read / file.size)
    // the page is drawn, and buttons answer
    await new Promise((resolve) => setTimeout(resolve, 0))
    turn = performance.now()
  }
}
