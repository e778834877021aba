/** The part of the SQLite jobs that runs inside the SQLite threads. */
import type { SqliteConnection } from '../../drivers/sqlite/procedures.ts'
import type { JobState } from '../jobs.ts'

/**
 * `due` of a queued job: when it may begin. `due` of a running one: the end of its lease. So one condition finds whatever is free.
 * `lease` counts up with every claim: the fence for whoever comes back too late.
 */
export const schema = `
  CREATE TABLE IF NOT EXISTS job (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, workspace TEXT NOT NULL, payload TEXT NOT NULL,
    state TEXT NOT NULL, progress REAL NOT NULL, attempt INTEGER NOT NULL, lease INTEGER NOT NULL, due INTEGER NOT NULL,
    result TEXT, error TEXT, created_at INTEGER NOT NULL, finished_at INTEGER) STRICT;
  CREATE INDEX IF NOT EXISTS job_open ON job (kind, due) WHERE state IN ('queued', 'running');
  CREATE INDEX IF NOT EXISTS job_ended ON job (kind, finished_at) WHERE finished_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS job_workspace ON job (workspace, kind, number);
  CREATE TABLE IF NOT EXISTS job_turn (
    kind TEXT NOT NULL, workspace TEXT NOT NULL, turn INTEGER NOT NULL, PRIMARY KEY (kind, workspace)) STRICT, WITHOUT ROWID;
`

export interface JobRow {
  readonly id: string
  readonly kind: string
  readonly workspace: string
  readonly payload: string
  readonly state: JobState
  readonly progress: number
  readonly attempt: number
  readonly lease: number
  readonly result: string | null
  readonly error: string | null
  readonly created_at: number
  readonly finished_at: number | null
}

/** Names the run of a job that a worker holds. */
export interface Hold {
  readonly id: string
  readonly lease: number
}

const OPEN = `state IN ('queued', 'running')`
const HELD = `id = :id AND lease = :lease AND state = 'running'`

export const procedures = {
  'jobs.enqueue': (
    connection: SqliteConnection,
    job: { id: string; kind: string; workspace: string; payload: string; now: number },
  ): JobRow => {
    connection
      .prepare(
        `INSERT OR IGNORE INTO job (id, kind, workspace, payload, state, progress, attempt, lease, due, created_at)
         VALUES (:id, :kind, :workspace, :payload, 'queued', 0, 0, 0, :now, :now)`,
      )
      .run(job)
    return get(connection, job.id) as JobRow
  },

  'jobs.get': get,

  'jobs.list': (
    connection: SqliteConnection,
    wanted: { workspace: string; kind: string; limit: number },
  ): JobRow[] =>
    connection
      .prepare(
        'SELECT * FROM job WHERE workspace = :workspace AND kind = :kind ORDER BY number DESC LIMIT :limit',
      )
      .all(wanted) as unknown as JobRow[],

  'jobs.endedBefore': (
    connection: SqliteConnection,
    wanted: { kind: string; moment: number; limit: number },
  ): JobRow[] =>
    connection
      .prepare(
        'SELECT * FROM job WHERE kind = :kind AND finished_at < :moment ORDER BY finished_at, number LIMIT :limit',
      )
      .all(wanted) as unknown as JobRow[],

  'jobs.cancel': (connection: SqliteConnection, job: { id: string; reason: string; now: number }): boolean =>
    changed(
      connection,
      `UPDATE job SET state = 'cancelled', error = :reason, finished_at = :now WHERE id = :id AND ${OPEN}`,
      job,
    ),

  'jobs.remove': (connection: SqliteConnection, id: string): boolean =>
    changed(connection, `DELETE FROM job WHERE id = :id AND NOT ${OPEN}`, { id }),

  'jobs.hasDue': (connection: SqliteConnection, wanted: { kind: string; now: number }): boolean =>
    connection
      .prepare(`SELECT 1 FROM job WHERE kind = :kind AND ${OPEN} AND due <= :now LIMIT 1`)
      .get(wanted) !== undefined,

  'jobs.claim': claim,

  'jobs.renew': (connection: SqliteConnection, hold: Hold & { progress: number; until: number }): boolean =>
    changed(
      connection,
      `UPDATE job SET progress = max(progress, :progress), due = :until WHERE ${HELD}`,
      hold,
    ),

  'jobs.finish': (connection: SqliteConnection, hold: Hold & { result: string; now: number }): boolean =>
    changed(
      connection,
      `UPDATE job SET state = 'done', progress = 1, result = :result, error = NULL, finished_at = :now WHERE ${HELD}`,
      hold,
    ),

  'jobs.retry': (
    connection: SqliteConnection,
    hold: Hold & { error: string | null; due: number; uncounted: number },
  ): boolean =>
    changed(
      connection,
      `UPDATE job SET state = 'queued', error = coalesce(:error, error), due = :due, attempt = attempt - :uncounted WHERE ${HELD}`,
      hold,
    ),

  'jobs.giveUp': (connection: SqliteConnection, hold: Hold & { error: string; now: number }): boolean =>
    changed(
      connection,
      `UPDATE job SET state = 'failed', error = :error, finished_at = :now WHERE ${HELD}`,
      hold,
    ),
}

function get(connection: SqliteConnection, id: string): JobRow | null {
  return (connection.prepare('SELECT * FROM job WHERE id = ?').get(id) as JobRow | undefined) ?? null
}

/** The next free job of the workspace that was served longest ago, unless that workspace has enough running. */
function claim(
  connection: SqliteConnection,
  wanted: { kind: string; perWorkspace: number; now: number; until: number },
): JobRow | null {
  const { kind, perWorkspace, now, until } = wanted
  const found = connection
    .prepare(
      `SELECT id, workspace FROM job LEFT JOIN job_turn USING (kind, workspace)
       WHERE kind = :kind AND ${OPEN} AND due <= :now AND :perWorkspace > (
         SELECT count(*) FROM job other
         WHERE other.kind = job.kind AND other.workspace = job.workspace AND other.state = 'running' AND other.due > :now)
       ORDER BY coalesce(turn, 0), number LIMIT 1`,
    )
    .get({ kind, perWorkspace, now }) as { id: string; workspace: string } | undefined
  if (!found) return null
  connection
    .prepare(
      `INSERT INTO job_turn VALUES (:kind, :workspace, (SELECT coalesce(max(turn), 0) + 1 FROM job_turn WHERE kind = :kind))
       ON CONFLICT DO UPDATE SET turn = excluded.turn`,
    )
    .run({ kind, workspace: found.workspace })
  connection
    .prepare(
      `UPDATE job SET state = 'running', attempt = attempt + 1, lease = lease + 1, due = :until WHERE id = :id`,
    )
    .run({ id: found.id, until })
  return get(connection, found.id)
}

function changed(connection: SqliteConnection, sql: string, values: object): boolean {
  return connection.prepare(sql).run(values as Record<string, string | number | null>).changes === 1
}
