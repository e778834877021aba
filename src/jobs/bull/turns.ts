import Bull from 'bull'
import type { RedisClient, RedisConnection } from '../../drivers/redis/redis-connection.ts'

interface TurnsOptions {
  readonly redis: RedisConnection
  readonly kind: string
  readonly prefix: string
  readonly leaseMs: number
}

/** A turn says nothing but that it is there. It is tried again for as long as workers die over it: giving up is the jobs' own business. */
const TURN: Bull.JobOptions = { removeOnComplete: true, removeOnFail: true }
const TURN_AGAIN_MS = 250
const CLOSE_MS = 3_000

/** A queue of Bull whose entries are turns: each lets one worker take the next jobs of a kind. */
export class Turns {
  readonly #redis: RedisConnection
  readonly #queue: Bull.Queue
  readonly #own: RedisClient[] = []
  #closed = false

  constructor({ redis, kind, prefix, leaseMs }: TurnsOptions) {
    this.#redis = redis
    this.#queue = new Bull(kind, {
      prefix,
      createClient: (type) => {
        if (type === 'client') return redis.client
        const client = redis.blockingClient()
        this.#own.push(client)
        // Bull may ask for one while it starts, after the end.
        if (this.#closed) client.disconnect()
        return client
      },
      settings: {
        lockDuration: leaseMs,
        stalledInterval: leaseMs / 2,
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        // One round of these timers may outlive the queue, and the process waits for it.
        retryProcessDelay: TURN_AGAIN_MS,
        guardInterval: TURN_AGAIN_MS,
      },
    })
    // The connection reports its own failures; every other fault of Bull costs a turn, which is made anew.
    this.#queue.on('error', () => undefined)
  }

  /** Never rejects: a turn that could not be made is made later by a worker that looks for jobs. */
  async add(delayMs = 0): Promise<void> {
    await this.#redis
      .run(() => this.#queue.add({}, delayMs > 0 ? { ...TURN, delay: delayMs } : TURN))
      .catch(() => undefined)
  }

  /** Whether a turn is there that no worker has taken. Errors: `store_unavailable`. */
  async isWaiting(): Promise<boolean> {
    return (await this.#redis.run(() => this.#queue.getWaitingCount())) > 0
  }

  /** Lets `take` have a turn whenever there is one, `concurrency` at the same time. */
  deliver(concurrency: number, take: () => Promise<void>): void {
    void this.#queue.process(concurrency, take).catch(() => undefined)
  }

  /**
   * Waits for no turn in progress: a worker has ended its jobs before, and what a crashed one leaves comes again. Bull waits for
   * Redis to answer before it closes; we don't: it goes on when the connection is ended.
   */
  async close(): Promise<void> {
    const closed = this.#queue.close(true).catch(() => undefined)
    if (this.#redis.client.status === 'ready') {
      const { promise: late, resolve } = Promise.withResolvers<undefined>()
      const timer = setTimeout(() => resolve(undefined), CLOSE_MS)
      await Promise.race([closed, late])
      clearTimeout(timer)
    }
    this.#closed = true
    for (const client of this.#own) client.disconnect()
  }
}
