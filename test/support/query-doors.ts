import { documentRow } from '../../src/search/sqlite/columns.ts'
import { expect } from '@jest/globals'
import { Sqlite } from '../../src/drivers/sqlite/sqlite.ts'
import { TrailsealError } from '../../src/errors.ts'
import { ledgerModule, SqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.ts'
import type { Filters } from '../../src/query/query-facade.ts'
import type { SearchDocument } from '../../src/search/search-index.ts'
import { searchModule, SqliteSearchIndex } from '../../src/search/sqlite/sqlite-search-index.ts'
import type { Principal } from '../../src/workspaces/workspace-store.ts'
import { auditEvent, DAY, documentsOf, NOON, QueryRoom } from './query-room.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** On the embedded store. */
class SqliteRoom extends QueryRoom implements AsyncDisposable {
  readonly #close: () => Promise<void>

  private constructor(stores: ConstructorParameters<typeof QueryRoom>[0], close: () => Promise<void>) {
    super(stores)
    this.#close = close
  }

  static async open(): Promise<SqliteRoom> {
    const directory = temporaryDirectory()
    const sqlite = await Sqlite.open({
      file: `${directory.path}/trailseal.db`,
      modules: [ledgerModule, searchModule],
    })
    const search = new SqliteSearchIndex(sqlite)
    const ledger = new SqliteLedger<SearchDocument>(sqlite, (commit) =>
      search.applyCalls(documentsOf(commit).map(documentRow)),
    )
    return new SqliteRoom({ ledger, search }, async () => {
      await sqlite[Symbol.asyncDispose]()
      directory[Symbol.dispose]()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }
}

const RESOURCES = ['FILE/f_1', 'FILE/f_2', 'OBLIGATION/o_1', 'PASSPORT/p_1', 'SESSION/s_1']
const IDS = ['client-3', 'seq_0', 'seq_1', 'seq_2', 'seq_3', 'seq_4']
export const EVERYTHING = [0, 1, 2, 3, 4]

/** Five events of acme, received 100 days ago (0, 1) and 10 days ago (2, 3, 4), and two of another workspace. */
export async function acmeRoom(): Promise<SqliteRoom> {
  const room = await SqliteRoom.open()
  const bob = { type: 'user', id: 'u_bob' } as const
  room.now = NOON - 100 * DAY
  await room.append(
    'acme',
    auditEvent({ timestamp: '2026-11-20T10:00:00.000Z' }),
    auditEvent({
      timestamp: '2026-11-21T10:00:00.000Z',
      actor: bob,
      action: 'obligation.updated',
      resource: { type: 'OBLIGATION', id: 'o_1' },
      related: [{ type: 'FILE', id: 'f_1' }],
    }),
  )
  room.now = NOON - 10 * DAY
  await room.append(
    'acme',
    auditEvent({
      timestamp: '2026-11-22T10:00:00.000Z',
      actor: { type: 'api_token', id: 'u_ada' },
      resource: { type: 'FILE', id: 'f_2', name: 'secret.pdf' },
    }),
    auditEvent({
      id: 'client-3',
      timestamp: '2026-11-23T09:00:00.000Z',
      action: 'passport.issued',
      resource: { type: 'PASSPORT', id: 'p_1' },
    }),
    auditEvent({ actor: bob, action: 'session.opened', resource: { type: 'SESSION', id: 's_1' } }),
  )
  await room.append('rival', auditEvent({ id: 'rival-0' }), auditEvent({ id: 'rival-1' }))
  return room
}

/** As every test finds it: today, on a plan whose window holds all events, with a dashboard for members. */
export function resetAcme(room: QueryRoom): void {
  room.now = NOON
  room.putWorkspace('acme', { plan: 'command', dashboard: 'members' })
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'allowed'
  } catch (error) {
    if (error instanceof TrailsealError) return error.code
    throw error
  }
}

export async function listed(room: QueryRoom, by: Principal, filters: Filters = {}): Promise<number[]> {
  const seqs: number[] = []
  let cursor: string | null | undefined
  do {
    const page = await room.facade.events(by, 'acme', { ...filters, limit: 2, ...(cursor ? { cursor } : {}) })
    seqs.push(...page.events.map(({ seq }) => seq))
    cursor = page.next_cursor
  } while (cursor)
  return seqs.sort()
}

export async function streamed(room: QueryRoom, by: Principal, filters: Filters = {}): Promise<number[]> {
  const ended = new AbortController()
  room.onIdle = () => ended.abort()
  const seqs: number[] = []
  for await (const { seq } of room.facade.stream(by, 'acme', filters, -1, ended.signal)) seqs.push(seq)
  return seqs
}

export async function counted(
  room: QueryRoom,
  by: Principal,
  filters: Filters = {},
): Promise<Record<string, number>> {
  const facets = await room.facade.facets(by, 'acme', 'outcome', filters)
  const { buckets } = await room.facade.histogram(by, 'acme', 'auto', filters)
  const { total } = await room.facade.events(by, 'acme', filters)
  const sum = (counts: readonly { readonly count: number }[]): number =>
    counts.reduce((all, { count }) => all + count, 0)
  return { facets: sum(facets), histogram: sum(buckets), total: total.value }
}

async function histories(room: QueryRoom, by: Principal): Promise<number[]> {
  const found = await Promise.all(
    RESOURCES.map(async (resource) => {
      const [type = '', id = ''] = resource.split('/')
      return (await room.facade.history(by, 'acme', type, id, {})).events.map(({ seq }) => seq)
    }),
  )
  return [...new Set(found.flat())].sort()
}

export async function named(room: QueryRoom, by: Principal): Promise<number[]> {
  const found = await Promise.all(IDS.map((id) => room.facade.event(by, 'acme', id).catch(() => null)))
  return found.flatMap((event) => event?.seq ?? []).sort()
}

export async function proved(room: QueryRoom, by: Principal): Promise<number[]> {
  const found = await Promise.all(IDS.map((id) => room.facade.proof(by, 'acme', id).catch(() => '')))
  return found.flatMap((proof) => /index (\d+)/.exec(proof)?.slice(1).map(Number) ?? []).sort()
}

/** Every way to events shows these and no others. */
export async function expectSees(room: QueryRoom, by: Principal, seqs: readonly number[]): Promise<void> {
  expect({
    listed: await listed(room, by),
    streamed: await streamed(room, by),
    histories: await histories(room, by),
    named: await named(room, by),
    proved: await proved(room, by),
    ...(await counted(room, by)),
  }).toEqual({
    listed: seqs,
    streamed: seqs,
    histories: seqs,
    named: seqs,
    proved: seqs,
    facets: seqs.length,
    histogram: seqs.length,
    total: seqs.length,
  })
}

/** All methods, each asked for something that the workspace has. */
function everyMethod(
  room: QueryRoom,
  by: Principal,
  workspace: string,
): Record<string, () => Promise<unknown>> {
  const { facade } = room
  const signal = AbortSignal.abort()
  return {
    events: () => facade.events(by, workspace, {}),
    event: () => facade.event(by, workspace, 'seq_0'),
    proof: () => facade.proof(by, workspace, 'seq_0'),
    history: () => facade.history(by, workspace, 'FILE', 'f_1', {}),
    facets: () => facade.facets(by, workspace, 'actor', {}),
    histogram: () => facade.histogram(by, workspace, 'auto', {}),
    stream: () => facade.openStream(by, workspace, {}, null, signal),
    lazyStream: () => Array.fromAsync(facade.stream(by, workspace, {}, null, signal)),
    entries: () => facade.tile(by, workspace, 'tile/entries/000.p/1'),
    ownEvents: () => facade.ownEvents(by, workspace, {}),
    integrity: () => facade.integrity(by, workspace),
    checkpoint: () => facade.checkpoint(by, workspace),
    tile: () => facade.tile(by, workspace, 'tile/0/000.p/1'),
    vkey: () => facade.vkey(by, workspace),
  }
}

const EVENT_METHODS = [
  ...[
    'events',
    'event',
    'proof',
    'history',
    'facets',
    'histogram',
    'stream',
    'lazyStream',
    'entries',
    'ownEvents',
  ],
]

export const HASHES = { integrity: 'allowed', checkpoint: 'allowed', tile: 'allowed', vkey: 'allowed' }

export async function codes(
  room: QueryRoom,
  by: Principal,
  workspace: string,
): Promise<Record<string, string>> {
  const methods = Object.entries(everyMethod(room, by, workspace))
  return Object.fromEntries(
    await Promise.all(methods.map(async ([name, call]) => [name, await codeOf(call())] as const)),
  )
}

const METHODS = [...EVENT_METHODS, ...Object.keys(HASHES)]

/** Every method answers with this code. */
export function all(code: string): Record<string, string> {
  return Object.fromEntries(METHODS.map((name) => [name, code]))
}
