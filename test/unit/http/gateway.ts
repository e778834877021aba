import { VerificationRuns } from '../../../src/integrity/verification-runs.ts'
import { expect } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../../src/clock.ts'
import { Sqlite } from '../../../src/drivers/sqlite/sqlite.ts'
import { TrailsealError } from '../../../src/errors.ts'
import { createServer } from '../../../src/http/server.ts'
import type { HttpDependencies, ReadinessCheck } from '../../../src/http/dependencies.ts'
import type { IngestResult } from '../../../src/ingest/ingest.ts'
import type { Filters, ListedEvent, ListRequest, QueryFacade } from '../../../src/query/query-facade.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { Telemetry } from '../../../src/telemetry/telemetry.ts'
import { readPlans } from '../../../src/workspaces/plans.ts'
import {
  SqliteWorkspaceStore,
  workspaceModule,
} from '../../../src/workspaces/sqlite/sqlite-workspace-store.ts'
import { OPERATOR, Workspaces, type AdministrativeEvent } from '../../../src/workspaces/workspaces.ts'
import type { TokenRequest } from '../../../src/workspaces/token-rules.ts'
import type { Principal } from '../../../src/workspaces/workspace-store.ts'

export const ADMIN_TOKEN = 'the-admin-token-of-these-tests'
export const SESSION_KEY = new Uint8Array(32).fill(7)

interface Recorded {
  readonly workspace: string
  readonly event: AdministrativeEvent
}

/** A settable clock that starts on the day of the contract's examples. */
class TestClock implements Clock {
  time = Date.parse('2026-11-23T12:00:00.000Z')

  now(): number {
    return this.time
  }
}

/** What the stand-in for the query facade was asked, and what it answers. */
class QueryStandIn implements QueryFacade {
  asked: { principal: Principal; workspace: string; request: unknown }[] = []
  feed: ListedEvent[] = []
  failure: Error | null = null
  /** How many events of the feed were taken. */
  taken = 0

  events(principal: Principal, workspace: string, request: ListRequest) {
    return this.#answer(principal, workspace, request, {
      events: this.feed,
      next_cursor: null,
      total: { value: 0, relation: 'eq' as const },
    })
  }
  ownEvents(principal: Principal, workspace: string, request: ListRequest) {
    return this.events(principal, workspace, request)
  }
  event(principal: Principal, workspace: string, id: string) {
    return this.#answer(principal, workspace, id, listedEvent(0))
  }
  proof(principal: Principal, workspace: string, id: string) {
    return this.#answer(principal, workspace, id, 'c2sp.org/tlog-proof@v1\n')
  }
  history(principal: Principal, workspace: string, type: string, id: string, request: ListRequest) {
    return this.events(principal, workspace, { ...request, q: `${type} ${id}` })
  }
  facets(principal: Principal, workspace: string, field: string, filters: Filters) {
    return this.#answer(principal, workspace, { field, filters }, [{ key: 'x', count: 1 }])
  }
  histogram(principal: Principal, workspace: string, interval: string, filters: Filters) {
    return this.#answer(principal, workspace, { interval, filters }, { interval_ms: 1, buckets: [] })
  }
  async *stream(
    _principal: Principal,
    _workspace: string,
    _filters: Filters,
    after: number | null,
    signal: AbortSignal,
  ) {
    for (const event of this.feed.slice((after ?? -1) + 1)) {
      this.taken++
      yield event
    }
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  }
  openStream(
    principal: Principal,
    workspace: string,
    filters: Filters,
    after: number | null,
    signal: AbortSignal,
  ) {
    return this.#answer(
      principal,
      workspace,
      { filters, after },
      this.stream(principal, workspace, filters, after, signal),
    )
  }
  integrity(principal: Principal, workspace: string) {
    const facts = {
      origin: 'localhost/acme',
      size: 0,
      root: '',
      checkpoint: '',
      index_lag: 0,
      first_seq: 0,
      last_verification: null,
    }
    return this.#answer(principal, workspace, null, facts)
  }
  checkpoint(principal: Principal, workspace: string) {
    return this.#answer(principal, workspace, null, 'localhost/acme\n0\n\n')
  }
  tile(principal: Principal, workspace: string, path: string) {
    return this.#answer(principal, workspace, path, Uint8Array.of(1, 2, 3))
  }
  vkey(principal: Principal, workspace: string) {
    return this.#answer(principal, workspace, null, 'localhost/acme+00000000+AA')
  }

  #answer<Value>(principal: Principal, workspace: string, request: unknown, value: Value): Promise<Value> {
    this.asked.push({ principal, workspace, request })
    return this.failure ? Promise.reject(this.failure) : Promise.resolve(value)
  }
}

