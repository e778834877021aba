import { join } from 'node:path'
import { Sqlite } from '../../src/drivers/sqlite/sqlite.ts'
import type { Jobs } from '../../src/jobs/jobs.ts'
import { jobsModule, SqliteJobs } from '../../src/jobs/sqlite/sqlite-jobs.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { jobsContract } from './jobs.ts'

jobsContract('sqlite', async () => {
  const folder = temporaryDirectory()
  const opened = new Map<Jobs, Sqlite>()
  const clock = { time: Date.parse('2026-11-23T12:00:00Z'), now: () => clock.time }
  const open = async (): Promise<Jobs> => {
    const sqlite = await Sqlite.open({ file: join(folder.path, 'trailseal.sqlite'), modules: [jobsModule] })
    const jobs = new SqliteJobs(sqlite, clock)
    opened.set(jobs, sqlite)
    return jobs
  }
  return {
    jobs: await open(),
    reopen: open,
    pass: (milliseconds) => {
      clock.time += milliseconds
    },
    // without its threads it can neither renew nor end what it holds
    crash: async (jobs) => await opened.get(jobs)?.[Symbol.asyncDispose](),
    close: async () => {
      for (const sqlite of opened.values()) await sqlite[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
})
