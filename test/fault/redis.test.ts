import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from '@jest/globals'
import { RedisConnection } from '../../src/drivers/redis/redis-connection.ts'
import type { TrailsealError } from '../../src/errors.ts'
import { BullJobs } from '../../src/jobs/bull/bull-jobs.ts'
import type { Job, JobValue } from '../../src/jobs/jobs.ts'
import { RedisProcess } from '../support/engines-redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const ROOT = join(import.meta.dirname, '../..')
const NODE = join(ROOT, 'node_modules/.bin/node')

/** A worker process, and the lines that it printed. */
class Worker {
  readonly child: ChildProcess
  readonly begun = new Set<string>()
  errors = ''

  constructor(url: string, file: string) {
    this.child = spawn(NODE, [join(ROOT, 'test/support/engines-job-worker.ts'), url, file], { stdio: 'pipe' })
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()))
    if (!this.child.stdout) throw new Error('no standard output')
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const [word, id = ''] = line.split(' ')
      if (word === 'begins') this.begun.add(id)
    })
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const gone = once(this.child, 'exit')
    this.child.kill(signal)
    return ((await gone) as [number | null])[0]
  }
}

/** A Redis of its own with jobs on it, and workers in processes of their own. */
class Room implements AsyncDisposable {
  readonly redis: RedisProcess
  readonly jobs: BullJobs
  readonly #connection: RedisConnection
  readonly #file: string
  readonly #workers: Worker[] = []

  private constructor(redis: RedisProcess, folder: string) {
    this.redis = redis
    this.#file = join(folder, 'ends')
    writeFileSync(this.#file, '')
    this.#connection = new RedisConnection({ url: redis.url })
    this.jobs = new BullJobs({ redis: this.#connection })
  }

  static async open(folder: string): Promise<Room> {
    return new Room(await RedisProcess.start(folder), folder)
  }

  worker(): Worker {
    const worker = new Worker(this.redis.url, this.#file)
    this.#workers.push(worker)
    return worker
  }

  /** As a caller does it: again with the same id until it is settled. Gives the errors on the way. */
  async enqueue(id: string, workspace: string, payload: JobValue): Promise<readonly TrailsealError[]> {
    for (const errors: TrailsealError[] = []; ;)
      try {
        await this.jobs.enqueue({ id, kind: 'export', workspace, payload })
        return errors
      } catch (error) {
        errors.push(error as TrailsealError)
      }
  }

  async until(id: string, condition: (job: Job | null) => boolean): Promise<Job | null> {
    for (;;) {
      const job = await this.jobs.get(id).catch(() => null)
      if (condition(job)) return job
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async ended(id: string): Promise<Job | null> {
    return await this.until(id, (job) => job !== null && job.finishedAt !== null)
  }

  /** Ids of the runs that reached their end, one for each. */
  ends(): readonly string[] {
    return readFileSync(this.#file, 'utf8').split('\n').filter(Boolean)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#workers) child.kill('SIGKILL')
    await this.jobs[Symbol.asyncDispose]()
    await this.#connection[Symbol.asyncDispose]()
    await this.redis[Symbol.asyncDispose]()
  }
}

describe('jobs on a Redis that dies', () => {
  test('killed and restarted again and again while jobs run: each job ends, and only one run of each reaches its end', async () => {
    using directory = temporaryDirectory()
    await using room = await Room.open(directory.path)
    const workers = [room.worker(), room.worker()]
    const ids = Array.from({ length: 36 }, (_, at) => `job-${at}`)
    for (const [at, id] of ids.slice(0, 24).entries()) await room.enqueue(id, `w${at % 6}`, { steps: 12 })
    for (const [round, count] of [3, 8, 14].entries()) {
      while (room.ends().length < count) await new Promise((resolve) => setTimeout(resolve, 20))
      await room.redis.kill()
      const late = ids.slice(24 + round * 4, 28 + round * 4)
      const enqueued = late.map((id, at) => room.enqueue(id, `w${at}`, { steps: 12 }))
      // down until a caller has heard of it
      const refused = room.jobs.get('job-0').catch((error: unknown) => error)
      expect(await refused).toMatchObject({ code: 'store_unavailable', retryAfterSeconds: 2 })
      await room.redis.start()
      await Promise.all(enqueued)
    }
    const jobs = await Promise.all(ids.map((id) => room.ended(id)))
    expect(jobs.map((job) => job?.state)).toEqual(ids.map(() => 'done'))
    expect([...room.ends()].sort()).toEqual([...ids].sort())
    expect(await Promise.all(workers.map((worker) => worker.end('SIGTERM')))).toEqual([0, 0])
    expect(workers.map(({ errors }) => errors)).toEqual(['', ''])
  }, 180_000)

  test('a run that ends while Redis is away for longer than a lease is the one that counts', async () => {
    using directory = temporaryDirectory()
    await using room = await Room.open(directory.path)
    const [one, other] = [room.worker(), room.worker()]
    await room.enqueue('long', 'acme', { steps: 60 })
    while (one.begun.size + other.begun.size === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    await room.redis.kill()
    const began = performance.now()
    while (room.ends().length === 0 && performance.now() - began < 4_500)
      await new Promise((resolve) => setTimeout(resolve, 20))
    while (performance.now() - began < 11_000) await new Promise((resolve) => setTimeout(resolve, 100))
    await room.redis.start()
    expect(await room.ended('long')).toMatchObject({ state: 'done', attempt: 1 })
    expect(room.ends()).toEqual(['long'])
  }, 60_000)

  test('a killed worker: its job begins again elsewhere, and ends once', async () => {
    using directory = temporaryDirectory()
    await using room = await Room.open(directory.path)
    const opened = performance.now()
    const victim = room.worker()
    // A lease of Redis's first second ends while Redis, which counts whole ones, holds that it may have slept through it: it is then let
    // live a little longer, and the next job goes first.
    while (performance.now() - opened < 2_000) await new Promise((resolve) => setTimeout(resolve, 50))
    await room.enqueue('stuck', 'acme', { steps: 3, stuck: true })
    while (!victim.begun.has('stuck')) await new Promise((resolve) => setTimeout(resolve, 10))
    await victim.end('SIGKILL')
    room.worker()
    await room.enqueue('next', 'acme', { steps: 1 })
    expect(await room.ended('stuck')).toMatchObject({ state: 'done', attempt: 2 })
    expect(await room.ended('next')).toMatchObject({ state: 'done', attempt: 1 })
    expect(room.ends()).toEqual(['stuck', 'next'])
  }, 60_000)
})
