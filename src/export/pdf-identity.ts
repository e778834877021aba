import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { FormatSettings } from './export-formats.ts'

const FILE = 'pdf-signing.pem'

/**
 * What PDF documents are signed with where nothing is configured: a self-signed certificate with its key, made when the first
 * document needs it and kept in the data directory, mode 0600. A repeated export finds the same ones.
 */
export async function ownPdfIdentity(
  dataDir: string,
  name: string,
  clock: Clock,
): Promise<FormatSettings['pdf']> {
  const path = join(dataDir, FILE)
  const kept = await read(path)
  if (kept !== null) return kept
  const { makeSelfSigned } = await import('./formats/pdf/certificate.ts')
  const { certificate, key } = await makeSelfSigned(name, new Date(clock.now()))
  await mkdir(dataDir, { recursive: true })
  const unfinished = `${path}.${process.pid}`
  await writeFile(unfinished, `${certificate.trimEnd()}\n${key.trimEnd()}\n`, { mode: 0o600 })
  await rename(unfinished, path)
  // whoever renamed last in a race has made the one that counts
  return (await read(path)) ?? { certificate, key }
}

async function read(path: string): Promise<FormatSettings['pdf'] | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const start = text.indexOf('-----BEGIN PRIVATE KEY-----')
  return { certificate: text.slice(0, start), key: text.slice(start) }
}
