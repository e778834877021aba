import type { Job, JobValue } from '../jobs.ts'
import type { JobRow } from './procedures.ts'

export function toJob(row: JobRow): Job {
  const { id, kind, workspace, state, progress, attempt, error } = row
  return {
    ...{ id, kind, workspace, state, progress, attempt, error },
    payload: JSON.parse(row.payload) as JobValue,
    result: row.result === null ? null : (JSON.parse(row.result) as JobValue),
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  }
}
