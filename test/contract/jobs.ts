import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Job, JobRun, Jobs, JobValue, JobWork, JobWorker } from '../../src/jobs/jobs.ts'

export interface OpenJobs {
  readonly jobs: Jobs
  /** The same jobs, as another process has them. */
  reopen(): Promise<Jobs>
  /** Lets time pass for leases and pauses. */
  pass(milliseconds: number): void
  /** Ends a process that `reopen` gave without any farewell. */
  crash(jobs: Jobs): Promise<void>
  close(): Promise<void>
}

const HOUR = 3_600_000

function work(run: (job: Job, context: JobRun) => Promise<JobValue>, given: Partial<JobWork> = {}): JobWork {
  return {
    ...{ concurrency: 4, perWorkspace: 1, attempts: 3, backoff: () => 60_000, isFinal: () => false },
    gaveUp: () => Promise.resolve(),
    run,
    ...given,
  }
}

/** A promise with its handle: jobs wait at it until the test lets them on. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return { opened: promise, open: () => resolve(undefined) }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const leave = (): void => reject(new Error('left'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
  })

/** What every adapter of the port Jobs has to do. */
export function jobsContract(name: string, open: () => Promise<OpenJobs>): void {
  describe(`jobs: ${name}`, () => {
    let opened: OpenJobs
    let jobs: Jobs
    const workers: JobWorker[] = []
    beforeEach(async () => {
      opened = await open()
      jobs = opened.jobs
    })
    afterEach(async () => {
      for (const worker of workers.splice(0)) await worker[Symbol.asyncDispose]()
      await opened.close()
    })
    const start = (of: Jobs, with_: JobWork): JobWorker => {
      const worker = of.work('export', with_)
      workers.push(worker)
      return worker
    }
    const enqueue = (id: string, workspace = 'acme', payload: JobValue = { n: 1 }): Promise<Job> =>
      jobs.enqueue({ id, kind: 'export', workspace, payload })
    const until = async (id: string, condition: (job: Job) => boolean): Promise<Job> => {
      for (;;) {
        const job = await jobs.get(id)
        if (job && condition(job)) return job
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    const ended = (id: string): Promise<Job> => until(id, ({ finishedAt }) => finishedAt !== null)

    test('runs a job once and keeps its result; enqueueing the id again changes nothing', async () => {
      const seen: JobValue[] = []
      await enqueue('j1', 'acme', { what: 'first' })
      await enqueue('j1', 'acme', { what: 'second' })
      start(
        jobs,
        work(({ payload }) => {
          seen.push(payload)
          return Promise.resolve({ rows: 3 })
        }),
      )
      expect(await ended('j1')).toMatchObject({ state: 'done', progress: 1, attempt: 1, result: { rows: 3 } })
      expect(await enqueue('j1')).toMatchObject({ state: 'done', payload: { what: 'first' } })
      expect(seen).toEqual([{ what: 'first' }])
    })

    test('lists the jobs of one workspace and kind, newest first', async () => {
      await enqueue('a')
      await enqueue('other', 'rival')
      await jobs.enqueue({ id: 'mail', kind: 'mail', workspace: 'acme', payload: null })
      await enqueue('b')
      expect((await jobs.list('acme', 'export', 10)).map(({ id }) => id)).toEqual(['b', 'a'])
      expect(await jobs.list('acme', 'export', 1)).toHaveLength(1)
    })

    test('shows progress while a job runs', async () => {
      const stay = gate()
      await enqueue('j1')
      start(
        jobs,
        work(async (_, { progress }) => {
          progress(0.5)
          await stay.opened
          return null
        }),
      )
      expect(await until('j1', ({ progress }) => progress > 0)).toMatchObject({
        state: 'running',
        progress: 0.5,
      })
      stay.open()
      await ended('j1')
    })

    test('tries again after a pause, then gives up and says so first', async () => {
      let runs = 0
      const told: unknown[] = []
      await enqueue('j1')
      start(
        jobs,
        work(
          ({ id }) => {
            // one that wakes the worker may be begun before it is cancelled
            if (id !== 'j1') return Promise.resolve(null)
            runs++
            throw new Error(`failure ${runs}`)
          },
          {
            gaveUp: async (job, error) => {
              told.push((error as Error).message)
              expect((await jobs.get(job.id))?.state).toBe('running')
            },
          },
        ),
      )
      for (const attempt of [1, 2]) {
        const waiting = await until('j1', (job) => job.state === 'queued' && job.attempt === attempt)
        expect(waiting.error).toBe(`failure ${attempt}`)
        opened.pass(61_000)
        await enqueue(`wake ${attempt}`, 'other')
        await jobs.cancel(`wake ${attempt}`, 'only there to wake the worker')
      }
      expect(await ended('j1')).toMatchObject({ state: 'failed', error: 'failure 3', attempt: 3 })
      expect(told).toEqual(['failure 3'])
    })

    test('a final failure is not tried again', async () => {
      await enqueue('j1')
      start(
        jobs,
        work(() => Promise.reject(new Error('never')), { isFinal: () => true }),
      )
      expect(await ended('j1')).toMatchObject({ state: 'failed', attempt: 1, error: 'never' })
    })

    test('cancelling ends a waiting job at once and a running one through its signal', async () => {
      await enqueue('waiting')
      expect(await jobs.cancel('waiting', 'not needed')).toBe(true)
      expect(await jobs.get('waiting')).toMatchObject({ state: 'cancelled', error: 'not needed' })
      const begun = gate()
      const left = gate()
      start(
        jobs,
        work(async (_, { signal }) => {
          begun.open()
          return await aborted(signal).finally(() => left.open())
        }),
      )
      await enqueue('running')
      await begun.opened
      expect(await jobs.cancel('running', 'not needed')).toBe(true)
      await left.opened
      expect(await ended('running')).toMatchObject({ state: 'cancelled', result: null })
      expect(await jobs.cancel('running', 'again')).toBe(false)
    })

    test('whoever was cancelled from another process can not finish any more', async () => {
      const elsewhere = await opened.reopen()
      const begun = gate()
      await enqueue('j1')
      const left = gate()
      start(
        jobs,
        work(async (_, { signal }) => {
          begun.open()
          await aborted(signal).catch(() => left.open())
          return 'finished all the same'
        }),
      )
      await begun.opened
      await elsewhere.cancel('j1', 'from elsewhere')
      await left.opened
      expect(await ended('j1')).toMatchObject({ state: 'cancelled', result: null })
    })

    test('one workspace runs one job at a time, and a long queue of one does not hold up another', async () => {
      const order: string[] = []
      let most = 0
      const running = new Map<string, number>()
      const step = gate()
      for (const each of ['a1', 'a2', 'a3']) await enqueue(each, 'acme')
      for (const each of ['b1', 'b2']) await enqueue(each, 'rival')
      start(
        jobs,
        work(
          async ({ id, workspace }) => {
            order.push(id)
            running.set(workspace, (running.get(workspace) ?? 0) + 1)
            most = Math.max(most, running.get(workspace) ?? 0)
            if (id === 'a1') await step.opened
            running.set(workspace, (running.get(workspace) ?? 0) - 1)
            return null
          },
          { concurrency: 2 },
        ),
      )
      await ended('b2')
      expect(order).toEqual(['a1', 'b1', 'b2'])
      step.open()
      await Promise.all(['a2', 'a3'].map(ended))
      expect(most).toBe(1)
    })

    test('with one place for all, workspaces take turns', async () => {
      const order: string[] = []
      for (const each of ['a1', 'a2', 'a3']) await enqueue(each, 'acme')
      await enqueue('b1', 'rival')
      await enqueue('c1', 'third')
      start(
        jobs,
        work(
          ({ id }) => {
            order.push(id)
            return Promise.resolve(null)
          },
          { concurrency: 1 },
        ),
      )
      await ended('a3')
      expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'a3'])
    })

    test('a stopping worker hands its job back, uncounted, and the next one begins at once', async () => {
      const begun = gate()
      await enqueue('j1')
      const first = start(
        jobs,
        work(async (_, { signal }) => {
          begun.open()
          return await aborted(signal)
        }),
      )
      await begun.opened
      await first[Symbol.asyncDispose]()
      expect(await jobs.get('j1')).toMatchObject({ state: 'queued', attempt: 0, error: null })
      start(
        jobs,
        work(() => Promise.resolve('second')),
      )
      expect(await ended('j1')).toMatchObject({ state: 'done', attempt: 1, result: 'second' })
    })

    test('a job whose worker crashed begins again when its lease has ended', async () => {
      const elsewhere = await opened.reopen()
      const begun = gate()
      await enqueue('j1')
      void elsewhere.work(
        'export',
        work(async () => {
          begun.open()
          return await new Promise<never>(() => undefined)
        }),
      )
      await elsewhere.enqueue({ id: 'nudge', kind: 'mail', workspace: 'acme', payload: null })
      await begun.opened
      await opened.crash(elsewhere)
      start(
        jobs,
        work(() => Promise.resolve('resumed')),
      )
      expect((await jobs.get('j1'))?.state).toBe('running')
      opened.pass(HOUR)
      expect(await ended('j1')).toMatchObject({ state: 'done', attempt: 2, result: 'resumed' })
    })

    test('a job that ends its process each time is given up', async () => {
      const told: string[] = []
      await enqueue('j1')
      for (const attempt of [1, 2, 3]) {
        const elsewhere = await opened.reopen()
        void elsewhere.work(
          'export',
          work(() => new Promise<never>(() => undefined)),
        )
        await until('j1', (job) => job.state === 'running' && job.attempt === attempt)
        await opened.crash(elsewhere)
        opened.pass(HOUR)
      }
      start(
        jobs,
        work(() => Promise.resolve('never run'), {
          gaveUp: ({ id }) => {
            told.push(id)
            return Promise.resolve()
          },
        }),
      )
      expect(await ended('j1')).toMatchObject({ state: 'failed', result: null })
      expect(told).toEqual(['j1'])
    })

    test('ended jobs are found by age and can be forgotten, open ones can not', async () => {
      await enqueue('old')
      await enqueue('open', 'rival')
      await jobs.cancel('old', 'so that it has ended')
      opened.pass(HOUR)
      const moment = Number.MAX_SAFE_INTEGER
      expect((await jobs.endedBefore('export', moment, 10)).map(({ id }) => id)).toEqual(['old'])
      expect(await jobs.endedBefore('export', 1, 10)).toEqual([])
      expect(await jobs.remove('open')).toBe(false)
      expect(await jobs.remove('old')).toBe(true)
      expect(await jobs.get('old')).toBeNull()
    })
  })
}
