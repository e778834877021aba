import { setTimeout as pause } from 'node:timers/promises'
import { Client, errors, type TransportRequestParams } from '@elastic/elasticsearch'
import { TrailsealError } from '../../errors.ts'
import {
  BULK_FIELDS,
  bulkItem,
  REFUSED,
  searchAnswer,
  storedDocument,
  type RawBulk,
  type RawDocument,
  type RawSearch,
  type SearchAnswer,
  type StoredDocument,
} from './answers.ts'
import { BulkChunks, type BulkItem, type BulkOperation } from './bulk.ts'
import { blocked, failureOf, storeUnavailable } from './failure.ts'

export interface ElasticsearchOptions {
  readonly url: string
  readonly apiKey?: string
  readonly username?: string
  readonly password?: string
  /** PEM text of the authority that the cluster's certificate must come from. */
  readonly ca?: string
  readonly requestTimeoutMs?: number
  /** How long refused writes (429, no active shard) are repeated before they count as failed. */
  readonly patienceMs?: number
}

export interface DocumentAddress {
  readonly index: string
  readonly id: string
  readonly routing?: string
}

export interface Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'HEAD' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly body?: unknown
}

/** Reads are repeated by the client, writes never: only the caller knows what a repetition would mean. */
const READ_RETRIES = 2
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000
/** Where an index was made a moment ago, as at each rollover, reads are refused until its shards have started. */
const SHARDS_START_WITHIN_MS = 1000
const LEAST_VERSION = [8, 19] as const

/**
 * The one connection to a cluster. Everything above it speaks of documents and searches; every failure is one sentence
 * (`store_unavailable`) that contains no secret. Works with 8.19 and 9.x.
 */
export class Elasticsearch implements AsyncDisposable {
  /** The address without credentials, for messages. */
  readonly host: string
  readonly #client: Client
  readonly #patienceMs: number
  /** One a request under way: the client ends a request that takes too long by way of its signal, which no other may share. */
  readonly #underWay = new Set<AbortController>()
  #isAbandoned = false

