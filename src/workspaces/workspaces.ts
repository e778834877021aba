import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Actor, JsonObject, Resource } from '../event/audit-event.ts'
import type { Clock } from '../clock.ts'
import { TrailsealError } from '../errors.ts'
import { Authentication, isUsable, newTokenText, tokenHash } from './authentication.ts'
import type { Plan, Plans } from './plans.ts'
import { Recent } from './recent.ts'
import { grant, WORKSPACE_ID, type ParseQuery, type TokenRequest } from './token-rules.ts'
import type { Principal, TokenRecord, Workspace, WorkspaceStore } from './workspace-store.ts'

/** A change of a workspace or its tokens, as it goes into that workspace's own log. */
export interface AdministrativeEvent {
  readonly actor: Actor
  readonly action:
    'workspace.created' | 'workspace.plan_changed' | 'workspace.updated' | 'token.created' | 'token.revoked'
  readonly resource: Resource
  readonly before?: JsonObject
  readonly after?: JsonObject
}

/**
 * Appends to the workspace's log and settles when that is durable. It is called before the change itself, so for
 * `workspace.created` before the store knows the workspace.
 */
export type RecordChange = (workspace: string, event: AdministrativeEvent) => Promise<void>

/** Body of `PUT /v1/workspaces/WS`. An owner, and whoever changes an existing workspace, may leave the plan out. */
export const workspaceRequestSchema = z.strictObject({
  name: z.string().trim().min(1).max(256),
  plan: z.string().optional(),
  dashboard: z.enum(['members', 'owners']).optional(),
})
export type WorkspaceRequest = z.infer<typeof workspaceRequestSchema>

/** A token as it is listed: without its hash. */
export type ListedToken = Omit<TokenRecord, 'hash'>

export interface NewToken {
  readonly id: string
  /** The only time that anyone sees it. */
  readonly token: string
  readonly expires_at: string | null
}

/** Whoever works on the store directly: the command line and the start of the server. */
export const OPERATOR: Principal = {
  tokenId: 'operator',
  role: 'admin',
  workspace: null,
  member: null,
  scope: null,
}

export interface WorkspacesOptions {
  readonly store: WorkspaceStore
  readonly plans: Plans
  readonly clock: Clock
  readonly parseQuery: ParseQuery
  readonly record: RecordChange
}

/**
 * Workspaces, their plans and tokens, with the rules of contract §§3 and 4. Reads are at most a second old.
 *
 * A change is recorded before it is made. If we die between the two, the log holds a change that did not happen, and a retry
 * completes it; the other way round, somebody would hold a right that no log knows of.
 *
 * Errors: `unauthenticated`, `forbidden`, `not_found`, `bad_request`, `bad_query`, `store_unavailable`.
 */
export class Workspaces {
  readonly plans: Plans
  readonly #store: WorkspaceStore
  readonly #clock: Clock
  readonly #parseQuery: ParseQuery
  readonly #record: RecordChange
  readonly #authentication: Authentication
  readonly #workspaces: Recent<Workspace>

  constructor({ store, plans, clock, parseQuery, record }: WorkspacesOptions) {
    this.plans = plans
    this.#store = store
    this.#clock = clock
    this.#parseQuery = parseQuery
    this.#record = record
    this.#authentication = new Authentication({ store, clock })
    this.#workspaces = new Recent(clock)
  }

  authenticate(token: string): Promise<Principal> {
    return this.#authentication.byText(token)
  }

  /** For sessions: the principal of a token whose id was signed by us. */
  principal(tokenId: string): Promise<Principal> {
    return this.#authentication.byId(tokenId)
  }

