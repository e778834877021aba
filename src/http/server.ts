import { createServer as createNodeServer, STATUS_CODES, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import express, { type Express } from 'express'
import helmet from 'helmet'
import { TrailsealError } from '../errors.ts'
import type { HttpDependencies } from './dependencies.ts'
import { Authenticator } from './middleware/authenticate.ts'
import { observe, type ObservedLocals } from './middleware/observe.ts'
import { openApiDocument, type OpenApiDocument } from './openapi.ts'
import { problemHandler } from './problem.ts'
import { expressPath, type Route } from './route.ts'
import { administrationRoutes } from './routes/administration.ts'
import { archiveRequestRoutes } from './routes/archive-requests.ts'
import { eventsInRoutes } from './routes/events-in.ts'
import { eventsOutRoutes } from './routes/events-out.ts'
import { exportRoutes } from './routes/exports.ts'
import { logRoutes } from './routes/log.ts'
import { operationRoutes } from './routes/operation.ts'
import { pageRoutes } from './routes/pages.ts'
import { sampleDataRoutes } from './routes/sample-data.ts'
import { streamRoutes } from './routes/stream.ts'
import { verificationRoutes } from './routes/verifications.ts'
import { verifyPage } from './routes/verify-page.ts'
import { viewerFiles } from './routes/viewer.ts'
import { Sessions } from './session.ts'

/** How long requests may take to end at a shutdown; then their connections are cut. */
const SHUTDOWN_MS = 8_000

export interface HttpServer {
  readonly node: Server
  /** What `/openapi.json` answers. */
  readonly openApi: OpenApiDocument
  /** Settles when it accepts connections; the port is the real one where 0 was asked for. */
  listen(port: number, host: string): Promise<{ readonly port: number }>
  /** Accepts no more, ends streams, lets requests end, within 8 s. */
  close(): Promise<void>
}

/** The HTTP surface of contract §§3–6, 8 and 10. */
export function createServer(dependencies: HttpDependencies): HttpServer {
  const ending = new AbortController()
  const { publicUrl, workspaces, sessionKey: key, clock } = dependencies
  const sessions = new Sessions({ key, clock, secure: publicUrl.protocol === 'https:' })
  const authenticator = new Authenticator({ workspaces, sessions, publicUrl })
  const routes: readonly Route[] = [
    ...eventsInRoutes(dependencies),
    ...eventsOutRoutes(dependencies),
    ...streamRoutes({ ...dependencies, ending: ending.signal }),
    ...exportRoutes({ ...dependencies, authenticator }),
    ...archiveRequestRoutes(dependencies),
    ...sampleDataRoutes(dependencies),
    ...logRoutes(dependencies),
    ...verificationRoutes({ ...dependencies, ending: ending.signal }),
    ...administrationRoutes(dependencies),
    ...operationRoutes(dependencies),
    ...pageRoutes({ ...dependencies, authenticator, sessions, openApi: () => openApi }),
  ]
  const openApi = openApiDocument(routes, dependencies)
  let closed: Promise<void> | null = null
  const node = nodeServer(application(dependencies, routes, authenticator))
  return {
    node,
    openApi,
    listen: (port, host) => listen(node, port, host),
    close: () => {
      ending.abort()
      closed ??= close(node)
      return closed
    },
  }
}

function application(
  { telemetry, publicUrl, viewerDirectory, embedOrigins = [] }: HttpDependencies,
  routes: readonly Route[],
  authenticator: Authenticator,
): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing')
  // Query parameters are read strictly by each route.
  app.set('query parser', false)
  app.use(observe(telemetry), securityHeaders(publicUrl))
  // Before the plain start page, which is for installations without the viewer.
  const viewer = viewerDirectory ? viewerFiles(viewerDirectory, embedOrigins) : null
  const verifier = viewerDirectory ? verifyPage(viewerDirectory) : null
  if (viewer) app.use(viewer)
  if (verifier) app.use(verifier)
  register(app, routes, authenticator)
  app.use(() => {
    throw new TrailsealError('not_found', 'There is nothing at this address. /docs lists what there is.')
  })
  app.use(problemHandler(telemetry))
  return app
}

/** One Express route a path, so that another method is 405 with `Allow` rather than 404. */
function register(app: Express, routes: readonly Route[], authenticator: Authenticator): void {
  for (const [path, ofPath] of Map.groupBy(routes, (each) => each.path)) {
    const methods = ofPath.map(({ method }) => method.toUpperCase())
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
    const registered = app.route(expressPath(path)).all((_request, response, next) => {
      ;(response.locals as ObservedLocals).route = path
      next()
    })
    for (const each of ofPath)
      registered[each.method]((request, response) =>
        each.run(request, response, (caller) => authenticator.principal(caller)),
      )
    registered.all((request, response) => {
      response.set('Allow', allow)
      if (request.method !== 'OPTIONS')
        throw new TrailsealError('method_not_allowed', `This address takes ${allow}.`)
      response.status(204).end()
    })
  }
}

/** Everything comes from here, nothing is inline, nobody frames it. */
function securityHeaders(publicUrl: URL): ReturnType<typeof helmet> {
  const self = ["'self'"]
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        ...{ scriptSrc: self, styleSrc: self, connectSrc: self, fontSrc: self, formAction: self },
        imgSrc: ["'self'", 'data:'],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Sign-in links carry a token.
    referrerPolicy: { policy: 'no-referrer' },
    frameguard: { action: 'deny' },
    strictTransportSecurity:
      publicUrl.protocol === 'https:' ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  })
}

function nodeServer(app: Express): Server {
  const server = createNodeServer(
    {
      // Shippers keep connections for a minute; a load balancer in front must be the one that closes first.
      keepAliveTimeout: 75_000,
      headersTimeout: 20_000,
      requestTimeout: 300_000,
      maxHeaderSize: 16 * 1024,
    },
    // Express' types know nothing of its being a request listener that returns nothing.
    (request, response) => void app(request, response),
  )
  server.on('clientError', refuseMalformed)
  return server
}

/** What is not HTTP never reaches Express: answered here, then cut. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex | Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const title = STATUS_CODES[status] ?? 'Error'
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    detail: 'This is not an HTTP request that can be read.',
    code: 'bad_request',
  })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

function listen(server: Server, port: number, host: string): Promise<{ readonly port: number }> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void =>
      reject(
        new TrailsealError(
          'bad_configuration',
          `The server can't listen on ${host} port ${port}: ${cause.message}.`,
          { cause },
        ),
      )
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      resolve({ port: (server.address() as AddressInfo).port })
    })
  })
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const cut = setTimeout(() => server.closeAllConnections(), SHUTDOWN_MS)
  // A connection that was busy just now is kept alive after its answer, unless somebody closes it.
  const tidy = setInterval(() => server.closeIdleConnections(), 50)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(cut)
  clearInterval(tidy)
}
