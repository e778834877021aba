/** Body of a SQLite thread: opens the database and answers one request after the other. */
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { toFailure, type WorkerOptions, type WorkerRequest, type WorkerResponse } from './messages.ts'
import { HandedOver, SqliteConnection, type SqliteCall, type SqliteModule } from './procedures.ts'

const options = workerData as WorkerOptions
const port = parentPort
if (!port) throw new Error('this module runs in a worker thread')

const modules = await Promise.all(options.modules.map((url) => import(url) as Promise<SqliteModule>))
let connection: SqliteConnection | null = null

port.on('message', (request: WorkerRequest) => {
  const response = answer(request)
  const results = 'results' in response ? response.results : []
  const buffers = results.flatMap((result) => (result instanceof HandedOver ? result.buffers : []))
  if (buffers.length === 0) port.postMessage(response)
  else port.postMessage({ ...response, results: results.map(bare) }, buffers)
  if ('close' in request) port.close()
})

function bare(result: unknown): unknown {
  return result instanceof HandedOver ? result.value : result
}

function answer(request: WorkerRequest): WorkerResponse {
  try {
    if ('close' in request) {
      connection?.database.close()
      return { id: request.id, results: [] }
    }
    connection ??= open()
    return { id: request.id, results: run(connection, request.calls) }
  } catch (error) {
    return { id: request.id, failure: toFailure(error) }
  }
}

function run(open: SqliteConnection, calls: readonly SqliteCall[]): unknown[] {
  if (options.role !== 'writer') return calls.map((call) => open.call(call))
  open.database.exec('BEGIN IMMEDIATE')
  try {
    const results = calls.map((call) => open.call(call))
    // Dying before this line loses the transaction, after it keeps all of it: nobody has been answered yet.
    open.database.exec('COMMIT')
    return results
  } catch (error) {
    if (open.database.isTransaction) open.database.exec('ROLLBACK')
    throw error
  }
}

function open(): SqliteConnection {
  const database = new DatabaseSync(options.file, { readOnly: options.role !== 'writer', timeout: 10_000 })
  database.exec(`PRAGMA cache_size = -${options.cacheKibibytes}; PRAGMA temp_store = MEMORY`)
  if (options.role === 'writer') {
    // FULL: a commit is on stable storage when it returns, also after a power cut.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000')
    for (const module of modules) database.exec(module.schema)
  }
  // The first read of a transaction settles which commits it sees.
  if (options.role === 'frozen') database.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
  return new SqliteConnection(database, modules)
}
