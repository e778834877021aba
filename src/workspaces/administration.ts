import { TrailsealError } from '../errors.ts'
import type { TokenRequest } from './token-rules.ts'
import type { Workspace } from './workspace-store.ts'
import { OPERATOR, type ListedToken, type NewToken, type Workspaces } from './workspaces.ts'

export interface ListedWorkspace extends Workspace {
  /** Entries in its log. */
  readonly events: number
}

/** What the operator does on the machine itself, with the sensible defaults of a command line. */
export class Administration {
  readonly #workspaces: Workspaces
  readonly #logSize: (workspace: string) => Promise<number>

  constructor(workspaces: Workspaces, logSize: (workspace: string) => Promise<number>) {
    this.#workspaces = workspaces
    this.#logSize = logSize
  }

  /** Creates the workspace or changes what is given. Errors: as `Workspaces.putWorkspace`. */
  async setWorkspace(
    id: string,
    given: { readonly name?: string; readonly plan?: string; readonly dashboard?: 'members' | 'owners' },
  ): Promise<{ readonly workspace: Workspace; readonly created: boolean }> {
    const former = await this.#find(id)
    return await this.#workspaces.putWorkspace(OPERATOR, id, {
      ...given,
      name: given.name ?? former?.name ?? id,
    })
  }

  /** Makes the workspace with the largest plan where there is none; null when there was one. */
  async ensureWorkspace(id: string): Promise<Workspace | null> {
    if (await this.#find(id)) return null
    const plans = [...this.#workspaces.plans.values()].filter(({ readable }) => readable)
    const largest = plans.reduce((best, plan) => (plan.online_days > best.online_days ? plan : best))
    return (await this.#workspaces.putWorkspace(OPERATOR, id, { name: id, plan: largest.name })).workspace
  }

  /** Errors: `not_found`. */
  async requireWorkspace(id: string): Promise<void> {
    await this.#workspaces.lookup(id)
  }

  async listWorkspaces(): Promise<readonly ListedWorkspace[]> {
    const list = await this.#workspaces.list(OPERATOR)
    return await Promise.all(list.map(async (each) => ({ ...each, events: await this.#logSize(each.id) })))
  }

  createToken(request: TokenRequest): Promise<NewToken> {
    return this.#workspaces.createToken(OPERATOR, request)
  }

  listTokens(workspace: string | null): Promise<readonly ListedToken[]> {
    return this.#workspaces.listTokens(OPERATOR, workspace)
  }

  revokeToken(id: string): Promise<void> {
    return this.#workspaces.revokeToken(OPERATOR, id)
  }

  async #find(id: string): Promise<Workspace | null> {
    try {
      return (await this.#workspaces.lookup(id)).workspace
    } catch (error) {
      if (error instanceof TrailsealError && error.code === 'not_found') return null
      throw error
    }
  }
}
