import { Redis, type RedisOptions } from 'ioredis'
import { TrailsealError } from '../../errors.ts'
import { redisFailure } from './failure.ts'

export type RedisClient = Redis

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with user, password and number of the database. */
  readonly url: string
  /** Told once when the connection is lost or can't be made, and once when it is there again; for the log. */
  readonly observe?: { redisLost(error: TrailsealError): void; redisFound(): void }
  /** How long one command may take, waiting for a connection included. */
  readonly commandTimeoutMs?: number
}

export interface RedisFacts {
  readonly version: string
  /** What about this server puts jobs at risk, a sentence each; empty where nothing does. */
  readonly warnings: readonly string[]
}

const LEAST_VERSION = [6, 2] as const
const COMMAND_TIMEOUT_MS = 3_000
const LONGEST_PAUSE_MS = 1_000
const MOMENT_MS = 300

const CLOSED = new Error('the connection was closed')

/**
 * The connections to one Redis. They are made and remade in the background for as long as the object lives, so that neither a
 * start nor a stage that needs no Redis waits for it; a command fails after `commandTimeoutMs` with one sentence.
 */
export class RedisConnection implements AsyncDisposable {
  /** The address without credentials, for messages. */
  readonly host: string
  /** For commands that answer at once. Its errors are its own: call it through `run`. */
  readonly client: RedisClient
  readonly #options: RedisOptions
  readonly #observe: RedisConnectionOptions['observe']
  readonly #blocking = new Set<RedisClient>()
  /** Why nobody answers; null while somebody does. */
  #lastError: TrailsealError | null = null

  constructor({ url, observe, commandTimeoutMs = COMMAND_TIMEOUT_MS }: RedisConnectionOptions) {
    const { hostname, host, port, username, password, pathname, protocol } = new URL(url)
    this.host = host
    this.#observe = observe
    this.#options = {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 6379 : Number(port),
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(/^\/\d+$/.test(pathname) ? { db: Number(pathname.slice(1)) } : {}),
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
      connectTimeout: commandTimeoutMs,
      // ioredis waits so long even where the other end has gone already, and the process with it.
      disconnectTimeout: 250,
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), LONGEST_PAUSE_MS),
      // bounded by commandTimeout instead
      maxRetriesPerRequest: null,
    }
    this.client = new Redis({ ...this.#options, commandTimeout: commandTimeoutMs })
    // Of each queue, and of each caller who waits for it to come back.
    this.client.setMaxListeners(0)
    this.client.on('error', (error) => this.#lose(error))
    this.client.on('close', () => this.#lose(CLOSED))
    this.client.on('ready', () => this.#find())
  }

  /** A connection of its own for commands that wait for ever; its owner closes it, or else this object does. */
  blockingClient(): RedisClient {
    const client = new Redis({ ...this.#options, enableReadyCheck: false })
    // The first client has seen the same failure.
    client.on('error', () => undefined)
    client.on('end', () => this.#blocking.delete(client))
    this.#blocking.add(client)
    if (this.client.status === 'end') client.disconnect()
    return client
  }

  /** Errors: `store_unavailable`, `bad_configuration`; a command without an answer may have been carried out. */
  async run<Answer>(command: (client: RedisClient) => Promise<Answer>): Promise<Answer> {
    if (this.#lastError !== null) await this.#found()
    try {
      return await command(this.client)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  /**
   * Asks who is there, at a start. Errors: `bad_configuration` for what only a change of settings helps against (password, TLS,
   * version), else `store_unavailable`.
   */
  async check(): Promise<RedisFacts> {
    const facts = parseInfo(await this.run((client) => client.info()))
    const version = facts.get('redis_version') ?? ''
    const [major = 0, minor = 0] = version.split('.').map(Number)
    if (major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]))
      throw new TrailsealError(
        'bad_configuration',
        `Redis at ${this.host} has version ${version || 'unknown'}; jobs need 6.2 or later.`,
      )
    const warnings: string[] = []
    if (facts.get('aof_enabled') === '0')
      warnings.push(
        `Redis at ${this.host} writes no append-only file: jobs are lost when it ends. Set appendonly yes.`,
      )
    if (![undefined, 'noeviction'].includes(facts.get('maxmemory_policy')))
      warnings.push(
        `Redis at ${this.host} may evict jobs when its memory is full. Set maxmemory-policy noeviction.`,
      )
    return { version, warnings }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [this.client, ...this.#blocking]) {
      client.removeAllListeners('close')
      client.disconnect()
    }
    return Promise.resolve()
  }

  /** Where it is known that nobody answers, a caller waits only a moment for that to change. */
  async #found(): Promise<void> {
    const { promise: moment, resolve } = Promise.withResolvers<undefined>()
    const over = (): void => resolve(undefined)
    const timer = setTimeout(over, MOMENT_MS)
    this.client.once('ready', over)
    await moment
    clearTimeout(timer)
    this.client.off('ready', over)
    if (this.#lastError !== null) throw this.#lastError
  }

  /** A command that waited in vain only knows that it timed out; why nobody answers, the connection knows. */
  #failure(error: unknown): TrailsealError {
    const failure = redisFailure(error, this.host)
    return this.client.status === 'ready' || this.#lastError === null ? failure : this.#lastError
  }

  #lose(error: unknown): void {
    const failure = redisFailure(error, this.host)
    const known = this.#lastError !== null
    // That it was closed tells less than why, or why there is no other.
    if (!known || error !== CLOSED) this.#lastError = failure
    if (!known) this.#observe?.redisLost(failure)
  }

  #find(): void {
    const known = this.#lastError !== null
    this.#lastError = null
    if (known) this.#observe?.redisFound()
  }
}

function parseInfo(info: string): ReadonlyMap<string, string> {
  return new Map(
    info.split('\r\n').map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
  )
}
