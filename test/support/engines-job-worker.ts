import { appendFileSync } from 'node:fs'
import { RedisConnection } from '../../src/drivers/redis/redis-connection.ts'
import { BullJobs } from '../../src/jobs/bull/bull-jobs.ts'

/**
 * A worker in a process of its own. Arguments: address of Redis, a file. Each line of the file is a run that reached its end.
 * A job takes as many steps as its payload says; the first attempt of one that says `stuck` never gets anywhere.
 */
const [url = '', file = ''] = process.argv.slice(2)
const STEP_MS = 50

const redis = new RedisConnection({ url })
const jobs = new BullJobs({ redis })
const worker = jobs.work('export', {
  ...{ concurrency: 2, perWorkspace: 1, attempts: 20, backoff: () => 100, isFinal: () => false },
  gaveUp: () => Promise.resolve(),
  async run({ id, attempt, payload }, { signal, progress }) {
    const { steps, stuck = false } = payload as { steps: number; stuck?: boolean }
    process.stdout.write(`begins ${id}\n`)
    for (let step = 0; step < steps || (stuck && attempt === 1); step++) {
      await new Promise((resolve) => setTimeout(resolve, STEP_MS))
      signal.throwIfAborted()
      progress(step / steps)
    }
    appendFileSync(file, `${id}\n`)
    return { by: process.pid }
  },
})
process.on('SIGTERM', () => {
  void (async () => {
    await worker[Symbol.asyncDispose]()
    await jobs[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })()
})
process.stdout.write('ready\n')
