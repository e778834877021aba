import { expect, test } from '@jest/globals'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { Sqlite } from '../../src/drivers/sqlite/sqlite.ts'
import { ledgerModule, SqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { ledgerContract, Log } from './ledger.ts'

ledgerContract('SQLite', async () => {
  const directory = temporaryDirectory()
  const sqlite = await Sqlite.open({ file: join(directory.path, 'trailseal.db'), modules: [ledgerModule] })
  return {
    ledger: new SqliteLedger<null>(sqlite, () => []),
    [Symbol.asyncDispose]: async () => {
      await sqlite[Symbol.asyncDispose]()
      directory[Symbol.dispose]()
    },
  }
})

test('committed entries of SQLite are hashed: of a bundle that was changed only its good entries are read', async () => {
  using directory = temporaryDirectory()
  const file = join(directory.path, 'trailseal.db')
  await using sqlite = await Sqlite.open({ file, modules: [ledgerModule] })
  const ledger = new SqliteLedger<null>(sqlite, () => [])
  const log = new Log('acme')
  await ledger.append([log.next(200)])
  {
    using database = new DatabaseSync(file)
    const row = database.prepare('SELECT key, bundle FROM ledger_entries ORDER BY key LIMIT 1').get()
    const bundle = zstdDecompressSync(row?.['bundle'] as Uint8Array)
    // the last letter of entry 1
    const second = 2 + bundle.readUInt16BE(0)
    bundle[second + 2 + bundle.readUInt16BE(second) - 1]! ^= 1
    database
      .prepare('UPDATE ledger_entries SET bundle = ? WHERE key = ?')
      .run(zstdCompressSync(bundle), Number(row?.['key']))
  }
  const read = async (...seqs: number[]): Promise<number> =>
    (await ledger.committed('acme', Float64Array.from(seqs), 200)).seqs.length
  const tampered = {
    code: 'tampered',
    message: 'Entry 1 of the log is not what the log committed to.',
  }
  expect(await read(0, 2, 3, 199)).toBe(4)
  await expect(read(0, 1, 2)).rejects.toMatchObject(tampered)
  await expect(read(1, 199)).rejects.toMatchObject(tampered)
})
