import { errors } from '@elastic/elasticsearch'
import { TrailsealError } from '../../errors.ts'

/**
 * What went wrong between us and a cluster. `settings`: no retry will help until somebody changes a setting; `unclear`: the
 * request may have been carried out; `refused`: it was not, and may be repeated later.
 */
type FailureKind = 'settings' | 'unclear' | 'refused'

export interface Failure {
  readonly kind: FailureKind
  readonly sentence: string
}

/** The part of a response to a failed request that says why (Elasticsearch REST API, "Error handling"). */
interface ErrorBody {
  readonly error?:
    | string
    | {
        readonly type?: string
        readonly reason?: string
        /** Why an API key was refused; the reason itself does not say so. */
        readonly additional_unsuccessful_credentials?: string
      }
}

const RETRY_SECONDS = 2

/**
 * One sentence a failure, without any credential: `host` is the address without user and password. Texts of the cluster are
 * passed on only where they name a privilege or an index.
 */
export function failureOf(error: unknown, host: string): Failure {
  if (error instanceof errors.ResponseError) return failureOfStatus(error, host)
  if (error instanceof errors.ProductNotSupportedError)
    return { kind: 'settings', sentence: `What answers at ${host} is not Elasticsearch.` }
  if (error instanceof errors.TimeoutError || error instanceof errors.RequestAbortedError)
    return { kind: 'unclear', sentence: `Elasticsearch at ${host} did not answer in time.` }
  if (error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError)
    return failureOfConnection(error, host)
  return { kind: 'unclear', sentence: `The answer of Elasticsearch at ${host} can't be read.` }
}

/** The failure as the error of a port: `store_unavailable`. */
export function storeUnavailable(error: unknown, host: string): TrailsealError {
  if (error instanceof TrailsealError) return error
  const { sentence } = failureOf(error, host)
  return new TrailsealError('store_unavailable', sentence, { cause: error, retryAfterSeconds: RETRY_SECONDS })
}

function failureOfStatus(error: InstanceType<typeof errors.ResponseError>, host: string): Failure {
  const body = error.body as ErrorBody | undefined
  const detail = typeof body?.error === 'object' ? body.error : undefined
  const reason = detail?.reason ?? ''
  switch (error.statusCode ?? 500) {
    case 401:
      return {
        kind: 'settings',
        sentence: unauthenticated(`${reason} ${detail?.additional_unsuccessful_credentials ?? ''}`, host),
      }
    case 403:
      return detail?.type === 'cluster_block_exception'
        ? { kind: 'refused', sentence: blocked(reason, host) }
        : { kind: 'settings', sentence: `The key of Trailseal lacks a privilege at ${host}: ${reason}` }
    case 429:
      return { kind: 'refused', sentence: `Elasticsearch at ${host} has more work than it can take.` }
    case 502:
    case 504:
      return { kind: 'unclear', sentence: `Elasticsearch at ${host} did not answer its proxy.` }
    case 503:
      return {
        kind: 'refused',
        sentence: `Elasticsearch at ${host} is not ready: ${reason || 'no reason given'}.`,
      }
    default:
      return {
        kind: (error.statusCode ?? 500) >= 500 ? 'unclear' : 'refused',
        sentence: `Elasticsearch at ${host} refused a request with status ${error.statusCode ?? 0}: ${detail?.type ?? 'no reason given'}.`,
      }
  }
}

function unauthenticated(reason: string, host: string): string {
  if (/expired/i.test(reason))
    return `The API key for Elasticsearch at ${host} has expired: make a new one with \`trailseal setup\` and set ELASTICSEARCH_API_KEY.`
  if (/api[ _]?key/i.test(reason))
    return `Elasticsearch at ${host} does not know the API key in ELASTICSEARCH_API_KEY, or it was invalidated.`
  if (/missing authentication/i.test(reason))
    return `Elasticsearch at ${host} wants credentials: set ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD.`
  return `Elasticsearch at ${host} refuses the user name or the password.`
}

/** Of an item or a whole request: an index block (read-only, flood stage of a disk), as the cluster words it. */
export function blocked(reason: string, host: string): string {
  return `Elasticsearch at ${host} does not take writes now: ${reason}`
}

const TLS_FAULTS =
  /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_TLS|ERR_SSL|EPROTO|wrong version number|certificate/i

function failureOfConnection(error: Error, host: string): Failure {
  const fault = `${codeOf(error)} ${error.message}`
  if (/wrong version number|packet length too long/.test(fault))
    return {
      kind: 'settings',
      sentence: `What answers at ${host} does not speak TLS: begin ELASTICSEARCH_URL with http, or switch TLS on there.`,
    }
  if (TLS_FAULTS.test(fault))
    return {
      kind: 'settings',
      sentence: `No trusted TLS connection to Elasticsearch at ${host} (${codeOf(error) || error.message.split('\n')[0]}): set ELASTICSEARCH_CA to the certificate of its authority.`,
    }
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/.test(fault))
    return { kind: 'refused', sentence: `Elasticsearch at ${host} can't be reached.` }
  return { kind: 'unclear', sentence: `The connection to Elasticsearch at ${host} broke.` }
}

/** The client keeps the socket's error as the cause of its own, sometimes one level further down. */
function codeOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at !== null && typeof at === 'object' && depth < 4; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown }
    if (typeof code === 'string' && code !== 'ConnectionError') return code
    at = cause ?? (at as { meta?: { cause?: unknown } }).meta?.cause
  }
  return ''
}
