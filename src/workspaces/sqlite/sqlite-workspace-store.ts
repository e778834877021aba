import { moduleBeside, type Sqlite } from '../../drivers/sqlite/sqlite.ts'
import type { SqliteCall } from '../../drivers/sqlite/procedures.ts'
import type {
  Member,
  Role,
  Scope,
  TokenRecord,
  VerificationRun,
  Workspace,
  WorkspaceStore,
} from '../workspace-store.ts'
import type { TokenRow, VerificationRow, WorkspaceRow } from './procedures.ts'

/** What `Sqlite.open` has to load for this adapter. */
export const workspaceModule = moduleBeside(import.meta.url, './procedures')

/**
 * Workspaces and tokens in the embedded store. Each write is one transaction with `synchronous=FULL`; reads see
 * every write that was settled before them, also those of other processes on the same file.
 */
export class SqliteWorkspaceStore implements WorkspaceStore {
  readonly #sqlite: Sqlite

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  async workspace(id: string): Promise<Workspace | null> {
    const row = (await this.#read('workspaces.get', id)) as WorkspaceRow | null
    return row && toWorkspace(row)
  }

  async workspaces(): Promise<readonly Workspace[]> {
    return ((await this.#read('workspaces.all', null)) as WorkspaceRow[]).map(toWorkspace)
  }

  async putWorkspace({ id, name, plan, dashboard, createdAt }: Workspace): Promise<void> {
    const row: WorkspaceRow = { id, name, plan, dashboard, created_at: createdAt }
    await this.#write({ procedure: 'workspaces.put', argument: row })
  }

  async addToken(token: TokenRecord): Promise<void> {
    const row: TokenRow = {
      id: token.tokenId,
      hash: token.hash,
      role: token.role,
      workspace: token.workspace,
      member: token.member && JSON.stringify(token.member),
      scope: token.scope && JSON.stringify(token.scope),
      created_at: token.createdAt,
      expires_at: token.expiresAt,
      revoked_at: token.revokedAt,
    }
    await this.#write({ procedure: 'workspaces.addToken', argument: row })
  }

  async tokenByHash(hash: Uint8Array): Promise<TokenRecord | null> {
    const row = (await this.#read('workspaces.tokenByHash', hash)) as TokenRow | null
    return row && toToken(row)
  }

  async token(id: string): Promise<TokenRecord | null> {
    const row = (await this.#read('workspaces.token', id)) as TokenRow | null
    return row && toToken(row)
  }

  async tokens(workspace: string | null): Promise<readonly TokenRecord[]> {
    return ((await this.#read('workspaces.tokens', workspace)) as TokenRow[]).map(toToken)
  }

  async revokeToken(id: string, at: string): Promise<boolean> {
    return (await this.#write({ procedure: 'workspaces.revokeToken', argument: { id, at } })) as boolean
  }

  async verificationRun(workspace: string): Promise<VerificationRun | null> {
    const row = (await this.#read('workspaces.verificationRun', workspace)) as VerificationRow | null
    return (
      row && {
        at: row.at,
        result: row.result as VerificationRun['result'],
        size: row.size,
        message: row.message,
      }
    )
  }

  async putVerificationRun(workspace: string, run: VerificationRun): Promise<void> {
    const row: VerificationRow = { workspace, ...run }
    await this.#write({ procedure: 'workspaces.putVerificationRun', argument: row })
  }

  #read(procedure: string, argument: unknown): Promise<unknown> {
    return this.#sqlite.read({ procedure, argument })
  }

  async #write(call: SqliteCall): Promise<unknown> {
    return (await this.#sqlite.write([call]))[0]
  }
}

function toWorkspace(row: WorkspaceRow): Workspace {
  const dashboard = row.dashboard as Workspace['dashboard']
  return { id: row.id, name: row.name, plan: row.plan, dashboard, createdAt: row.created_at }
}

function toToken(row: TokenRow): TokenRecord {
  return {
    tokenId: row.id,
    hash: row.hash,
    role: row.role as Role,
    workspace: row.workspace,
    member: row.member === null ? null : (JSON.parse(row.member) as Member),
    scope: row.scope === null ? null : (JSON.parse(row.scope) as Scope),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  }
}
