import { TrailsealError } from '../errors.ts'
import type { Query } from '../search/query-syntax.ts'
import type { SearchRequest } from '../search/search-index.ts'
import { windowStart } from '../workspaces/plans.ts'
import type { Principal, Workspace } from '../workspaces/workspace-store.ts'
import type { QueryDependencies } from './dependencies.ts'
import { and, textQuery } from './filters.ts'
import { parseTimeRange, timeRangeQuery } from './time-range.ts'

/**
 * What is asked for:
 * `dashboard`: searches over the whole team's events. `single`: one event that is named. `own`: the member's own events.
 * `export`: whatever the principal can see anywhere. `entries`: raw entries, which no query can narrow. `hashes`: checkpoints,
 * tiles and sizes, which show no event.
 */
export type Purpose = 'dashboard' | 'single' | 'own' | 'export' | 'entries' | 'hashes'

/** What a principal sees of a workspace at this moment. The only maker of search requests. */
export interface View {
  readonly workspace: string
  /** Entries before this one have left the plan's window. */
  readonly firstSeq: number
  /** The query, and what this principal may see: there is no other way to a SearchRequest. */
  search(query: Query): SearchRequest
}

type AccessDependencies = Pick<QueryDependencies, 'ledger' | 'plans' | 'parseQuery' | 'clock'> & {
  readonly workspaces: Pick<QueryDependencies['workspaces'], 'workspace'>
}

/**
 * The one place where tenant, role, scope, dashboard setting, plan and plan window are decided (contract §§3, 4, 8). Nothing is
 * cached: a changed plan, setting or workspace counts at the next request.
 *
 * Throws `not_found` for a workspace that the principal may not know of, `forbidden`, `plan_required`.
 */
export async function openView(
  dependencies: AccessDependencies,
  principal: Principal,
  workspaceId: string,
  purpose: Purpose,
): Promise<View> {
  requireTenant(principal, workspaceId)
  const workspace = await dependencies.workspaces.workspace(workspaceId)
  if (workspace === null) throw noSuchWorkspace()
  const plan = dependencies.plans.get(workspace.plan)
  if (plan === undefined) {
    throw new TrailsealError('bad_configuration', 'The plan of this workspace is not in the plans file.')
  }
  if (!plan.readable && purpose !== 'hashes' && principal.role !== 'admin') {
    throw new TrailsealError(
      'plan_required',
      'The plan of this workspace records events but does not show them.',
    )
  }
  const allowed = and(roleQuery(principal, workspace, purpose), scopeQuery(principal, dependencies))
  if (purpose === 'entries' && allowed.type !== 'all') {
    throw new TrailsealError('forbidden', 'Raw entries are for roles that may read the whole workspace.')
  }
  const firstSeq = await dependencies.ledger.firstReceivedSince(
    workspaceId,
    windowStart(plan, dependencies.clock.now()),
  )
  return {
    workspace: workspaceId,
    firstSeq,
    search: (query) => ({ workspace: workspaceId, query: and(allowed, query), firstSeq }),
  }
}

/** Throws `not_found`, `forbidden`: before anything is looked up. */
export function requireTenant(principal: Principal, workspaceId: string): void {
  const anyWorkspace =
    principal.workspace === null && (principal.role === 'admin' || principal.role === 'ingest')
  if (!anyWorkspace && principal.workspace !== workspaceId) throw noSuchWorkspace()
  // before the look-up: a token that reads nothing does not learn which workspaces there are
  if (principal.role === 'ingest')
    throw new TrailsealError('forbidden', 'This token may append events and reads nothing.')
}

function roleQuery(principal: Principal, workspace: Workspace, purpose: Purpose): Query {
  if (purpose === 'own') return ownEventsQuery(principal)
  switch (principal.role) {
    case 'admin':
    case 'owner':
    case 'auditor':
      return { type: 'all' }
    case 'member':
      return memberQuery(principal, workspace, purpose)
    case 'ingest':
      return { type: 'none' }
  }
}

function memberQuery(principal: Principal, workspace: Workspace, purpose: Purpose): Query {
  if (purpose === 'hashes') return { type: 'all' }
  if (purpose === 'entries') throw new TrailsealError('forbidden', 'Members do not read raw entries.')
  if (workspace.dashboard === 'members') return { type: 'all' }
  if (purpose === 'single' || purpose === 'export') return ownEventsQuery(principal)
  throw new TrailsealError('forbidden', 'In this workspace only owners see the events of the whole team.')
}

/** An API token may carry the id of a member and is not that member: both id and type have to match. */
function ownEventsQuery({ member }: Principal): Query {
  if (member === null)
    throw new TrailsealError('forbidden', 'This token is not that of a member, so it has no own events.')
  return and(
    { type: 'exact', field: 'actor', values: [member.id] },
    { type: 'words', field: 'actor.type', tokens: ['user'], prefix: false },
  )
}

/** A scope restricts whatever role carries it. One that can't be read shows nothing. */
function scopeQuery({ scope }: Principal, { parseQuery }: AccessDependencies): Query {
  if (scope === null) return { type: 'all' }
  try {
    return and(textQuery(scope.q, parseQuery), timeRangeQuery(parseTimeRange(scope)))
  } catch (cause) {
    throw new TrailsealError('forbidden', 'The scope of this token can not be read; ask for a new token.', {
      cause,
    })
  }
}

function noSuchWorkspace(): TrailsealError {
  return new TrailsealError('not_found', 'There is no such workspace.')
}
