import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import { withoutRedaction } from '../../telemetry/logger.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'

/** What later steps tell the access log about a request. */
export interface ObservedLocals {
  /** Pattern of the route, for metrics; paths carry ids. */
  route?: string
  tokenId?: string
}

/**
 * Gives each request an id (a sane one of the caller's is kept, so that logs of several services can be joined), counts it and
 * writes one line. The line has the path without its query, because sign-in links carry a token there.
 */
export function observe(telemetry: Telemetry): RequestHandler {
  const accessLog = withoutRedaction(telemetry.logger)
  return (request, response, next) => {
    const started = performance.now()
    const given = request.headers['x-request-id']
    const id = typeof given === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(given) ? given : randomUUID()
    response.setHeader('X-Request-Id', id)
    response.once('close', () => {
      const milliseconds = performance.now() - started
      const { route = 'none', tokenId } = response.locals as ObservedLocals
      // 499: the client left before the answer was complete.
      const status = response.writableFinished ? response.statusCode : 499
      telemetry.httpRequest({ method: request.method, route, status, seconds: milliseconds / 1_000 })
      accessLog.info(
        {
          request_id: id,
          method: request.method,
          path: withoutQuery(request.originalUrl),
          status,
          ms: Math.round(milliseconds * 10) / 10,
          ...(tokenId === undefined ? {} : { token_id: tokenId }),
        },
        'request',
      )
    })
    next()
  }
}

function withoutQuery(url: string): string {
  const end = url.indexOf('?')
  return (end === -1 ? url : url.slice(0, end)).slice(0, 512)
}
