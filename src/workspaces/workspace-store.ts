/** What a token may do (contract §3). */
export const ROLES = ['admin', 'ingest', 'owner', 'member', 'auditor'] as const
export type Role = (typeof ROLES)[number]

/** A query and a date range (RFC 3339) that bound everything an auditor sees. */
export interface Scope {
  readonly q?: string
  readonly from?: string
  readonly to?: string
}

export interface Member {
  readonly id: string
  readonly email?: string
  readonly name?: string
}

/** Who is asking: the token's record without its secret. */
export interface Principal {
  readonly tokenId: string
  readonly role: Role
  /** Null: any workspace (admin and ingest only). */
  readonly workspace: string | null
  readonly member: Member | null
  readonly scope: Scope | null
}

export interface Workspace {
  readonly id: string
  readonly name: string
  /** Name of a plan in the plans file. */
  readonly plan: string
  /** Whether members see the Dashboard, or owners only. */
  readonly dashboard: 'members' | 'owners'
  readonly createdAt: string
}

export interface TokenRecord extends Principal {
  /** SHA-256 of the token's text. The text itself is never stored. */
  readonly hash: Uint8Array
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
}

/** The last verification run of a log. */
export interface VerificationRun {
  readonly at: string
  readonly result: 'ok' | 'failed'
  readonly size: number
  readonly message: string
}

/**
 * Port: workspaces, tokens and the small facts about them. Small data, read at every request.
 *
 * Durability: a settled write is on stable storage. Retry: all writes are idempotent by id. Conflict: the last write of a
 * workspace wins; a token id or hash that exists is never replaced. Errors: `store_unavailable`.
 */
export interface WorkspaceStore {
  workspace(id: string): Promise<Workspace | null>
  workspaces(): Promise<readonly Workspace[]>
  putWorkspace(workspace: Workspace): Promise<void>
  addToken(token: TokenRecord): Promise<void>
  /** By the SHA-256 of the presented text; null where unknown. Expired and revoked ones are returned as they are. */
  tokenByHash(hash: Uint8Array): Promise<TokenRecord | null>
  token(id: string): Promise<TokenRecord | null>
  tokens(workspace: string | null): Promise<readonly TokenRecord[]>
  /** True when there was such a token and it was not revoked before. */
  revokeToken(id: string, at: string): Promise<boolean>
  verificationRun(workspace: string): Promise<VerificationRun | null>
  putVerificationRun(workspace: string, run: VerificationRun): Promise<void>
}