export function listedEvent(seq: number, padding = ''): ListedEvent {
  return {
    ...{ v: 1, log: 'localhost/acme', seq, id: `seq_${seq}`, prev: '', salt: '', leaf_hash: '' },
    ...{ timestamp: '2026-11-23T12:00:00.000Z', received_at: '2026-11-23T12:00:00.000Z' },
    ...{
      actor: { type: 'system' },
      action: 'a.b',
      verb: 'B',
      category: 'other',
      outcome: 'success',
      resource: { type: 'X' },
    },
    justification: padding,
  }
}

export interface Gateway {
  readonly url: string
  readonly workspaces: Workspaces
  readonly query: QueryStandIn
  readonly clock: TestClock
  readonly log: string[]
  readonly recorded: Recorded[]
  readonly checks: ReadinessCheck[]
  readonly appended: { workspace: string; submitted: readonly unknown[] }[]
  /** Result or error of the next append. */
  outcome: IngestResult | Error
  /** Called while an append is under way. */
  duringAppend: () => void
  /** Forgets what was asked, logged and set by a test before. */
  reset(): void
  readonly server: ReturnType<typeof createServer>
  token(request: TokenRequest): Promise<string>
  fetch(path: string, init?: RequestInit & { token?: string }): Promise<Response>
  close(): Promise<void>
}

const accepted: IngestResult = {
  events: [{ id: 'e_1', seq: 0, leafHash: new Uint8Array(32) }],
  checkpoint: 'note',
}

/** A whole HTTP server on a real workspace store; only ingest and the query facade are stand-ins. */
export async function openGateway(publicUrl = 'http://localhost:8787'): Promise<Gateway> {
  const folder = await mkdtemp(join(tmpdir(), 'trailseal-http-'))
  const sqlite = await Sqlite.open({ file: join(folder, 'trailseal.sqlite'), modules: [workspaceModule] })
  const clock = new TestClock()
  const log: string[] = []
  const recorded: Recorded[] = []
  const workspaces = new Workspaces({
    store: new SqliteWorkspaceStore(sqlite),
    plans: await readPlans(null),
    clock,
    parseQuery: (text) => {
      if (text.includes('((')) throw new TrailsealError('bad_query', 'A word was expected.', { position: 1 })
    },
    record: (workspace, event) => {
      recorded.push({ workspace, event })
      return Promise.resolve()
    },
  })
  await workspaces.ensureAdminToken(ADMIN_TOKEN)
  for (const id of ['acme', 'other'])
    await workspaces.putWorkspace(OPERATOR, id, { name: id, plan: 'command' })
  recorded.length = 0

  const logger = createLogger({ level: 'debug', destination: { write: (line) => void log.push(line) } })
  const query = new QueryStandIn()
  const checks: ReadinessCheck[] = [{ name: 'store', ok: true }]
  const appended: Gateway['appended'] = []
  const dependencies: HttpDependencies = {
    // tested on the real thing: test/unit/export
    exports: {} as HttpDependencies['exports'],
    archive: {} as HttpDependencies['archive'],
    ...{ workspaces, query, clock, version: '0.0.0', sessionKey: SESSION_KEY, publicUrl: new URL(publicUrl) },
    ingest: {
      // eslint-disable-next-line @typescript-eslint/require-await -- throws what iterating throws as a rejection
      append: async (workspace, submitted) => {
        appended.push({ workspace, submitted: [...submitted] })
        gateway.duringAppend()
        if (gateway.outcome instanceof Error) throw gateway.outcome
        return gateway.outcome
      },
    },
    proofs: (_workspace, seqs) => Promise.resolve(seqs.map((seq) => `proof of ${seq}\n`)),
    verifications: new VerificationRuns({ verify: () => Promise.reject(new Error('not here')) }),
    readiness: () => Promise.resolve(checks),
    telemetry: new Telemetry({ logger, queueBytes: () => 42, processMetrics: false }),
  }
  const server = createServer(dependencies)
  const { port } = await server.listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${port}`
  const gateway: Gateway = {
    ...{ url, workspaces, query, clock, log, recorded, checks, appended, server },
    duringAppend: () => undefined,
    reset: () => {
      for (const list of [log, recorded, appended, query.asked]) list.length = 0
      checks.splice(1)
      query.feed = []
      query.failure = null
      gateway.outcome = accepted
    },
    outcome: accepted,
    token: async (request) => (await workspaces.createToken(OPERATOR, request)).token,
    fetch: (path, { token, headers, ...init } = {}) =>
      fetch(url + path, {
        redirect: 'manual',
        ...init,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(headers as Record<string, string>),
        },
      }),
    close: async () => {
      await server.close()
      await sqlite[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
  return gateway
}

/** The body of an answer that has to be a problem document. */
export async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return (await response.json()) as Record<string, unknown>
}
