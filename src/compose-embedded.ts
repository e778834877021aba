import type { Store } from './compose-store.ts'
import { systemClock } from './clock.ts'
import { Sqlite } from './drivers/sqlite/sqlite.ts'
import { jobsModule, SqliteJobs } from './jobs/sqlite/sqlite-jobs.ts'
import type { LogCommit } from './ledger/ledger.ts'
import { ledgerModule, SqliteLedger } from './ledger/sqlite/sqlite-ledger.ts'
import { Projector } from './projection/projector.ts'
import { searchDocument } from './projection/search-document.ts'
import { unplacedRow, type DocumentRow, type UnplacedRow } from './search/sqlite/columns.ts'
import { searchModule, SqliteSearchIndex } from './search/sqlite/sqlite-search-index.ts'
import { SqliteWorkspaceStore, workspaceModule } from './workspaces/sqlite/sqlite-workspace-store.ts'

/** A command does one thing at a time, often beside a gateway. */
const COMMAND_CACHE_KIBIBYTES = 16 * 1024
const NOTHING_BEHIND = { lag: 0, failing: 0, fault: null }

/**
 * Everything in one SQLite file. The rows of the search index are made on admission and applied in the commit's own transaction, so
 * the projection is only replayed at a start, after a crash between versions or a wiped index.
 * Errors: `store_unavailable`.
 */
export async function openEmbeddedStore(
  file: string,
  { forCommand }: { readonly forCommand: boolean },
): Promise<Store<UnplacedRow>> {
  const storeFile = { file, modules: [ledgerModule, searchModule, workspaceModule, jobsModule] }
  const sqlite = await Sqlite.open({
    ...storeFile,
    ...(forCommand && { writerCacheKibibytes: COMMAND_CACHE_KIBIBYTES }),
  })
  const search = new SqliteSearchIndex(sqlite)
  const ledger = new SqliteLedger<UnplacedRow>(sqlite, (commit) => search.applyCalls(rowsOf(commit)))
  const projector = new Projector({ ledger, search })
  return {
    ...{ ledger, search, projector, place: file, shared: false },
    workspaces: new SqliteWorkspaceStore(sqlite),
    jobs: new SqliteJobs(sqlite, systemClock),
    derive: (workspace, event) => unplacedRow(searchDocument(workspace, 0, '', event)),
    projection: {
      start: () => projector.catchUpAll(),
      committed: () => undefined,
      state: () => NOTHING_BEHIND,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    retention: () => Promise.resolve(null),
    ready: () => sqlite.probe(),
    frozen: async () => {
      const frozen = await Sqlite.openFrozen(storeFile)
      return {
        parts: { ledger: new SqliteLedger(frozen, () => []), index: new SqliteSearchIndex(frozen) },
        [Symbol.asyncDispose]: () => frozen[Symbol.asyncDispose](),
      }
    },
    [Symbol.asyncDispose]: () => sqlite[Symbol.asyncDispose](),
  }
}

function rowsOf({ entries }: LogCommit<UnplacedRow>): DocumentRow[] {
  return entries.map(({ derived, seq, id }) => ({ ...derived, seq, id }))
}
