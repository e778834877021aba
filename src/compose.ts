import { createPublicKey, hash, randomBytes, verify } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from './clock.ts'
import type { Config } from './config/config.ts'
import { Sqlite } from './drivers/sqlite/sqlite.ts'
import { TrailsealError } from './errors.ts'
import type { AuditEvent } from './event/audit-event.ts'
import { createServer } from './http/server.ts'
import type { ReadinessCheck } from './http/dependencies.ts'
import type { ImportSink } from './ingest/import-events.ts'
import { Ingest } from './ingest/ingest.ts'
import { prepareEvents } from './ingest/prepare/prepare-event.ts'
import { StoreVerification } from './integrity/store-verification.ts'
import type { Ledger, LogCommit } from './ledger/ledger.ts'
import { ledgerModule, SqliteLedger } from './ledger/sqlite/sqlite-ledger.ts'
import { Projector } from './projection/projector.ts'
import { searchDocument } from './projection/search-document.ts'
import { createQueryFacade } from './query/create-query-facade.ts'
import { proveEntries } from './query/single-event.ts'
import type { QueryFacade } from './query/query-facade.ts'
import { parseQuery } from './search/query-parser.ts'
import type { SearchDocument } from './search/search-index.ts'
import { searchModule, SqliteSearchIndex } from './search/sqlite/sqlite-search-index.ts'
import { LogChanges } from './sequencer/log-changes.ts'
import { Sequencer } from './sequencer/sequencer.ts'
import { FileSigner } from './signing/file/file-signer.ts'
import { createLogger } from './telemetry/logger.ts'
import { Telemetry } from './telemetry/telemetry.ts'
import type { Sha256, VerifySignature } from './tlog/sha256.ts'
import { formatVkey, noteKey } from './tlog/signed-note.ts'
import { Administration } from './workspaces/administration.ts'
import { readPlans } from './workspaces/plans.ts'
import { SqliteWorkspaceStore, workspaceModule } from './workspaces/sqlite/sqlite-workspace-store.ts'
import { OPERATOR, Workspaces } from './workspaces/workspaces.ts'

const SIGN_IN_SECONDS = 3600
/** Name of the workspace that a first start makes, so that the first event has a place to go. */
const FIRST_WORKSPACE = 'default'

export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

/** DER of a SubjectPublicKeyInfo up to the raw Ed25519 key (RFC 8410 §4). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

export const verifySignature: VerifySignature = (publicKey, message, signature) => {
  const key = createPublicKey({ key: Buffer.concat([ED25519_SPKI, publicKey]), format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}

/** Everything that one process runs, wired. */
export interface Trailseal extends AsyncDisposable {
  readonly ledger: Ledger
  readonly ingest: Ingest
  readonly query: QueryFacade
  readonly workspaces: Workspaces
  readonly administration: Administration
  readonly projector: Projector
  readonly verification: StoreVerification
  /** For `trailseal import` without a gateway. */
  importSink(workspace: string): ImportSink
  /** Starts the gateway; settles when it listens. */
  serve(): Promise<Served>
}

export interface Served {
  readonly url: string
  readonly signInUrl: string
  /** Only on the first start, and only when it was made here. */
  readonly adminToken: string | null
  readonly storePath: string
  /** Stops accepting, lets requests end. Closing the store commits what was accepted. */
  close(): Promise<void>
}

/**
 * Opens the configured store and wires every stage to it: the only place that picks adapters.
 * Errors: `bad_configuration`, `store_unavailable`.
 */
