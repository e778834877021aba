import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sqlite } from '../../src/drivers/sqlite/sqlite.ts'
import { SqliteWorkspaceStore, workspaceModule } from '../../src/workspaces/sqlite/sqlite-workspace-store.ts'
import { workspaceStoreContract } from './workspace-store.ts'

workspaceStoreContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trailseal-workspaces-'))
  const opened: Sqlite[] = []
  const open = async (): Promise<SqliteWorkspaceStore> => {
    const sqlite = await Sqlite.open({ file: join(folder, 'trailseal.sqlite'), modules: [workspaceModule] })
    opened.push(sqlite)
    return new SqliteWorkspaceStore(sqlite)
  }
  return {
    store: await open(),
    reopen: open,
    close: async () => {
      for (const sqlite of opened) await sqlite[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
})
