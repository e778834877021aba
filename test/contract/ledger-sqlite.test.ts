import { join } from 'node:path'
import { Sqlite } from '../../src/drivers/sqlite/sqlite.ts'
import { ledgerModule, SqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { ledgerContract } from './ledger.ts'

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
