import { createPublicKey, hash, randomBytes, verify } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Blobs } from './blobs/blobs.ts'
import { FileSystemBlobs } from './blobs/file-system/file-system-blobs.ts'
import { systemClock } from './clock.ts'
import { openEmbeddedStore } from './compose-embedded.ts'
import { openJobs, type OpenJobs } from './compose-jobs.ts'
import type { Store } from './compose-store.ts'
import type { Config } from './config/config.ts'
import { TrailsealError } from './errors.ts'
import type { AuditEvent } from './event/audit-event.ts'
import { Attestation, noteSigner, tileReaders } from './export/attestation.ts'
import type { FormatSettings } from './export/export-formats.ts'
import { exportServices, type ExportServices } from './export/export-services.ts'
import type { ReadinessCheck } from './http/dependencies.ts'
import type { ImportSink } from './ingest/import-events.ts'
import { Ingest } from './ingest/ingest.ts'
import { prepareEvents } from './ingest/prepare/prepare-event.ts'
import { VerificationRuns } from './integrity/verification-runs.ts'
import { StoreVerification } from './integrity/store-verification.ts'
import type { Ledger } from './ledger/ledger.ts'
import { FileMailer } from './mail/file/file-mailer.ts'
import type { Mailer } from './mail/mailer.ts'
import { SmtpMailer } from './mail/smtp/smtp-mailer.ts'
import type { Projector } from './projection/projector.ts'
import { createQueryFacade } from './query/create-query-facade.ts'
import type { QueryDependencies } from './query/dependencies.ts'
import { createEventScan } from './query/event-scan.ts'
import { proveEntries } from './query/single-event.ts'
import type { QueryFacade } from './query/query-facade.ts'
import { parseQuery } from './search/query-parser.ts'
import { LogChanges } from './sequencer/log-changes.ts'
import { Sequencer } from './sequencer/sequencer.ts'
import { FileSigner } from './signing/file/file-signer.ts'
import { createLogger } from './telemetry/logger.ts'
import { Telemetry } from './telemetry/telemetry.ts'
import type { Sha256, VerifySignature } from './tlog/sha256.ts'
import { formatVkey, noteKey } from './tlog/signed-note.ts'
import { Administration } from './workspaces/administration.ts'
import { isPastGrace, readPlans } from './workspaces/plans.ts'
import type { Principal } from './workspaces/workspace-store.ts'
import { OPERATOR, Workspaces } from './workspaces/workspaces.ts'

const SIGN_IN_SECONDS = 3600
const READY_WITHIN_MS = 5_000
/** From a stop on: by then no connection is left that an answer could go to, and the process must have ended after 10 s. */
const STORE_ANSWERS_WITHIN_MS = 8_500
/** Name of the workspace that a first start makes, so that the first event has a place to go. */
const FIRST_WORKSPACE = 'default'

// By way of a text, which costs nothing beside a buffer with memory of its own: this one comes from Node's pool, in half the time.
export const sha256: Sha256 = (bytes) => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')

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
  readonly verification: Pick<StoreVerification, 'verify'>
  readonly exporting: ExportServices
  /** For `trailseal import` without a gateway. */
  readonly importSink: (workspace: string) => ImportSink
  /** Starts the gateway and the background roles that are configured; settles when it listens. */
  serve(): Promise<Served>
  /** Starts the background roles alone; which those are. Errors: `bad_configuration` when none is configured. */
  work(): Promise<{ readonly roles: readonly string[]; readonly storePath: string }>
}

interface Served {
  readonly url: string
  readonly signInUrl: string
  /** Only on the first start, and only when it was made here. */
  readonly adminToken: string | null
  readonly storePath: string
  /** Stops accepting, lets requests end. Closing the store commits what was accepted. */
  close(): Promise<void>
}

/**
 * Opens the configured store and wires every stage to it: the only place that picks adapters. What only some need (a client for a
 * cluster, the gateway's routes) is loaded when it is: that halves the time and memory with which a command starts.
 * `forCommand`: it ends when one thing is done, and takes less memory. Errors: `bad_configuration`, `store_unavailable`.
 */
