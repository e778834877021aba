import { isDeepStrictEqual } from 'node:util'
import { TrailsealError } from '../errors.ts'
import { handled } from '../handled.ts'
import { resourceKey, type FacetField, type Query } from '../search/query-syntax.ts'
import type { Bucket } from '../search/search-index.ts'
import type { Principal, Workspace } from '../workspaces/workspace-store.ts'
import { openView, requireTenant } from './access.ts'
import type { Purpose, View } from './access.ts'
import { countFacets, countHistogram } from './counts.ts'
import type { Histogram } from './counts.ts'
import type { ListDependencies, QueryDependencies } from './dependencies.ts'
import { listEvents, wholeNumber } from './event-list.ts'
import { filtersQuery } from './filters.ts'
import { readCheckpoint, readIntegrity } from './integrity.ts'
import type {
  EventList,
  Filters,
  Integrity,
  ListedEvent,
  ListRequest,
  QueryFacade,
  Whose,
} from './query-facade.ts'
import { recorded } from './reading-record.ts'
import type { Reading } from './reading-record.ts'
import { LeafHashes } from './leaf-hashes.ts'
import { findEvent, proveEntries } from './single-event.ts'
import { follow } from './stream.ts'
import { readTile, tileAddress } from './tiles.ts'

const EVERYTHING: Query = { type: 'all' }
const MOST_WORKSPACES = 1024

interface Request {
  readonly principal: Principal
  readonly workspace: string
  readonly purpose: Purpose
}

export function createQueryFacade(dependencies: QueryDependencies): QueryFacade {
  return new PortQueryFacade(dependencies)
}

/** Every method: open the view, read through it, and have the read recorded. */
class PortQueryFacade implements QueryFacade {
  readonly #dependencies: ListDependencies
  /** As the last request for each found them. */
  readonly #workspaces = new Map<string, Workspace>()

  constructor(dependencies: QueryDependencies) {
    this.#dependencies = { ...dependencies, leaves: new LeafHashes(dependencies.ledger) }
  }

  async events(principal: Principal, workspace: string, request: ListRequest): Promise<EventList> {
    const reading: Reading = { action: 'audit.searched', request: 'events', filters: request }
    return await this.#read(principal, workspace, 'dashboard', reading, (view) =>
      listEvents(this.#dependencies, view, request, { also: EVERYTHING, direction: 'desc' }),
    )
  }

  async ownEvents(principal: Principal, workspace: string, request: ListRequest): Promise<EventList> {
    const reading: Reading = { action: 'audit.searched', request: 'ownEvents', filters: request }
    return await this.#read(principal, workspace, 'own', reading, (view) =>
      listEvents(this.#dependencies, view, request, { also: EVERYTHING, direction: 'desc' }),
    )
  }

  async event(principal: Principal, workspace: string, id: string): Promise<ListedEvent> {
    const reading: Reading = { action: 'audit.viewed', request: 'event', target: id }
    return await this.#read(principal, workspace, 'single', reading, (view) =>
      findEvent(this.#dependencies, view, id),
    )
  }

  async proof(principal: Principal, workspace: string, id: string): Promise<string> {
    const reading: Reading = {
      action: 'audit.proof_viewed',
      request: 'proof',
      target: id,
    }
    return await this.#read(principal, workspace, 'single', reading, async (view) => {
      const { seq } = await findEvent(this.#dependencies, view, id)
      const [proof = ''] = await proveEntries(this.#dependencies, view.workspace, [seq])
      return proof
    })
  }

  async history(
    principal: Principal,
    workspace: string,
    type: string,
    id: string,
    request: ListRequest,
  ): Promise<EventList> {
    const reading: Reading = {
      action: 'audit.history_viewed',
      request: 'history',
      filters: request,
      target: `${type}/${id}`,
    }
    const also: Query = { type: 'exact', field: 'touches', values: [resourceKey(type, id)] }
    return await this.#read(principal, workspace, 'dashboard', reading, (view) =>
      listEvents(this.#dependencies, view, request, { also, direction: 'asc' }),
    )
  }

  async facets(
    principal: Principal,
    workspace: string,
    field: FacetField,
    filters: Filters,
    whose: Whose = 'dashboard',
  ): Promise<readonly Bucket<string>[]> {
    const reading: Reading = { action: 'audit.searched', request: 'facets', filters }
    return await this.#read(principal, workspace, whose, reading, (view) =>
      countFacets(this.#dependencies, view, field, filters),
    )
  }

