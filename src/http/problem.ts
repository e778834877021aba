import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, Response } from 'express'
import { TrailsealError } from '../errors.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** Problem document of RFC 9457, with the members of contract §5. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly request_id?: string
  readonly errors?: readonly { readonly index: number; readonly path: string; readonly message: string }[]
  readonly position?: number
}

/** Whatever was thrown, as what its caller may know. Faults of our own show no more than that they happened. */
export function toProblem(error: TrailsealError, requestId: string | null): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    detail: isOurFault(error)
      ? 'Something failed here. The log of the server says what, under the request id.'
      : error.message,
    code: error.code,
    ...(requestId === null ? {} : { request_id: requestId }),
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    ...(error.position === undefined ? {} : { position: error.position }),
  }
}

/** Errors that express and Node throw carry a 4xx status; everything else that is not ours is `internal`. */
export function toTrailsealError(error: unknown): TrailsealError {
  if (error instanceof TrailsealError) return error
  const status = error instanceof Error && 'status' in error ? error.status : null
  if (error instanceof URIError || status === 400)
    return new TrailsealError('bad_request', 'The address is not properly percent-encoded UTF-8.', {
      cause: error,
    })
  return new TrailsealError('internal', 'An unexpected error.', { cause: error })
}

function isOurFault(error: TrailsealError): boolean {
  return error.status === 500
}

function sendProblem(response: Response, error: TrailsealError): void {
  const requestId = response.getHeader('x-request-id')
  if (error.retryAfterSeconds !== undefined)
    response.set('Retry-After', String(Math.ceil(error.retryAfterSeconds)))
  if (error.code === 'unauthenticated') response.set('WWW-Authenticate', 'Bearer realm="trailseal"')
  response
    .status(error.status)
    .set({ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
    // As bytes, because Express would add a charset, which this media type does not have.
    .send(Buffer.from(JSON.stringify(toProblem(error, typeof requestId === 'string' ? requestId : null))))
}

/** The last middleware: every failure becomes a problem document, and those of our own a line in the log. */
export function problemHandler(telemetry: Telemetry): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    // The client left while it was sending: nobody waits for an answer, and nothing failed here.
    if (request.destroyed && !request.complete) return
    const error = toTrailsealError(thrown)
    if (error.code === 'store_unavailable') telemetry.storeFailed(error)
    else if (isOurFault(error))
      telemetry.logger.error({ err: error, request_id: response.getHeader('x-request-id') }, 'request failed')
    if (response.headersSent) {
      // Too late for a status: Express cuts the connection, so that nobody takes the half for the whole.
      next(thrown)
      return
    }
    // What is left of a refused body is read and dropped, so that the client comes to read the answer.
    if (!request.complete && !request.destroyed) request.resume()
    sendProblem(response, error)
  }
}