  constructor(options: ElasticsearchOptions) {
    const url = new URL(options.url)
    const username = options.username ?? decodeURIComponent(url.username)
    const password = options.password ?? decodeURIComponent(url.password)
    url.username = ''
    url.password = ''
    this.host = url.host
    this.#patienceMs = options.patienceMs ?? 10_000
    this.#client = new Client({
      node: url.href,
      maxRetries: 0,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      ...(options.apiKey === undefined ? {} : { auth: { apiKey: options.apiKey } }),
      ...(options.apiKey === undefined && username !== '' ? { auth: { username, password } } : {}),
      ...(options.ca === undefined ? {} : { tls: { ca: options.ca } }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close()
  }

  /**
   * Fails what is under way, and all that is asked later, with `store_unavailable`: for a process that ends and can't wait for
   * a cluster that does not answer. Of what was under way anything or nothing may have been carried out.
   */
  abandon(): void {
    this.#isAbandoned = true
    for (const request of this.#underWay) request.abort()
  }

  async #send<Body>(params: TransportRequestParams, maxRetries = 0): Promise<Body> {
    if (this.#isAbandoned)
      throw new TrailsealError('store_unavailable', 'The process is shutting down.', { retryAfterSeconds: 1 })
    const request = new AbortController()
    this.#underWay.add(request)
    try {
      const options = { maxRetries, signal: request.signal }
      return await this.#client.transport.request<Body>(params, options)
    } finally {
      this.#underWay.delete(request)
    }
  }

  /**
   * Asks who is there, at a start. Returns the version. Errors: `bad_configuration` for what only a change of settings helps
   * against (password, key, TLS, version, no Elasticsearch), else `store_unavailable`.
   */
  async check(): Promise<string> {
    let version: string
    try {
      version = await this.#version()
    } catch (error) {
      const { kind, sentence } = failureOf(error, this.host)
      if (kind === 'settings') throw new TrailsealError('bad_configuration', sentence, { cause: error })
      throw storeUnavailable(error, this.host)
    }
    const [major = 0, minor = 0] = version.split('.').map(Number)
    const [leastMajor, leastMinor] = LEAST_VERSION
    if (major < leastMajor || major > 9 || (major === leastMajor && minor < leastMinor))
      throw new TrailsealError(
        'bad_configuration',
        `Elasticsearch at ${this.host} has version ${version || 'unknown'}; Trailseal works with 8.19 and 9.x.`,
      )
    return version
  }

  async #version(): Promise<string> {
    try {
      const info = await this.#send<{ version?: { number?: string } }>({ method: 'GET', path: '/' })
      return info.version?.number ?? ''
    } catch (error) {
      // A distribution without the module of the root address (Elastic's own integ-test-zip).
      if (!(error instanceof errors.ResponseError) || error.statusCode !== 405) throw error
      const { nodes } = await this.#send<{ nodes: Record<string, { version: string }> }>({
        method: 'GET',
        path: '/_nodes/_local',
        querystring: { filter_path: 'nodes.*.version' },
      })
      return Object.values(nodes)[0]?.version ?? ''
    }
  }

  /** For parts of Elasticsearch that a distribution may lack: null where it does not know the address, too. */
  async requestIfKnown<Body>(request: Request): Promise<Body | null> {
    try {
      return await this.request<Body>(request)
    } catch (error) {
      const cause = error instanceof TrailsealError ? error.cause : null
      // "no handler found", or the address taken for that of an index
      if (cause instanceof errors.ResponseError && [400, 405].includes(cause.statusCode ?? 0)) return null
      throw error
    }
  }

  /** Any other request. Null for 404. Errors: `store_unavailable`. */
  async request<Body>({ method, path, query = {}, body }: Request): Promise<Body | null> {
    const params = {
      ...{ method, path, querystring: { ...query } },
      ...(body === undefined ? {} : { body: body as object }),
    }
    const isRead = method === 'GET' || path.endsWith('/_search')
    const deadline = isRead ? performance.now() + SHARDS_START_WITHIN_MS : -Infinity
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.#send<Body>(params, isRead ? READ_RETRIES : 0)
      } catch (error) {
        const status = error instanceof errors.ResponseError ? error.statusCode : null
        if (status === 404) return null
        if (status !== 503 || this.#isAbandoned || performance.now() + wait > deadline)
          throw storeUnavailable(error, this.host)
      }
      await pause(wait)
    }
  }

  /** Null where there is no such document, or no such index. */
  async get<Source>(
    { index, id, routing }: DocumentAddress,
    sourceIncludes: readonly string[] = [],
  ): Promise<StoredDocument<Source> | null> {
    const found = await this.request<RawDocument<Source>>({
      method: 'GET',
      path: `/${encodeURIComponent(index)}/_doc/${encodeURIComponent(id)}`,
      query: {
        ...(routing === undefined ? {} : { routing }),
        ...(sourceIncludes.length === 0 ? {} : { _source_includes: sourceIncludes.join(',') }),
      },
    })
    return found === null ? null : storedDocument(found)
  }

  /** One answer a document, in order. Errors: `store_unavailable`, also when a single shard could not answer. */
  async getMany<Source>(
    documents: readonly DocumentAddress[],
    sourceIncludes: readonly string[] = [],
  ): Promise<readonly (StoredDocument<Source> | null)[]> {
    if (documents.length === 0) return []
    const answer = await this.request<{ docs: readonly RawDocument<Source>[] }>({
      method: 'POST',
      path: '/_mget',
      query: sourceIncludes.length === 0 ? {} : { _source_includes: sourceIncludes.join(',') },
      body: { docs: documents.map(({ index, id, routing }) => ({ _index: index, _id: id, routing })) },
    })
    return (answer?.docs ?? []).map((found) => {
      if (found.error !== undefined && found.error.type !== 'index_not_found_exception')
        throw this.#incomplete()
      return found.error === undefined ? storedDocument(found) : null
    })
  }

  /** A missing index has no hits. An answer that lacks a shard is an error, never a shorter answer. */
  async search<Source>(index: string, body: object, routing?: string): Promise<SearchAnswer<Source>> {
    const answer = await this.request<RawSearch<Source>>({
      method: 'POST',
      path: `/${encodeURIComponent(index)}/_search`,
      query: {
        ...{ ignore_unavailable: true, allow_no_indices: true, allow_partial_search_results: false },
        ...(routing === undefined ? {} : { routing, preference: routing }),
      },
      body,
    })
    return this.#complete(answer ?? {})
  }

  /** A page of a point in time, which the body names. Null when the cluster no longer has it. */
  async searchAt<Source>(
    body: object,
  ): Promise<(SearchAnswer<Source> & { readonly moment: string | null }) | null> {
    const query = { allow_partial_search_results: false }
    const answer = await this.request<RawSearch<Source>>({ method: 'POST', path: '/_search', query, body })
    return answer && { ...this.#complete(answer), moment: answer.pit_id ?? null }
  }

  /** Several searches in one request, one answer each, in order; as `search`. */
  async searchMany(
    index: string,
    bodies: readonly object[],
    routing?: string,
  ): Promise<readonly SearchAnswer<never>[]> {
    if (bodies.length === 0) return []
    const header = JSON.stringify({
      ...{ index, ignore_unavailable: true, allow_no_indices: true, allow_partial_search_results: false },
      ...(routing === undefined ? {} : { routing, preference: routing }),
    })
    try {
      const { responses } = await this.#send<{
        responses: readonly (RawSearch<never> & { readonly status?: number })[]
      }>(
        {
          ...{ method: 'POST', path: '/_msearch' },
          bulkBody: bodies.map((body) => `${header}\n${JSON.stringify(body)}\n`).join(''),
        },
        READ_RETRIES,
      )
      return bodies.map((_, at) => {
        const answer = responses[at]
        if (answer === undefined || (answer.status ?? 200) >= 300) throw this.#incomplete()
        return this.#complete(answer)
      })
    } catch (error) {
      throw storeUnavailable(error, this.host)
    }
  }

  #complete<Source>(raw: RawSearch<Source>): SearchAnswer<Source> {
    const answer = searchAnswer(raw)
    if (answer === null) throw this.#incomplete()
    return answer
  }

  /**
   * Writes documents, with one outcome each, in order. Items that the cluster refused for now (429, 503) are repeated with
   * growing pauses; those that stay refused come back with their status. Operations may be given as the bytes of their lines
   * (`bulkLines`), which take a tenth of the memory while they wait. Errors: `store_unavailable` when a whole request
   * failed, of which then anything or nothing may have been carried out.
   */
  async bulk(
    operations: readonly (BulkOperation | Uint8Array)[],
    { refresh = false }: { readonly refresh?: boolean | 'wait_for' } = {},
  ): Promise<readonly BulkItem[]> {
    const items: BulkItem[] = new Array<BulkItem>(operations.length)
    let waiting = operations.map((_, at) => at)
    const deadline = performance.now() + this.#patienceMs
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      const refused: number[] = []
      for (const chunk of new BulkChunks(operations, waiting)) {
        const answers = await this.#sendBulk(chunk.body, chunk.places.length, refresh)
        for (const [at, place] of chunk.places.entries()) {
          const item = answers[at]
          if (item === undefined) throw this.#incomplete()
          items[place] = item
          if (item.status === 429 || item.status === 503) refused.push(place)
        }
      }
      if (refused.length === 0 || this.#isAbandoned || performance.now() + wait > deadline) return items
      waiting = refused
      await pause(wait)
    }
  }

  /** The error for an item that was not written. */
  refusedItem({ status, error }: BulkItem): TrailsealError {
    const reason = error?.reason ?? ''
    const sentence =
      error?.type === 'cluster_block_exception'
        ? blocked(reason, this.host)
        : `Elasticsearch at ${this.host} refused a document with status ${status}: ${error?.type ?? 'no reason given'}.`
    return new TrailsealError('store_unavailable', sentence, { retryAfterSeconds: 5, cause: error })
  }

  async #sendBulk(body: Buffer, count: number, refresh: boolean | 'wait_for'): Promise<readonly BulkItem[]> {
    try {
      const answer = await this.#send<RawBulk>({
        method: 'POST',
        path: '/_bulk',
        querystring: { timeout: '10s', refresh, filter_path: BULK_FIELDS },
        bulkBody: body,
      })
      return answer.items.map(bulkItem)
    } catch (error) {
      // Refused as a whole before anything was done: the same as each item being refused.
      if (error instanceof errors.ResponseError && error.statusCode === 429)
        return Array.from({ length: count }, () => REFUSED)
      throw storeUnavailable(error, this.host)
    }
  }

  #incomplete(): TrailsealError {
    return new TrailsealError(
      'store_unavailable',
      `Elasticsearch at ${this.host} could not answer completely: a shard is missing.`,
      { retryAfterSeconds: 5 },
    )
  }
}
