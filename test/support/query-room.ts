import { documentOf } from '../../src/projection/projector.ts'
import { parseEntry } from '../../src/event/entry.ts'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import type { AuditEvent } from '../../src/event/audit-event.ts'
import { searchDocument } from '../../src/projection/search-document.ts'
import { createQueryFacade } from '../../src/query/create-query-facade.ts'
import type { QueryDependencies, ReadingEvent } from '../../src/query/dependencies.ts'
import { createEventScan } from '../../src/query/event-scan.ts'
import { parseQuery } from '../../src/search/query-parser.ts'
import type { SearchDocument, SearchIndex } from '../../src/search/search-index.ts'
import { Sequencer } from '../../src/sequencer/sequencer.ts'
import { formatVkey, noteKey } from '../../src/tlog/signed-note.ts'
import { parsePlans } from '../../src/workspaces/plans.ts'
import type { Principal, Workspace } from '../../src/workspaces/workspace-store.ts'
import type { Ledger, LogCommit } from '../../src/ledger/ledger.ts'
import { MemoryLedger } from './memory-ledger.ts'
import { InMemorySearchIndex } from '../contract/in-memory-search-index.ts'
import { prepared } from './prepared-events.ts'
import { sha256 } from './sha256.ts'

export const NOON = Date.parse('2026-11-23T12:00:00.000Z')
export const DAY = 86_400_000

const plans = parsePlans(
  JSON.stringify({
    plans: [
      { name: 'starter', readable: false, online_days: 90, archive: 'none', api_events: false },
      { name: 'portfolio', readable: true, online_days: 90, archive: 'request', api_events: false },
      { name: 'command', readable: true, online_days: 365, archive: 'extended', api_events: true },
    ],
  }),
  'plans of the test',
)

/** An event by Ada unless said otherwise. */
export function auditEvent(given: Partial<AuditEvent> = {}): AuditEvent {
  return {
    timestamp: '2026-11-23T11:00:00.000Z',
    actor: { type: 'user', id: 'u_ada', email: 'ada@example.com' },
    action: 'evidence.uploaded',
    verb: 'CREATE',
    category: 'evidence',
    outcome: 'success',
    resource: { type: 'FILE', id: 'f_1', name: 'risk.pdf' },
    ...given,
  }
}

export function principal(role: Principal['role'], given: Partial<Principal> = {}): Principal {
  return { tokenId: `tok_${role}`, role, workspace: 'acme', member: null, scope: null, ...given }
}

export const OWNER = principal('owner')
export const ADMIN = principal('admin', { workspace: null })

interface Stores {
  readonly ledger: Ledger<SearchDocument>
  readonly search: SearchIndex
}

export function documentsOf({ workspace, entries }: LogCommit<SearchDocument>): SearchDocument[] {
  return entries.map(({ entry }) => documentOf(workspace, parseEntry(entry)))
}

/**
 * The query facade over given stores and a real sequencer, with a clock, plans and workspaces that a test sets. Workspaces
 * `acme` and `rival` exist.
 */
export class QueryRoom {
  now = NOON
  tokenIsValid = true
  recordFails = false
  onIdle: () => void = () => undefined
  readonly records: ReadingEvent[] = []
  readonly workspaces = new Map<string, Workspace>()
  readonly publicKey: Uint8Array
  readonly facade
  readonly scan
  readonly #sequencer: Sequencer<SearchDocument>
  #changed: (() => void)[] = []

  constructor(stores: Stores) {
    const { ledger, search } = stores
    const { privateKey } = generateKeyPairSync('ed25519')
    this.publicKey = new Uint8Array(
      createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32),
    )
    const clock = { now: () => this.now }
    const origin = (workspace: string): string => `log.example/${workspace}`
    this.#sequencer = new Sequencer<SearchDocument>({
      ledger,
      clock,
      sha256,
      origin,
      derive: (workspace, event) => searchDocument(workspace, 0, '', event),
      signer: {
        publicKey: this.publicKey,
        signCheckpoint: ({ text }) => Promise.resolve(sign(null, text, privateKey)),
        acknowledge: () => Promise.resolve(),
        published: () => Promise.resolve(),
      },
    })
    this.putWorkspace('acme', {})
    this.putWorkspace('rival', {})
    const dependencies: QueryDependencies = {
      ledger,
      search,
      workspaces: {
        workspace: (id) => Promise.resolve(this.workspaces.get(id) ?? null),
        verificationRun: () => Promise.resolve(null),
      },
      plans,
      parseQuery,
      clock,
      sha256,
      origin,
      vkey: (workspace) => formatVkey(noteKey(origin(workspace), this.publicKey, sha256)),
      changes: { wait: (_, __, signal) => this.#wait(signal) },
      record: (_, event) => this.#record(event),
      stillValid: () => Promise.resolve(this.tokenIsValid),
      // waiting for the index takes no time here, and lets it catch up
      pause: (milliseconds) => {
        this.now += milliseconds
        this.onIdle()
        return Promise.resolve()
      },
    }
    this.facade = createQueryFacade(dependencies)
    this.scan = createEventScan(dependencies)
  }

  putWorkspace(id: string, given: Partial<Workspace>): void {
    const former = this.workspaces.get(id)
    const fresh = {
      id,
      name: id,
      plan: 'portfolio',
      dashboard: 'members',
      createdAt: '2026-01-01T00:00:00.000Z',
    } as const
    this.workspaces.set(id, { ...(former ?? fresh), ...given })
  }

  async append(workspace: string, ...events: readonly AuditEvent[]): Promise<void> {
    await this.#sequencer.append(
      workspace,
      events.map((event) => prepared(event)),
    )
    for (const changed of this.#changed.splice(0)) changed()
  }

  async #wait(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#changed.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
      this.onIdle()
    })
  }

  #record(event: ReadingEvent): Promise<void> {
    if (this.recordFails) return Promise.reject(new Error('the log is full'))
    this.records.push(event)
    return Promise.resolve()
  }
}

/** In memory, where a test can change an entry behind the ledger's back, or hold the index back. */
export class MemoryRoom extends QueryRoom {
  /** False: commits are not indexed until `index()`. */
  indexing = true
  readonly ledger: MemoryLedger<SearchDocument>
  readonly #search: InMemorySearchIndex
  #unindexed: SearchDocument[] = []

  constructor() {
    const search = new InMemorySearchIndex()
    const ledger = new MemoryLedger<SearchDocument>(async (commit) => {
      this.#unindexed.push(...documentsOf(commit))
      if (this.indexing) await this.index()
    })
    super({ ledger, search })
    this.ledger = ledger
    this.#search = search
  }

  async index(): Promise<void> {
    await this.#search.apply(this.#unindexed.splice(0))
  }
}
