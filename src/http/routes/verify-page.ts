import { existsSync, readFileSync } from 'node:fs'
import type { RequestHandler } from 'express'
import type { ObservedLocals } from '../middleware/observe.ts'

const PATH = '/verify.html'
const POLICY = /http-equiv="Content-Security-Policy" content="([^"]+)"/

/**
 * The page that verifies exports, for people who keep it: one file that needs no server. Its own policy goes with it, which names its script
 * and style by their hashes and allows no connection. Null when it was not built. Read once, at the start.
 */
export function verifyPage(directory: URL): RequestHandler | null {
  const file = new URL(`.${PATH}`, directory)
  if (!existsSync(file)) return null
  const page = readFileSync(file, 'utf8')
  const policy = `${POLICY.exec(page)?.[1] ?? "default-src 'none'"}; frame-ancestors 'none'`
  return (request, response, next) => {
    if (request.path !== PATH || (request.method !== 'GET' && request.method !== 'HEAD')) {
      next()
      return
    }
    ;(response.locals as ObservedLocals).route = PATH
    response
      .set({
        'Content-Type': 'text/html; charset=utf-8',
        'Cache-Control': 'no-cache',
        'Content-Security-Policy': policy,
      })
      .send(page)
  }
}
