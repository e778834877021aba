/**
 * Every failure that a caller can meet, in one closed table: the stable code, the HTTP status of its
 * problem document (RFC 9457) and the exit code of the command line (2 = usage, unreadable input or
 * unreachable server; 1 = tampering, loss or mismatch found).
 */
const CODES = {
  bad_request: { status: 400, exit: 2 },
  bad_json: { status: 400, exit: 2 },
  bad_query: { status: 400, exit: 2 },
  bad_cursor: { status: 400, exit: 2 },
  unauthenticated: { status: 401, exit: 2 },
  forbidden: { status: 403, exit: 2 },
  plan_required: { status: 403, exit: 2 },
  not_found: { status: 404, exit: 2 },
  method_not_allowed: { status: 405, exit: 2 },
  id_conflict: { status: 409, exit: 2 },
  export_not_ready: { status: 409, exit: 2 },
  gone: { status: 410, exit: 2 },
  body_too_large: { status: 413, exit: 2 },
  event_too_large: { status: 413, exit: 2 },
  unsupported_media_type: { status: 415, exit: 2 },
  invalid_event: { status: 422, exit: 2 },
  export_too_large: { status: 422, exit: 2 },
  overloaded: { status: 429, exit: 2 },
  internal: { status: 500, exit: 2 },
  store_unavailable: { status: 503, exit: 2 },
  index_lagging: { status: 503, exit: 2 },
  bad_configuration: { status: 500, exit: 2 },
  bad_input_file: { status: 400, exit: 2 },
  unreachable: { status: 502, exit: 2 },
  /** A signed note, checkpoint, tile or proof that is not in the form its specification demands. */
  malformed_proof: { status: 400, exit: 2 },
  /** The log, or the record of what was signed, says something else than it said before. */
  tampered: { status: 500, exit: 1 },
} as const satisfies Record<string, { status: number; exit: 0 | 1 | 2 }>

export type ErrorCode = keyof typeof CODES

/** One thing that is wrong with one event of a request. `path` is a JSON Pointer (RFC 6901) into that event. */
export interface InvalidPart {
  readonly index: number
  readonly path: string
  readonly message: string
}

interface ErrorDetails {
  readonly cause?: unknown
  /** Seconds after which a retry makes sense: becomes `Retry-After`. */
  readonly retryAfterSeconds?: number
  /** For `invalid_event`: what is wrong, event by event. */
  readonly errors?: readonly InvalidPart[]
  /** For `bad_query`: offset into the query text, in UTF-16 code units, where something else was expected. */
  readonly position?: number
}

/**
 * The one error class. `message` is a sentence for a person and never contains a secret or an event's
 * values; `code` is stable and what programs look at; the cause is kept.
 */
export class TrailsealError extends Error {
  override readonly name = 'TrailsealError'
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | undefined
  readonly errors: readonly InvalidPart[] | undefined
  readonly position: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryAfterSeconds = details.retryAfterSeconds
    this.errors = details.errors
    this.position = details.position
  }

  /** HTTP status of the problem document. */
  get status(): number {
    return CODES[this.code].status
  }

  get exitCode(): 0 | 1 | 2 {
    return CODES[this.code].exit
  }
}