  /** A workspace with its plan. Errors: `not_found` with advice, `bad_configuration` when its plan left the plans file. */
  async lookup(id: string): Promise<{ readonly workspace: Workspace; readonly plan: Plan }> {
    const workspace = await this.#workspaces.get(id, () => this.#store.workspace(id))
    if (!workspace) throw unknownWorkspace(id)
    return { workspace, plan: this.#plan(workspace.plan, `the plan of workspace ${id}`) }
  }

  /** Those that the principal may know of, by id. */
  async list(by: Principal): Promise<readonly Workspace[]> {
    if (by.role === 'admin') return this.#store.workspaces()
    if (by.workspace === null) return []
    const own = await this.#store.workspace(by.workspace)
    return own ? [own] : []
  }

  /** Like `lookup` for somebody: another one's workspace is `not_found`. */
  async show(by: Principal, id: string): Promise<Workspace> {
    if (by.role !== 'admin' && by.workspace !== id) throw unknownWorkspace(id)
    return (await this.lookup(id)).workspace
  }

  /** Creates or changes a workspace; `created` says which. */
  async putWorkspace(
    by: Principal,
    id: string,
    request: WorkspaceRequest,
  ): Promise<{ workspace: Workspace; created: boolean }> {
    if (!WORKSPACE_ID.test(id))
      throw bad('A workspace id is lower-case letters, digits, _ and -, at most 63 of them.')
    if (by.role !== 'admin' && by.workspace !== id) throw unknownWorkspace(id)
    if (by.role !== 'admin' && by.role !== 'owner')
      throw forbidden('Only its owners and admins change a workspace.')
    const former = await this.#store.workspace(id)
    const planName = request.plan ?? former?.plan
    if (planName === undefined) throw bad(`A new workspace needs a plan: ${this.#planNames()}.`)
    if (by.role === 'owner' && planName !== former?.plan)
      throw forbidden('An owner cannot change the plan: ask the operator.')
    this.#plan(planName, '`plan`', 'bad_request')

    const workspace: Workspace = {
      id,
      name: request.name,
      plan: planName,
      dashboard: request.dashboard ?? former?.dashboard ?? 'members',
      createdAt: former?.createdAt ?? new Date(this.#clock.now()).toISOString(),
    }
    for (const event of changes(by, former, workspace)) await this.#record(id, event)
    await this.#store.putWorkspace(workspace)
    this.#workspaces.forget()
    return { workspace, created: !former }
  }

  async createToken(by: Principal, request: TokenRequest): Promise<NewToken> {
    const granted = grant(by, request, this.#parseQuery)
    if (granted.workspace !== null) await this.lookup(granted.workspace)
    const token = newTokenText()
    const record = this.#newRecord(`tok_${randomUUID()}`, token, granted, request.ttl_seconds)
    await this.#recordToken(by, 'token.created', record)
    await this.#store.addToken(record)
    return { id: record.tokenId, token, expires_at: record.expiresAt }
  }

  /** It stops counting at once here, and within a second in other processes. Revoking twice is harmless. */
  async revokeToken(by: Principal, id: string): Promise<void> {
    requireTokenKeeper(by)
    const record = await this.#store.token(id)
    if (!record || (by.role === 'owner' && record.workspace !== by.workspace))
      throw new TrailsealError('not_found', 'There is no such token.')
    if (record.revokedAt !== null) return
    await this.#recordToken(by, 'token.revoked', record)
    await this.#store.revokeToken(id, new Date(this.#clock.now()).toISOString())
    this.#authentication.forget()
  }

  /** Admins see all or those of one workspace, owners those of their own; revoked and expired ones included. */
  async listTokens(by: Principal, workspace: string | null): Promise<readonly ListedToken[]> {
    requireTokenKeeper(by)
    if (by.role === 'owner' && workspace !== null && workspace !== by.workspace)
      throw unknownWorkspace(workspace)
    const records = await this.#store.tokens(by.role === 'owner' ? by.workspace : workspace)
    return records.map(listed)
  }

  /**
   * Sees to it that there is an admin token at the start. A given one (TRAILSEAL_ADMIN_TOKEN) counts from now on and the ones
   * given before no longer do. Without one, the first start makes one.
   * Returns the text to print, once: null when nothing was made.
   */
  async ensureAdminToken(given: string | null): Promise<string | null> {
    const admins = (await this.#store.tokens(null)).filter(({ role }) => role === 'admin')
    if (given !== null) {
      await this.#takeGivenToken(given, admins)
      return null
    }
    if (admins.some((each) => each.tokenId.startsWith('admin_') || isUsable(each, this.#clock.now())))
      return null
    const token = newTokenText()
    await this.#store.addToken(this.#newRecord(`admin_${randomUUID()}`, token, OPERATOR, undefined))
    return token
  }

  /** Errors: `bad_configuration` when a workspace has a plan that the plans file does not. For the start. */
  async checkPlans(): Promise<void> {
    for (const { id, plan } of await this.#store.workspaces()) this.#plan(plan, `the plan of workspace ${id}`)
  }

  async #takeGivenToken(given: string, admins: readonly TokenRecord[]): Promise<void> {
    const hash = tokenHash(given)
    const same = await this.#store.tokenByHash(hash)
    if (same && (same.role !== 'admin' || !isUsable(same, this.#clock.now())))
      throw new TrailsealError(
        'bad_configuration',
        'TRAILSEAL_ADMIN_TOKEN was revoked or belongs to another role: choose a new one.',
      )
    if (!same) await this.#store.addToken(this.#newRecord(`env_${randomUUID()}`, given, OPERATOR, undefined))
    const former = admins.filter((each) => each.tokenId.startsWith('env_') && each.tokenId !== same?.tokenId)
    for (const { tokenId } of former)
      await this.#store.revokeToken(tokenId, new Date(this.#clock.now()).toISOString())
    this.#authentication.forget()
  }

  #newRecord(
    tokenId: string,
    text: string,
    granted: Omit<Principal, 'tokenId'>,
    ttlSeconds: number | undefined,
  ): TokenRecord {
    const now = this.#clock.now()
    const { role, workspace, member, scope } = granted
    return {
      ...{ tokenId, role, workspace, member, scope },
      hash: tokenHash(text),
      createdAt: new Date(now).toISOString(),
      expiresAt: ttlSeconds === undefined ? null : new Date(now + ttlSeconds * 1_000).toISOString(),
      revokedAt: null,
    }
  }

  async #recordToken(
    by: Principal,
    action: 'token.created' | 'token.revoked',
    record: TokenRecord,
  ): Promise<void> {
    // A token for the whole installation belongs to no workspace's log.
    if (record.workspace === null) return
    const facts: JsonObject = {
      role: record.role,
      expires_at: record.expiresAt,
      ...(record.member ? { member: { ...record.member } } : {}),
      ...(record.scope ? { scope: { ...record.scope } } : {}),
    }
    await this.#record(record.workspace, {
      actor: actorOf(by),
      action,
      resource: { type: 'TOKEN', id: record.tokenId },
      ...(action === 'token.created' ? { after: facts } : { before: facts }),
    })
  }

  #plan(name: string, what: string, code: 'bad_request' | 'bad_configuration' = 'bad_configuration'): Plan {
    const plan = this.plans.get(name)
    if (!plan) throw new TrailsealError(code, `${what} is not one of the plans: ${this.#planNames()}.`)
    return plan
  }

  #planNames(): string {
    return [...this.plans.keys()].join(', ')
  }
}

/** Whoever acts through a token, as the log names them. */
export function actorOf({ tokenId, role, member }: Principal): Actor {
  if (member) return { type: 'user', ...member, role }
  return tokenId === OPERATOR.tokenId
    ? { type: 'system', id: tokenId, role }
    : { type: 'api_token', id: tokenId, role }
}

function* changes(by: Principal, former: Workspace | null, next: Workspace): Generator<AdministrativeEvent> {
  const common = { actor: actorOf(by), resource: { type: 'WORKSPACE', id: next.id, name: next.name } }
  const settings = ({ name, dashboard }: Workspace): JsonObject => ({ name, dashboard })
  if (!former) {
    yield { ...common, action: 'workspace.created', after: { ...settings(next), plan: next.plan } }
    return
  }
  if (former.plan !== next.plan)
    yield {
      ...common,
      action: 'workspace.plan_changed',
      before: { plan: former.plan },
      after: { plan: next.plan },
    }
  if (former.name !== next.name || former.dashboard !== next.dashboard)
    yield { ...common, action: 'workspace.updated', before: settings(former), after: settings(next) }
}

function listed({
  tokenId,
  role,
  workspace,
  member,
  scope,
  createdAt,
  expiresAt,
  revokedAt,
}: TokenRecord): ListedToken {
  return { tokenId, role, workspace, member, scope, createdAt, expiresAt, revokedAt }
}

function requireTokenKeeper(by: Principal): void {
  if (by.role !== 'admin' && by.role !== 'owner') throw forbidden('Only owners and admins see tokens.')
}

function unknownWorkspace(id: string): TrailsealError {
  // The id is shown only when it has the form of one: it comes from a caller.
  const name = WORKSPACE_ID.test(id) ? ` ${id}` : ''
  return new TrailsealError(
    'not_found',
    `There is no workspace${name} for you here. An operator creates one with: trailseal workspace set${name || ' WS'} --name NAME --plan PLAN`,
  )
}

function forbidden(sentence: string): TrailsealError {
  return new TrailsealError('forbidden', sentence)
}

function bad(sentence: string): TrailsealError {
  return new TrailsealError('bad_request', sentence)
}
