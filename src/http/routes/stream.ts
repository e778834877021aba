import { once } from 'node:events'
import type { Response } from 'express'
import { z } from 'zod'
import { TrailsealError } from '../../errors.ts'
import type { ListedEvent, Whose } from '../../query/query-facade.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { integerParameter } from '../parameters.ts'
import { toProblem, toTrailsealError } from '../problem.ts'
import { route, type Route } from '../route.ts'
import { defined, filterParameters } from '../schemas.ts'
import { activeWorkspace } from './events-out.ts'

/** Keeps proxies from closing a quiet connection, and notices a client that is gone. */
const HEARTBEAT_MS = 15_000

interface StreamOptions extends Pick<HttpDependencies, 'query'> {
  /** Aborted at shutdown: streams end, and their clients resume elsewhere. */
  readonly ending: AbortSignal
  readonly heartbeatMs?: number
}

/** The live feed: Server-Sent Events (HTML standard §9.2) with the seq as id, so that a reconnect leaves no gap. */
export function streamRoutes(options: StreamOptions): readonly Route[] {
  return [
    streamRoute(options, 'dashboard', '/v1/workspaces/{workspace}/stream', 'Live feed of matching events'),
    streamRoute(options, 'own', '/v1/me/stream', "Live feed of the member's own events"),
  ]
}

function streamRoute(
  { query: facade, ending, heartbeatMs = HEARTBEAT_MS }: StreamOptions,
  whose: Whose,
  address: string,
  what: string,
): Route {
  const bookmark = integerParameter(0, Number.MAX_SAFE_INTEGER).optional()
  return route({
    method: 'get',
    path: address,
    summary: `${what} (Server-Sent Events). \`Last-Event-ID\` or \`after\` resumes behind that seq.`,
    query: filterParameters.extend({
      after: bookmark,
      ...(whose === 'own' ? { workspace: z.string().optional() } : {}),
    }),
    answers: {
      200: {
        description: 'Events as they are committed: `id` is the seq, `data` the event.',
        type: 'text/event-stream',
      },
    },
    async handle({ request, response, principal, query, path }) {
      const { workspace, after, ...filters } = defined(query as typeof query & { workspace?: string })
      const where = whose === 'own' ? activeWorkspace(principal, workspace) : path('workspace')
      const afterSeq = lastEventId(request.headers['last-event-id']) ?? after ?? null
      const closed = new AbortController()
      response.once('close', () => closed.abort())
      const signal = AbortSignal.any([closed.signal, ending])
      const events = await facade.openStream(principal, where, filters, afterSeq, signal, whose)
      begin(response)
      if (request.method === 'HEAD') {
        response.end()
        return
      }
      await send(response, events, { signal, heartbeatMs })
    },
  })
}

/** What a browser's EventSource sends by itself when it reconnects; it wins over the address. */
function lastEventId(header: string | string[] | undefined): number | null {
  if (header === undefined || header === '') return null
  const parsed = integerParameter(0, Number.MAX_SAFE_INTEGER).safeParse(header)
  if (!parsed.success)
    throw new TrailsealError('bad_request', 'The header Last-Event-ID must be the seq of an event.')
  return parsed.data
}

function begin(response: Response): void {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // Proxies that buffer would hold events back.
    'X-Accel-Buffering': 'no',
  })
  response.flushHeaders()
}

async function send(
  response: Response,
  events: AsyncIterable<ListedEvent>,
  { signal, heartbeatMs }: { readonly signal: AbortSignal; readonly heartbeatMs: number },
): Promise<void> {
  response.write(': connected\n\n')
  const heartbeat = setInterval(() => {
    // A slow client has enough to read.
    if (response.writableLength === 0) response.write(': still here\n\n')
  }, heartbeatMs)
  try {
    for await (const event of events) {
      // JSON has no raw line ends, so one data line holds it.
      const taken = response.write(`id: ${event.seq}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`)
      // Not reading on while the socket is full is what keeps a slow client from filling our memory.
      if (!taken) await once(response, 'drain', { signal })
    }
  } catch (error) {
    if (!signal.aborted)
      response.write(`event: problem\ndata: ${JSON.stringify(toProblem(toTrailsealError(error), null))}\n\n`)
  } finally {
    clearInterval(heartbeat)
    response.end()
  }
}
