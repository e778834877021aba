import { join } from 'node:path'
import { systemClock } from './clock.ts'
import type { Config } from './config/config.ts'
import { Sqlite } from './drivers/sqlite/sqlite.ts'
import { TrailsealError } from './errors.ts'
import type { Jobs } from './jobs/jobs.ts'
import { jobsModule, SqliteJobs } from './jobs/sqlite/sqlite-jobs.ts'
import type { Logger } from './telemetry/logger.ts'

export interface OpenJobs extends AsyncDisposable {
  readonly jobs: Jobs
  /** Settles when jobs can be taken and run; rejects with a sentence. Null: that is the store's own matter. */
  readonly ready: (() => Promise<unknown>) | null
  /** What an operator should know who runs workers on these jobs, a sentence each. */
  readonly warnings: () => Promise<readonly string[]>
}

/**
 * Redis where it is configured; else the store, where it has a place for jobs; else a file of this process.
 * Errors: `bad_configuration`. A Redis that nobody answers at stops no gateway: events need none.
 */
export async function openJobs(config: Config, ofStore: Jobs | null, logger: Logger): Promise<OpenJobs> {
  if (config.redisUrl !== null) return await openBullJobs(config.redisUrl.reveal(), config, logger)
  if (ofStore === null) return await openLocalJobs(join(config.dataDir, 'jobs.sqlite'))
  return {
    ...{ jobs: ofStore, ready: null, warnings: () => Promise.resolve([]) },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function openBullJobs(url: string, { elasticsearch }: Config, logger: Logger): Promise<OpenJobs> {
  const { RedisConnection } = await import('./drivers/redis/redis-connection.ts')
  const { BullJobs } = await import('./jobs/bull/bull-jobs.ts')
  const redis = new RedisConnection({
    url,
    observe: {
      redisLost: (error) => logger.warn({ err: error }, 'Redis is lost: jobs wait'),
      redisFound: () => logger.info('Redis is there again'),
    },
  })
  try {
    await redis.check().catch(ignoreAbsence)
  } catch (error) {
    await redis[Symbol.asyncDispose]()
    throw error
  }
  const jobs = new BullJobs({ redis, prefix: elasticsearch?.prefix ?? 'trailseal' })
  return {
    ...{ jobs, ready: () => redis.check() },
    warnings: async () => (await redis.check().catch(ignoreAbsence))?.warnings ?? [],
    async [Symbol.asyncDispose]() {
      await jobs[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

async function openLocalJobs(file: string): Promise<OpenJobs> {
  const sqlite = await Sqlite.open({ file, modules: [jobsModule] })
  return {
    ...{ jobs: new SqliteJobs(sqlite, systemClock), ready: () => sqlite.probe() },
    warnings: () =>
      Promise.resolve([
        'Without REDIS_URL, exports wait in the data directory of this process, and no other gateway sees them. With several gateways set REDIS_URL.',
      ]),
    [Symbol.asyncDispose]: () => sqlite[Symbol.asyncDispose](),
  }
}

function ignoreAbsence(error: unknown): null {
  if (error instanceof TrailsealError && error.code === 'store_unavailable') return null
  throw error
}
