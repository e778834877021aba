import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** Somebody with access to the store rewrites one letter of a stored event. `from` and `to` have the same length. */
export function changeStoredText(dataDir: string, eventId: string, from: string, to: string): void {
  const store = new DatabaseSync(join(dataDir, 'trailseal.sqlite'))
  const bundles = store.prepare('SELECT key, bundle FROM ledger_entries').all() as {
    key: number
    bundle: Uint8Array
  }[]
  for (const { key, bundle } of bundles) {
    const bytes = zstdDecompressSync(bundle)
    const at = bytes.indexOf(`"id":"${eventId}"`)
    const place = at < 0 ? -1 : bytes.indexOf(from, at)
    if (place < 0) continue
    bytes.write(to, place)
    store.prepare('UPDATE ledger_entries SET bundle = ? WHERE key = ?').run(zstdCompressSync(bytes), key)
    store.close()
    return
  }
  store.close()
  throw new Error(`The store has no event ${eventId} with ${from}.`)
}
