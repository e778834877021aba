import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { constants, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const NODE = join(ROOT, 'node_modules/.bin/node')
const MAKER = join(ROOT, 'test/e2e/support/make-large-store.ts')
const NAME = 'trailseal-large-store-'
/** What decides on the bytes of a store; a change of it makes the store anew. */
const SOURCES = [
  ...['src/event', 'src/ingest/prepare', 'src/tlog', 'src/sequencer', 'src/ledger/sqlite', 'src/projection'],
  ...['src/search/sqlite', 'src/search/tokenizer.ts', 'src/workspaces/sqlite', 'src/signing/file'],
  ...['test/e2e/support/large-history.ts', 'test/e2e/support/make-large-store.ts'],
]

/**
 * A copy of the large history's store as a data directory of the caller's own. The store is made on first use, which takes
 * about two minutes for a million events, and kept in the system's directory for temporary files.
 */
export async function copyLargeStore(target: string, count: number): Promise<void> {
  const version = sourcesDigest()
  const store = join(tmpdir(), `${NAME}${version}-${count}`)
  removeOthers(version)
  // The lock is the kernel's: it ends with the process, however that ends. Whoever comes second finds the store made.
  const made = spawn('flock', [`${store}.lock`, NODE, MAKER, store, String(count)], { stdio: 'inherit' })
  const [code] = (await once(made, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`The large store could not be made: ${code}.`)
  await cp(store, target, { recursive: true, mode: constants.COPYFILE_FICLONE })
}

/** Stores of other versions of the product, each as large as this one. */
function removeOthers(version: string): void {
  for (const name of readdirSync(tmpdir()))
    if (name.startsWith(NAME) && !name.includes(version))
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
}

function sourcesDigest(): string {
  const hash = createHash('sha256')
  for (const source of SOURCES)
    for (const file of filesOf(join(ROOT, source))) hash.update(file).update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}

function filesOf(path: string): string[] {
  if (path.endsWith('.ts')) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(path, name))
}
