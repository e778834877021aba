import type { Clock } from '../../clock.ts'
import { moduleBeside, type Sqlite } from '../../drivers/sqlite/sqlite.ts'
import type { Job, Jobs, JobWork, JobWorker, NewJob } from '../jobs.ts'
import { JobNews } from './job-news.ts'
import { toJob } from './job-row.ts'
import type { JobRow } from './procedures.ts'
import { SqliteJobWorker } from './sqlite-job-worker.ts'

/** What `Sqlite.open` has to load for this adapter. */
export const jobsModule = moduleBeside(import.meta.url, './procedures')

/**
 * Jobs as rows of the embedded store. A change of state is one transaction with `synchronous=FULL`; a claim reads and takes
 * inside it, so that several processes on the same file share the work. A worker learns of jobs of other processes within a second.
 */
export class SqliteJobs implements Jobs {
  readonly #sqlite: Sqlite
  readonly #clock: Clock
  readonly #news = new JobNews()

  constructor(sqlite: Sqlite, clock: Clock) {
    this.#sqlite = sqlite
    this.#clock = clock
  }

  async enqueue({ id, kind, workspace, payload }: NewJob): Promise<Job> {
    const argument = { id, kind, workspace, payload: JSON.stringify(payload), now: this.#clock.now() }
    const [row] = await this.#sqlite.write([{ procedure: 'jobs.enqueue', argument }])
    this.#news.tell('enqueued', kind)
    return toJob(row as JobRow)
  }

  async get(id: string): Promise<Job | null> {
    const row = (await this.#sqlite.read({ procedure: 'jobs.get', argument: id })) as JobRow | null
    return row && toJob(row)
  }

  async list(workspace: string, kind: string, limit: number): Promise<readonly Job[]> {
    const argument = { workspace, kind, limit }
    return ((await this.#sqlite.read({ procedure: 'jobs.list', argument })) as JobRow[]).map(toJob)
  }

  async endedBefore(kind: string, moment: number, limit: number): Promise<readonly Job[]> {
    const argument = { kind, moment, limit }
    return ((await this.#sqlite.read({ procedure: 'jobs.endedBefore', argument })) as JobRow[]).map(toJob)
  }

  async cancel(id: string, reason: string): Promise<boolean> {
    const argument = { id, reason, now: this.#clock.now() }
    const [cancelled] = await this.#sqlite.write([{ procedure: 'jobs.cancel', argument }])
    if (cancelled === true) this.#news.tell('cancelled', id)
    return cancelled === true
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#sqlite.write([{ procedure: 'jobs.remove', argument: id }]))[0] === true
  }

  work(kind: string, work: JobWork): JobWorker {
    return new SqliteJobWorker({ sqlite: this.#sqlite, clock: this.#clock, news: this.#news, kind, work })
  }
}
