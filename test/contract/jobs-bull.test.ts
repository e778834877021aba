import { randomBytes } from 'node:crypto'
import { RedisConnection } from '../../src/drivers/redis/redis-connection.ts'
import { BullJobs } from '../../src/jobs/bull/bull-jobs.ts'
import type { Jobs } from '../../src/jobs/jobs.ts'
import { redisUrl, removeKeys } from '../support/engines-redis.ts'
import { jobsContract } from './jobs.ts'

jobsContract('bull', async () => {
  const prefix = `t${randomBytes(5).toString('hex')}`
  const opened = new Map<Jobs, { bull: BullJobs; redis: RedisConnection }>()
  let ahead = 0
  const open = (): Promise<Jobs> => {
    const redis = new RedisConnection({ url: redisUrl() })
    const bull = new BullJobs({ redis, prefix, leaseMs: 2_000, ahead: () => ahead })
    opened.set(bull, { bull, redis })
    return Promise.resolve(bull)
  }
  const close = async (jobs: Jobs): Promise<void> => {
    await opened.get(jobs)?.bull[Symbol.asyncDispose]()
    await opened.get(jobs)?.redis[Symbol.asyncDispose]()
  }
  return {
    jobs: await open(),
    reopen: open,
    pass: (milliseconds) => {
      ahead += milliseconds
    },
    // what runs is left alone, and without its connection can neither renew nor end what it holds
    crash: close,
    close: async () => {
      for (const jobs of opened.keys()) await close(jobs)
      await removeKeys(redisUrl(), prefix)
    },
  }
})
