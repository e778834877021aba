/** The workspace store's part inside a SQLite thread. */
import type { SqliteConnection } from '../../drivers/sqlite/procedures.ts'

export const schema = `
CREATE TABLE IF NOT EXISTS workspace (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, plan TEXT NOT NULL, dashboard TEXT NOT NULL, created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (
  id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, role TEXT NOT NULL, workspace TEXT, member TEXT, scope TEXT,
  created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verification_run (
  workspace TEXT PRIMARY KEY, at TEXT NOT NULL, result TEXT NOT NULL, size INTEGER NOT NULL, message TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`

export interface WorkspaceRow {
  readonly id: string
  readonly name: string
  readonly plan: string
  readonly dashboard: string
  readonly created_at: string
}

export interface TokenRow {
  readonly id: string
  readonly hash: Uint8Array
  readonly role: string
  readonly workspace: string | null
  /** JSON text, as `scope`. */
  readonly member: string | null
  readonly scope: string | null
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
}

export interface VerificationRow {
  readonly workspace: string
  readonly at: string
  readonly result: string
  readonly size: number
  readonly message: string
}

export const procedures = {
  'workspaces.all': (connection: SqliteConnection) =>
    connection.prepare('SELECT * FROM workspace ORDER BY id').all(),

  'workspaces.get': (connection: SqliteConnection, id: string) =>
    connection.prepare('SELECT * FROM workspace WHERE id = ?').get(id) ?? null,

  'workspaces.put': (connection: SqliteConnection, row: WorkspaceRow) => {
    connection
      .prepare(
        `INSERT INTO workspace (id, name, plan, dashboard, created_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, plan = excluded.plan, dashboard = excluded.dashboard`,
      )
      .run(row.id, row.name, row.plan, row.dashboard, row.created_at)
  },

  // A conflict does nothing: a token that exists is never replaced, and adding the same one again is harmless.
  'workspaces.addToken': (connection: SqliteConnection, row: TokenRow) => {
    connection
      .prepare(
        `INSERT INTO token (id, hash, role, workspace, member, scope, created_at, expires_at, revoked_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      )
      .run(
        row.id,
        row.hash,
        row.role,
        row.workspace,
        row.member,
        row.scope,
        row.created_at,
        row.expires_at,
        row.revoked_at,
      )
  },

  'workspaces.tokenByHash': (connection: SqliteConnection, hash: Uint8Array) =>
    connection.prepare('SELECT * FROM token WHERE hash = ?').get(hash) ?? null,

  'workspaces.token': (connection: SqliteConnection, id: string) =>
    connection.prepare('SELECT * FROM token WHERE id = ?').get(id) ?? null,

  'workspaces.tokens': (connection: SqliteConnection, workspace: string | null) =>
    workspace === null
      ? connection.prepare('SELECT * FROM token ORDER BY created_at, id').all()
      : connection.prepare('SELECT * FROM token WHERE workspace = ? ORDER BY created_at, id').all(workspace),

  'workspaces.revokeToken': (connection: SqliteConnection, { id, at }: { id: string; at: string }) =>
    connection.prepare('UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL').run(at, id)
      .changes === 1,

  'workspaces.verificationRun': (connection: SqliteConnection, workspace: string) =>
    connection.prepare('SELECT * FROM verification_run WHERE workspace = ?').get(workspace) ?? null,

  'workspaces.putVerificationRun': (connection: SqliteConnection, row: VerificationRow) => {
    connection
      .prepare(
        'INSERT OR REPLACE INTO verification_run (workspace, at, result, size, message) VALUES (?, ?, ?, ?, ?)',
      )
      .run(row.workspace, row.at, row.result, row.size, row.message)
  },
}
