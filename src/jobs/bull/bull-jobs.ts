import type { RedisConnection } from '../../drivers/redis/redis-connection.ts'
import type { Job, Jobs, JobWork, JobWorker, NewJob } from '../jobs.ts'
import { LEASE_MS } from '../running-jobs.ts'
import { BullJobWorker } from './bull-job-worker.ts'
import { JobRecords } from './job-records.ts'
import { Turns } from './turns.ts'

export interface BullJobsOptions {
  readonly redis: RedisConnection
  /** What all keys begin with: installations on one Redis see nothing of each other. */
  readonly prefix?: string
  /** How long a worker may be silent before its jobs are free. */
  readonly leaseMs?: number
  /** Milliseconds that are added to Redis's own time, so that tests can let time pass. */
  readonly ahead?: () => number
}

/**
 * Jobs in Redis, brought to workers by Bull. Wire it as
 * `const redis = new RedisConnection({ url: config.redisUrl.reveal(), observe })`, `await redis.check()` at the start (it throws
 * `bad_configuration` for what needs another setting, `store_unavailable` where nobody answers, which need not stop a gateway),
 * `const jobs = new BullJobs({ redis })`; dispose of the workers, then of `jobs`, then of `redis`.
 *
 * The state of a job is a hash that only Lua scripts change, under a lease with a number: whatever Bull delivers late, twice or never,
 * one run ends a job. Bull carries turns: a turn tells some worker to take the next job of a kind. It brings them to idle workers
 * at once, holds them back for a retry's pause, and gives those of a crashed worker to another. Turns that Redis forgot are made anew
 * by each worker every few seconds. Durable as far as Redis is: see `docs/operations.md`. Time is that of Redis.
 */
export class BullJobs implements Jobs, AsyncDisposable {
  readonly #redis: RedisConnection
  readonly #records: JobRecords
  readonly #prefix: string
  readonly #leaseMs: number
  readonly #turns = new Map<string, Turns>()
  readonly #workers = new Set<BullJobWorker>()

  constructor({ redis, prefix = 'trailseal', leaseMs = LEASE_MS, ahead = () => 0 }: BullJobsOptions) {
    this.#redis = redis
    this.#records = new JobRecords({ redis, prefix: `${prefix}:jobs`, leaseMs, ahead })
    this.#prefix = `${prefix}:bull`
    this.#leaseMs = leaseMs
  }

  async enqueue(job: NewJob): Promise<Job> {
    const enqueued = await this.#records.enqueue(job)
    // Dying before the turn is made, or without Redis: the job is there, and workers look for it.
    await this.#turnsOf(job.kind).add()
    return enqueued
  }

  async get(id: string): Promise<Job | null> {
    return await this.#records.get(id)
  }

  async list(workspace: string, kind: string, limit: number): Promise<readonly Job[]> {
    return await this.#records.list(workspace, kind, limit)
  }

  async endedBefore(kind: string, moment: number, limit: number): Promise<readonly Job[]> {
    return await this.#records.endedBefore(kind, moment, limit)
  }

  /** A worker in another process learns of it with its next heartbeat. */
  async cancel(id: string, reason: string): Promise<boolean> {
    const cancelled = await this.#records.cancel(id, reason)
    if (cancelled) for (const worker of this.#workers) worker.cancelled(id)
    return cancelled
  }

  async remove(id: string): Promise<boolean> {
    return await this.#records.remove(id)
  }

  work(kind: string, work: JobWork): JobWorker {
    const worker = new BullJobWorker({
      ...{ kind, work, records: this.#records, leaseMs: this.#leaseMs },
      turns: this.#turnsOf(kind),
      /** Of its own, because a queue that delivers to a worker ends with it. */
      deliveries: this.#openTurns(kind),
      ended: () => this.#workers.delete(worker),
    })
    this.#workers.add(worker)
    return worker
  }

  /** Closes the queues. Workers that still run are left to their leases. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) await worker.leave()
    for (const turns of this.#turns.values()) await turns.close()
    this.#turns.clear()
  }

  #turnsOf(kind: string): Turns {
    const turns = this.#turns.get(kind) ?? this.#openTurns(kind)
    this.#turns.set(kind, turns)
    return turns
  }

  #openTurns(kind: string): Turns {
    return new Turns({ redis: this.#redis, kind, prefix: this.#prefix, leaseMs: this.#leaseMs })
  }
}