export async function openTrailseal(config: Config): Promise<Trailseal> {
  makeDataDir(config.dataDir)
  const plans = await readPlans(config.plansFile)
  const telemetry: Telemetry = new Telemetry({
    logger: createLogger({ level: config.logLevel }),
    queueBytes: () => sequencer.waitingBytes,
  })
  const signer = FileSigner.open({ dataDir: config.dataDir, pem: signingKey(config) })
  const sqlite = await Sqlite.open({
    file: config.store.file,
    modules: [ledgerModule, searchModule, workspaceModule],
  })
  const search = new SqliteSearchIndex(sqlite)
  const ledger = new SqliteLedger<SearchDocument>(sqlite, (commit) => search.applyCalls(documentsOf(commit)))
  const store = new SqliteWorkspaceStore(sqlite)
  const changes = new LogChanges(ledger)
  const origin = (workspace: string) => `${config.origin}/${workspace}`
  const vkey = (workspace: string) => formatVkey(noteKey(origin(workspace), signer.publicKey, sha256))
  const sequencer = new Sequencer<SearchDocument>({
    ...{ ledger, signer, clock: systemClock, sha256, origin },
    derive: (workspace, event) => {
      telemetry.valuesRedacted(event.redacted ?? 0)
      return searchDocument(workspace, 0, '', event)
    },
    onCommitted: ({ workspace, size, events, milliseconds }) => {
      changes.committed(workspace, size)
      telemetry.eventsCommitted(workspace, events, milliseconds)
      telemetry.logHeadSigned()
    },
  })
  const record = async (workspace: string, event: Partial<AuditEvent>): Promise<void> => {
    const [prepared] = prepareEvents([event], systemClock.now())
    if (prepared) await sequencer.append(workspace, [{ event: prepared, timestampGiven: true }])
  }
  const workspaces = new Workspaces({ store, plans, clock: systemClock, parseQuery, record })
  const ingest = new Ingest({
    sequencer,
    clock: systemClock,
    plans: async (workspace) => ({ apiEvents: (await workspaces.lookup(workspace)).plan.api_events }),
  })
  const query = createQueryFacade({
    ...{ ledger, search, workspaces: store, plans, parseQuery, clock: systemClock, sha256 },
    ...{ origin, vkey, changes, record },
    stillValid: async ({ tokenId }) => await isValid(workspaces, tokenId),
    pause,
  })
  const administration = new Administration(workspaces, async (id) => (await ledger.head(id))?.size ?? 0)
  const verification = new StoreVerification({
    ...{
      ledger,
      index: search,
      workspaces: store,
      clock: systemClock,
      sha256,
      verifySignature,
      origin,
      vkey,
    },
    lastPublished: (name) => signer.lastPublished(name),
  })
  const projector = new Projector({ ledger, search })
  return {
    ...{ ledger, ingest, query, workspaces, administration, projector, verification },
    importSink: (workspace) => importSink(ingest, workspace),
    serve: async () => {
      await workspaces.checkPlans()
      await projector.catchUpAll()
      const server = createServer({
        ...{ workspaces, query, ingest, telemetry, clock: systemClock, publicUrl: config.http.publicUrl },
        proofs: (workspace, seqs) => proveEntries({ ledger, sha256 }, workspace, seqs),
        readiness: () => readiness(sqlite),
        sessionKey: sessionKey(config.dataDir),
        version: packageVersion(),
        viewerDirectory: new URL('../dist/web/', import.meta.url),
      })
      const { port } = await server.listen(config.http.port, config.http.host)
      return { ...(await greeting(config, port, workspaces, administration)), close: () => server.close() }
    },
    [Symbol.asyncDispose]: async () => {
      // In this order: whatever was taken is committed before the store closes.
      await sequencer.close()
      signer[Symbol.dispose]()
      await sqlite[Symbol.asyncDispose]()
    },
  }
}

function documentsOf({ entries }: LogCommit<SearchDocument>): SearchDocument[] {
  return entries.map(({ derived, seq, id }) => ({ ...derived, seq, exact: { ...derived.exact, id: [id] } }))
}

function importSink(ingest: Ingest, workspace: string): ImportSink {
  return async (submitted) => {
    const { events } = await ingest.append(workspace, submitted)
    const known = events.filter((event) => 'known' in event && event.known).length
    const skipped = events.filter((event) => 'skipped' in event).length
    return { known, skipped, added: events.length - known - skipped }
  }
}

async function greeting(
  config: Config,
  port: number,
  workspaces: Workspaces,
  administration: Administration,
): Promise<Omit<Served, 'close'>> {
  const adminToken = await workspaces.ensureAdminToken(config.adminToken?.reveal() ?? null)
  if (adminToken !== null && (await workspaces.list(OPERATOR)).length === 0)
    await administration.ensureWorkspace(FIRST_WORKSPACE)
  // A link of its own for each start: the admin token can't be shown again, and should not be in an address.
  const { token } = await administration.createToken({ role: 'admin', ttl_seconds: SIGN_IN_SECONDS })
  const url = new URL(config.http.publicUrl)
  if (config.http.port === 0) url.port = String(port)
  const base = url.href.replace(/\/$/, '')
  return { url: base, signInUrl: `${base}/signin?token=${token}`, adminToken, storePath: config.store.file }
}

async function isValid(workspaces: Workspaces, tokenId: string): Promise<boolean> {
  try {
    await workspaces.principal(tokenId)
    return true
  } catch (error) {
    if (error instanceof TrailsealError && error.code === 'unauthenticated') return false
    throw error
  }
}

async function readiness(sqlite: Sqlite): Promise<readonly ReadinessCheck[]> {
  try {
    // An empty write transaction: finds a read-only, full or locked store.
    await sqlite.write([])
    return [{ name: 'store', ok: true }]
  } catch (error) {
    return [{ name: 'store', ok: false, message: error instanceof Error ? error.message : String(error) }]
  }
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds)
    function done(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** TRAILSEAL_SIGNING_KEY is the PEM text itself or the path of a file that has it. */
function signingKey(config: Config): string | null {
  const given = config.signing.key?.reveal()
  if (given === undefined) return null
  if (given.includes('-----BEGIN')) return given
  try {
    return readFileSync(given, 'utf8')
  } catch {
    // Not the path in the message: a key given in another form would show there.
    throw new TrailsealError(
      'bad_configuration',
      'TRAILSEAL_SIGNING_KEY is neither a PEM text nor the path of a readable file.',
    )
  }
}

function makeDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw new TrailsealError('bad_configuration', `The data directory ${path} can't be made.`, { cause })
  }
}

function sessionKey(dataDir: string): Uint8Array {
  const path = join(dataDir, 'session-key')
  if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600, flag: 'wx' })
  return readFileSync(path)
}

function packageVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