export async function openTrailseal(
  config: Config,
  { forCommand = false }: { readonly forCommand?: boolean } = {},
): Promise<Trailseal> {
  makeDataDir(config.dataDir)
  const { elasticsearch } = config
  if (elasticsearch === null)
    return await compose(config, () => openEmbeddedStore(config.store.file, { forCommand }))
  const { openElasticsearchStore } = await import('./compose-elasticsearch.ts')
  return await compose(config, (telemetry) =>
    openElasticsearchStore(elasticsearch, { clock: systemClock, sha256, observe: telemetry }),
  )
}

async function compose<Derived>(
  config: Config,
  openStore: (telemetry: Telemetry) => Promise<Store<Derived>>,
): Promise<Trailseal> {
  const plans = await readPlans(config.plansFile)
  const telemetry: Telemetry = new Telemetry({
    logger: createLogger({ level: config.logLevel }),
    queueBytes: () => sequencer.waitingBytes,
    projection: () => projection.state(),
  })
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await openStore(telemetry))
  const { ledger, search, projection, projector } = store
  const signer = opening.use(
    FileSigner.open({ dataDir: config.dataDir, pem: signingKey(config), shared: store.shared }),
  )
  const queue = opening.use(await openJobs(config, store.jobs, telemetry.logger))
  const changes = new LogChanges(ledger)
  const origin = (workspace: string) => `${config.origin}/${workspace}`
  const vkey = (workspace: string) => formatVkey(noteKey(origin(workspace), signer.publicKey, sha256))
  const sequencer = new Sequencer<Derived>({
    ...{ ledger, signer, clock: systemClock, sha256, origin },
    derive: (workspace, event) => {
      telemetry.valuesRedacted(event.redacted ?? 0)
      return store.derive(workspace, event)
    },
    onCommitted: ({ workspace, size, events, milliseconds, entries }) => {
      changes.committed(workspace, size)
      if (config.roles.includes('projector')) projection.committed(workspace, size, entries)
      telemetry.eventsCommitted(workspace, events, milliseconds)
      telemetry.logHeadSigned()
    },
  })
  const record = async (workspace: string, event: Partial<AuditEvent>): Promise<void> => {
    const [prepared] = prepareEvents([event], systemClock.now())
    if (prepared)
      await sequencer.append(workspace, [{ event: prepared, timestampGiven: event.timestamp !== undefined }])
  }
  const workspaces = new Workspaces({
    ...{ store: store.workspaces, plans, clock: systemClock, parseQuery, record },
  })
  const ingest = new Ingest({
    sequencer,
    clock: systemClock,
    plans: async (workspace) => ({ apiEvents: (await workspaces.lookup(workspace)).plan.api_events }),
  })
  const stillValid = async ({ tokenId }: Principal) => await isValid(workspaces, tokenId)
  const reading: QueryDependencies = {
    ...{ ledger, search, workspaces: store.workspaces, plans, parseQuery, clock: systemClock, sha256 },
    ...{ origin, vkey, changes, record, stillValid, pause },
  }
  const query = createQueryFacade(reading)
  const exporting = exportServices({
    ...{ workspaces: store.workspaces, record, stillValid, clock: systemClock, origin, observe: telemetry },
    settings: () => formatSettings(config),
    plans: workspaces,
    jobs: queue.jobs,
    blobs: await openBlobs(config.blobs),
    mailer: mailer(config),
    scan: createEventScan(reading),
    attestation: new Attestation({
      ...{ vkey, sha256 },
      tiles: tileReaders(ledger),
      signNote: noteSigner(signer, sha256),
    }),
    publicUrl: config.http.publicUrl,
    dataDir: config.dataDir,
  })
  const administration = new Administration(workspaces, async (id) => (await ledger.head(id))?.size ?? 0)
  const verification: Pick<StoreVerification, 'verify'> = {
    verify: async (onProgress) => {
      // Before the store is frozen: what is on record now was committed before, so the frozen store must have it.
      const published = signer.publishedOrigins()
      const lastPublished = recordOf(signer, published)
      await using frozen = await store.frozen()
      return await new StoreVerification({
        ...frozen.parts,
        ...{ workspaces: store.workspaces, clock: systemClock, sha256, verifySignature, origin, vkey },
        ...{ lastPublished, publishedOrigins: () => published },
        isExpired: (name, receivedAt) => {
          const plan = plans.get(name)
          return plan !== undefined && isPastGrace(plan, receivedAt, systemClock.now())
        },
      }).verify(onProgress)
    },
  }
  const workers = new AsyncDisposableStack()
  const startRoles = async (): Promise<void> => {
    await workspaces.checkPlans()
    if (config.roles.includes('projector')) await projection.start()
    if (config.roles.includes('exports')) {
      for (const warning of await queue.warnings()) telemetry.logger.warn(warning)
      workers.use(exporting.startWorkers())
    }
    if (config.roles.includes('retention')) {
      const onFailure = (error: unknown): void => telemetry.retentionFailed(error)
      workers.use(await store.retention({ plans, onFailure }))?.start()
    }
  }
  let patience: NodeJS.Timeout | null = null
  const stopping = (): void => {
    patience ??= setTimeout(() => {
      if (!store.abandon) return
      telemetry.storeAbandoned(store.place)
      store.abandon()
    }, STORE_ANSWERS_WITHIN_MS).unref()
  }
  const open = opening.move()
  return {
    ...{ ledger, ingest, query, workspaces, administration, projector, verification, exporting },
    importSink: (workspace) => importSink(ingest, workspace),
    serve: async () => {
      if (!config.roles.includes('gateway'))
        throw new TrailsealError(
          'bad_configuration',
          'TRAILSEAL_ROLES leaves out gateway, which serve is: run `trailseal worker` for the other roles.',
        )
      await startRoles()
      const { createServer } = await import('./http/server.ts')
      const server = createServer({
        ...{ workspaces, query, ingest, telemetry, clock: systemClock, publicUrl: config.http.publicUrl },
        exports: exporting.exports,
        archive: exporting.archive,
        verifications: new VerificationRuns(verification),
        embedOrigins: config.http.embedOrigins,
        proofs: (workspace, seqs) => proveEntries({ ledger, sha256 }, workspace, seqs),
        readiness: () => readiness(store, queue, config),
        // Gateways that share the logs share the key, and so their sessions.
        sessionKey: store.shared ? signer.secretFor('session key') : sessionKey(config.dataDir),
        version: packageVersion(),
        viewerDirectory: new URL('../dist/web/', import.meta.url),
      })
      const { port } = await server.listen(config.http.port, config.http.host)
      const greeted = await greeting(config, port, workspaces, administration)
      const close = async (): Promise<void> => {
        stopping()
        await server.close()
      }
      return { ...greeted, storePath: store.place, close }
    },
    work: async () => {
      const roles = config.roles.filter((role) => role !== 'gateway')
      if (roles.length === 0)
        throw new TrailsealError('bad_configuration', 'TRAILSEAL_ROLES has no role for a worker.')
      await startRoles()
      return { roles, storePath: store.place }
    },
    [Symbol.asyncDispose]: async () => {
      stopping()
      // In this order: workers record what they did, and whatever was taken is committed before the store closes.
      await workers.disposeAsync()
      await sequencer.close()
      await projection[Symbol.asyncDispose]()
      await open.disposeAsync()
      if (patience) clearTimeout(patience)
    },
  }
}

