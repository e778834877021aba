import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { SequencedEntry } from '../ledger.ts'

/** Entries that are compressed together: more give a better ratio, fewer make reading one cheaper. */
export const ENTRIES_PER_BUNDLE = 256
/** Length field and longest entry (docs/format.md). */
const MAX_FRAME_BYTES = 65_537

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Base64 of zstd of entry bundles, in order; compressed beside the event loop. */
export async function packEntries(entries: readonly SequencedEntry[]): Promise<string[]> {
  const bundles: Promise<string>[] = []
  for (let at = 0; at < entries.length; at += ENTRIES_PER_BUNDLE)
    bundles.push(packBundle(entries.slice(at, at + ENTRIES_PER_BUNDLE)))
  return await Promise.all(bundles)
}

/** Entry bundle of C2SP tlog-tiles: big-endian uint16 length before each entry. */
async function packBundle(entries: readonly SequencedEntry[]): Promise<string> {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, { entry }) => sum + 2 + entry.length, 0))
  let at = 0
  for (const { entry } of entries) {
    at = bytes.writeUInt16BE(entry.length, at)
    bytes.set(entry, at)
    at += entry.length
  }
  return (await compress(bytes)).toString('base64')
}

/**
 * The entries of one bundle. Lenient on purpose: damaged bytes give damaged entries, not a failed read, so that verification can
 * go on and name the entry. A bundle that does not even decompress has no entries.
 */
export async function unpackBundle(bundle: string): Promise<readonly Uint8Array[]> {
  let bytes: Buffer
  try {
    bytes = await decompress(Buffer.from(bundle, 'base64'), {
      maxOutputLength: ENTRIES_PER_BUNDLE * MAX_FRAME_BYTES,
    })
  } catch {
    return []
  }
  const entries: Uint8Array[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const length = bytes.readUInt16BE(at)
    entries.push(
      new Uint8Array(bytes.buffer, bytes.byteOffset + at + 2, Math.min(length, bytes.length - at - 2)),
    )
    at += 2 + length
  }
  return entries
}