  async histogram(
    principal: Principal,
    workspace: string,
    interval: string,
    filters: Filters,
    whose: Whose = 'dashboard',
  ): Promise<Histogram> {
    const reading: Reading = { action: 'audit.searched', request: 'histogram', filters }
    return await this.#read(principal, workspace, whose, reading, (view) =>
      countHistogram(this.#dependencies, view, interval, filters),
    )
  }

  async *stream(
    principal: Principal,
    workspace: string,
    filters: Filters,
    afterSeq: number | null,
    signal: AbortSignal,
  ): AsyncGenerator<ListedEvent, void> {
    yield* await this.openStream(principal, workspace, filters, afterSeq, signal)
  }

  async openStream(
    principal: Principal,
    workspace: string,
    filters: Filters,
    afterSeq: number | null,
    signal: AbortSignal,
    whose: Whose = 'dashboard',
  ): Promise<AsyncIterable<ListedEvent>> {
    const { ledger, parseQuery, stillValid } = this.#dependencies
    const reading: Reading = { action: 'audit.searched', request: 'stream', filters }
    const after = await this.#read(principal, workspace, whose, reading, async () => {
      filtersQuery(filters, parseQuery)
      const last = ((await ledger.head(workspace))?.size ?? 0) - 1
      // nobody was given an event behind the end of the log: such a bookmark would skip what comes next
      return afterSeq === null
        ? last
        : Math.min(last, wholeNumber(afterSeq, -1, Number.MAX_SAFE_INTEGER, 'Last-Event-ID'))
    })
    const reopen = async (): Promise<View> => {
      if (!(await stillValid(principal)))
        throw new TrailsealError('unauthenticated', 'The token is no longer valid.')
      return await openView(this.#dependencies, principal, workspace, whose)
    }
    return follow(this.#dependencies, reopen, filters, after, signal)
  }

  async integrity(principal: Principal, workspace: string): Promise<Integrity> {
    const view = await openView(this.#dependencies, principal, workspace, 'hashes')
    return await readIntegrity(this.#dependencies, view)
  }

  async checkpoint(principal: Principal, workspace: string): Promise<string> {
    const view = await openView(this.#dependencies, principal, workspace, 'hashes')
    return await readCheckpoint(this.#dependencies, view)
  }

  async tile(principal: Principal, workspace: string, path: string): Promise<Uint8Array> {
    const address = tileAddress(path)
    if (address.level !== 'entries') {
      return await readTile(
        this.#dependencies,
        await openView(this.#dependencies, principal, workspace, 'hashes'),
        address,
      )
    }
    const reading: Reading = {
      action: 'audit.read',
      request: 'tile',
      target: path,
    }
    return await this.#read(principal, workspace, 'entries', reading, (view) =>
      readTile(this.#dependencies, view, address),
    )
  }

  async vkey(principal: Principal, workspace: string): Promise<string> {
    const view = await openView(this.#dependencies, principal, workspace, 'hashes')
    return this.#dependencies.vkey(view.workspace)
  }

  async #read<Result>(
    principal: Principal,
    workspace: string,
    purpose: Purpose,
    reading: Reading,
    read: (view: View) => Promise<Result>,
  ): Promise<Result> {
    const request = { principal, workspace, purpose }
    if (principal.role !== 'auditor') return await this.#lookUp(request, read)
    const view = await openView(this.#dependencies, principal, workspace, purpose)
    return await recorded(this.#dependencies, principal, workspace, reading, () => read(view))
  }

  /**
   * What may be seen depends on the record of the workspace, which is read for every request. Meanwhile the answer is looked up as the
   * record of the request before would have it: almost always it still is that, else this answer is thrown away unseen.
   */
  async #lookUp<Result>(request: Request, read: (view: View) => Promise<Result>): Promise<Result> {
    const { principal, workspace: id } = request
    requireTenant(principal, id)
    const before = this.#workspaces.get(id) ?? null
    const reading = this.#dependencies.workspaces.workspace(id)
    const guess = before && handled(this.#readAs(before, request, read))
    const workspace = await reading
    if (guess && isDeepStrictEqual(workspace, before)) return await guess
    this.#remember(id, workspace)
    return await this.#readAs(workspace, request, read)
  }

  async #readAs<Result>(
    workspace: Workspace | null,
    { principal, workspace: id, purpose }: Request,
    read: (view: View) => Promise<Result>,
  ): Promise<Result> {
    const workspaces = { workspace: () => Promise.resolve(workspace) }
    return await read(await openView({ ...this.#dependencies, workspaces }, principal, id, purpose))
  }

  #remember(id: string, workspace: Workspace | null): void {
    if (this.#workspaces.size >= MOST_WORKSPACES) this.#workspaces.clear()
    if (workspace === null) this.#workspaces.delete(id)
    else this.#workspaces.set(id, workspace)
  }
}