/** What is on record as published of each log at this moment; a damaged record throws when it is asked for. */
function recordOf(signer: FileSigner, origins: readonly string[]): FileSigner['lastPublished'] {
  const record = new Map(
    origins.map((origin) => {
      try {
        const published = signer.lastPublished(origin)
        return [origin, () => published] as const
      } catch (error) {
        return [
          origin,
          () => {
            throw error
          },
        ] as const
      }
    }),
  )
  return (origin) => record.get(origin)?.() ?? null
}

/** The client for S3 is loaded by installations that use it: it is as large as all else together. */
async function openBlobs(blobs: Config['blobs']): Promise<Blobs> {
  if (blobs.kind === 'file') return new FileSystemBlobs(blobs.folder)
  const { S3Blobs } = await import('./blobs/s3/s3-blobs.ts')
  return new S3Blobs(blobs)
}

async function formatSettings({ pdf, dataDir, origin }: Config): Promise<FormatSettings> {
  if (pdf === null) {
    const { ownPdfIdentity } = await import('./export/pdf-identity.ts')
    return { pdf: await ownPdfIdentity(dataDir, `Trailseal ${origin}`, systemClock) }
  }
  const certificate = pemText('TRAILSEAL_PDF_CERT', pdf.certificate)
  return { pdf: { certificate, key: pemText('TRAILSEAL_PDF_KEY', pdf.key.reveal()) } }
}

