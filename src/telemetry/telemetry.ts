import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Logger } from './logger.ts'

/** Seconds; commits take milliseconds, verification-sized answers seconds. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const BATCH_BUCKETS = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384]

/** One finished HTTP request. `route` is the pattern, never the path: its values would make endless series. */
export interface HttpRequestFacts {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly seconds: number
}

/**
 * One helper for each thing that happens, called from the stage where it happens: it logs and counts, so that the
 * stages do neither. Traces will start here too.
 */
export class Telemetry {
  readonly logger: Logger
  readonly #registry = new Registry()
  readonly #httpRequests = this.#histogram(
    'trailseal_http_request_duration_seconds',
    'HTTP requests by route and status',
    LATENCY_BUCKETS,
    ['method', 'route', 'status'],
  )
  readonly #events = this.#counter('trailseal_events_committed_total', 'Events that are durable in a log')
  readonly #batchEvents = this.#histogram(
    'trailseal_commit_batch_events',
    'Events that share one commit',
    BATCH_BUCKETS,
  )
  readonly #commitSeconds = this.#histogram(
    'trailseal_commit_duration_seconds',
    'Time that a commit took',
    LATENCY_BUCKETS,
  )
  readonly #redacted = this.#counter('trailseal_redacted_values_total', 'Values taken out of events')
  readonly #searchSeconds = this.#histogram(
    'trailseal_search_duration_seconds',
    'Time that a read took',
    LATENCY_BUCKETS,
    ['kind'],
  )
  readonly #signed = this.#counter('trailseal_log_heads_signed_total', 'Checkpoints signed')
  readonly #exports = this.#counter('trailseal_exports_total', 'Exports that ended', ['outcome'])
  readonly #mailsGivenUp = this.#counter('trailseal_mails_given_up_total', 'Mails that were never taken')
  readonly #storeErrors = this.#counter('trailseal_store_errors_total', 'Calls that a store failed', ['code'])

  readonly #projectionErrors = this.#counter(
    'trailseal_projection_errors_total',
    'Attempts to bring the search index up to the ledger that failed',
  )

  /** `queueBytes` and `projection` are asked at each scrape. */
  constructor({ logger, queueBytes, projection, processMetrics = true }: TelemetryOptions) {
    this.logger = logger
    if (processMetrics) collectDefaultMetrics({ register: this.#registry })
    this.#gauge('trailseal_queue_bytes', 'Bytes of events that wait for their commit', queueBytes)
    if (!projection) return
    const { lag, failing } = {
      lag: 'Committed events that the search index does not have, as last seen',
      failing: 'Logs whose search index can not be written',
    }
    this.#gauge('trailseal_projection_lag_events', lag, () => projection().lag)
    this.#gauge('trailseal_projection_failing_logs', failing, () => projection().failing)
  }

  /** Text exposition of Prometheus, with its content type. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  httpRequest({ method, route, status, seconds }: HttpRequestFacts): void {
    this.#httpRequests.observe({ method, route, status: String(status) }, seconds)
  }

  eventsCommitted(workspace: string, count: number, milliseconds: number): void {
    this.#events.inc(count)
    this.#batchEvents.observe(count)
    this.#commitSeconds.observe(milliseconds / 1_000)
    this.logger.debug({ workspace, count, ms: milliseconds }, 'events committed')
  }

  valuesRedacted(count: number): void {
    if (count > 0) this.#redacted.inc(count)
  }

  logHeadSigned(): void {
    this.#signed.inc()
  }

  /** Times a search. `kind`: list, own, history, facets, histogram. */
  async searching<Found>(kind: string, search: () => Promise<Found>): Promise<Found> {
    const done = this.#searchSeconds.startTimer({ kind })
    try {
      return await search()
    } finally {
      done()
    }
  }

  storeFailed(error: Error & { readonly code?: string }): void {
    this.#storeErrors.inc({ code: error.code ?? 'unknown' })
    this.logger.error({ err: error }, 'the store failed')
  }

  /** The process ends without its answers. What was acknowledged is stored, and a retry by client id finds the rest. */
  storeAbandoned(place: string): void {
    this.logger.warn({ store: place }, 'the store did not answer in time: the process ends without it')
  }

  /** It is tried again; `workspace` null: what is missing could not be found out. */
  projectionFailed(workspace: string | null, error: unknown): void {
    this.#projectionErrors.inc()
    this.logger.warn({ workspace, err: error }, 'the search index could not be brought up to the ledger')
  }

  /** The next run is made all the same. */
  retentionFailed(error: unknown): void {
    this.logger.error({ err: error }, 'retention failed')
  }

  exportEnded({ workspace, id, outcome, milliseconds, error }: ExportFacts): void {
    this.#exports.inc({ outcome })
    const facts = { workspace, export: id, ms: milliseconds }
    if (outcome === 'done') this.logger.info(facts, 'export done')
    else this.logger.warn({ ...facts, err: error }, 'export failed')
  }

  mailGivenUp({ id, error }: { readonly id: string; readonly error: unknown }): void {
    this.#mailsGivenUp.inc()
    this.logger.warn({ mail: id, err: error }, 'a mail was given up')
  }

  /** Expired files stay until the next sweep. */
  sweepFailed(error: unknown): void {
    this.logger.error({ err: error }, 'the sweep of expired exports failed')
  }

  #gauge(name: string, help: string, value: () => number): void {
    const gauge: Gauge = new Gauge({
      ...{ name, help, registers: [this.#registry] },
      collect: () => gauge.set(value()),
    })
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #histogram(name: string, help: string, buckets: number[], labelNames: readonly string[] = []): Histogram {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] })
  }
}

export interface ExportFacts {
  readonly workspace: string
  readonly id: string
  readonly outcome: 'done' | 'failed'
  readonly milliseconds: number
  readonly error?: unknown
}

export interface TelemetryOptions {
  readonly logger: Logger
  readonly queueBytes: () => number
  /** How far the search index is behind. */
  readonly projection?: () => { readonly lag: number; readonly failing: number }
  /** Memory, event loop lag, garbage collection of this process. */
  readonly processMetrics?: boolean
}
