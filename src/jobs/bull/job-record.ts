import type { Job, JobState, JobValue } from '../jobs.ts'

/** A job as its hash in Redis has it, with the number of its lease. */
export interface JobRecord {
  readonly job: Job
  readonly lease: string
}

/** What HGETALL gives: names and values in turn. Null where there is no such hash. */
export function jobRecord(answer: readonly string[]): JobRecord | null {
  if (answer.length === 0) return null
  const fields = new Map<string, string>()
  for (let at = 0; at + 1 < answer.length; at += 2) fields.set(answer[at] ?? '', answer[at + 1] ?? '')
  const text = (name: string): string => fields.get(name) ?? ''
  const orNull = (name: string): string | null => (text(name) === '' ? null : text(name))
  const result = orNull('result')
  const finishedAt = orNull('finishedAt')
  return {
    lease: text('lease'),
    job: {
      ...{ id: text('id'), kind: text('kind'), workspace: text('workspace') },
      payload: JSON.parse(text('payload')) as JobValue,
      state: text('state') as JobState,
      progress: Number(text('progress')),
      attempt: Number(text('attempt')),
      result: result === null ? null : (JSON.parse(result) as JobValue),
      error: orNull('error'),
      createdAt: Number(text('createdAt')),
      finishedAt: finishedAt === null ? null : Number(finishedAt),
    },
  }
}