/** Without a mail server mails are files, so that nobody has to configure one to see them. */
function mailer({ mail, http }: Config): Mailer {
  const common = { from: mail.from, domain: http.publicUrl.hostname }
  if (mail.smtpUrl === null) return new FileMailer({ ...common, folder: mail.folder, clock: systemClock })
  return new SmtpMailer({ ...common, url: mail.smtpUrl.reveal() })
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
): Promise<Omit<Served, 'close' | 'storePath'>> {
  const adminToken = await workspaces.ensureAdminToken(config.adminToken?.reveal() ?? null)
  if (adminToken !== null && (await workspaces.list(OPERATOR)).length === 0)
    await administration.ensureWorkspace(FIRST_WORKSPACE)
  // A link of its own for each start: the admin token can't be shown again, and should not be in an address.
  const { token } = await administration.createToken({ role: 'admin', ttl_seconds: SIGN_IN_SECONDS })
  const url = new URL(config.http.publicUrl)
  if (config.http.port === 0) url.port = String(port)
  const base = url.href.replace(/\/$/, '')
  return { url: base, signInUrl: `${base}/signin?token=${token}`, adminToken }
}

async function isValid(workspaces: Workspaces, tokenId: string): Promise<boolean> {
  // whoever works on the store directly has no token
  if (tokenId === OPERATOR.tokenId) return true
  try {
    await workspaces.principal(tokenId)
    return true
  } catch (error) {
    if (error instanceof TrailsealError && error.code === 'unauthenticated') return false
    throw error
  }
}

/** Without queue and projection events are taken and kept all the same: they show, and turn no traffic away. */
async function readiness(
  store: Pick<Store<unknown>, 'ready' | 'projection' | 'shared'>,
  queue: Pick<OpenJobs, 'ready'>,
  { roles }: Config,
): Promise<readonly ReadinessCheck[]> {
  const checks = await Promise.all([
    check('store', store.ready()),
    ...(queue.ready === null ? [] : [check('queue', queue.ready(), false)]),
  ])
  if (!store.shared || !roles.includes('projector')) return checks
  const { fault, failing, lag } = store.projection.state()
  const message = failing > 0 ? `${failing} logs can't be indexed, ${lag} events wait.` : null
  return [
    ...checks,
    {
      ...{ name: 'projection', ok: fault === null, essential: false },
      ...(fault === null && message === null ? {} : { message: fault ?? message ?? '' }),
    },
  ]
}

async function check(name: string, works: Promise<unknown>, essential = true): Promise<ReadinessCheck> {
  const late = new AbortController()
  try {
    await Promise.race([
      works,
      pause(READY_WITHIN_MS, late.signal).then(() => {
        throw new Error(`No answer within ${READY_WITHIN_MS / 1000} seconds.`)
      }),
    ])
    return { name, ok: true, essential }
  } catch (error) {
    return { name, ok: false, essential, message: error instanceof Error ? error.message : String(error) }
  } finally {
    late.abort()
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

function signingKey(config: Config): string | null {
  const given = config.signing.key?.reveal()
  return given === undefined ? null : pemText('TRAILSEAL_SIGNING_KEY', given)
}

/** What is set is the PEM text itself or the path of a file that has it. */
function pemText(name: string, given: string): string {
  if (given.includes('-----BEGIN')) return given
  try {
    return readFileSync(given, 'utf8')
  } catch {
    // Not the path in the message: a key given in another form would show there.
    throw new TrailsealError(
      'bad_configuration',
      `${name} is neither a PEM text nor the path of a readable file.`,
    )
  }
}

function makeDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new TrailsealError('bad_configuration', `The data directory ${path} can't be made.`, { cause })
  }
}

function sessionKey(dataDir: string): Uint8Array {
  const path = join(dataDir, 'session-key')
  try {
    writeFileSync(path, randomBytes(32), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    // It is there from an earlier start, or from a process that starts at this moment.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(path)
}

function packageVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
