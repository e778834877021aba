import { z } from 'zod'
import { TrailsealError } from '../../errors.ts'
import type { HttpDependencies } from '../dependencies.ts'
import type { Whose } from '../../query/query-facade.ts'
import { route, sendJson, sendText, type Answer, type Route } from '../route.ts'
import type { Principal } from '../../workspaces/workspace-store.ts'
import {
  defined,
  eventListSchema,
  eventSchema,
  facetParameters,
  filterParameters,
  listParameters,
} from '../schemas.ts'

const json = (description: string, schema: z.ZodType): Record<number, Answer> => ({
  200: { description, type: 'application/json', schema },
})

const WORKSPACE = '/v1/workspaces/{workspace}'

type Dependencies = Pick<HttpDependencies, 'query' | 'telemetry'>

/** Events out, as contract §6 has them; who sees what is the facade's matter. */
export function eventsOutRoutes({ query: facade, telemetry }: Dependencies): readonly Route[] {
  return [
    route({
      method: 'get',
      path: `${WORKSPACE}/events`,
      summary: 'Search: newest first, with a cursor that stays put while events arrive.',
      query: listParameters,
      answers: json('A page of events.', eventListSchema),
      async handle({ response, principal, query, path }) {
        const search = () => facade.events(principal, path('workspace'), defined(query))
        sendJson(response, 200, await telemetry.searching('list', search))
      },
    }),
    route({
      method: 'get',
      path: '/v1/me/events',
      summary: "The signed-in member's own actions and sign-ins.",
      query: listParameters.extend({ workspace: z.string().optional() }),
      answers: json('A page of events.', eventListSchema),
      async handle({ response, principal, query: { workspace, ...query } }) {
        const active = activeWorkspace(principal, workspace)
        const search = () => facade.ownEvents(principal, active, defined(query))
        sendJson(response, 200, await telemetry.searching('own', search))
      },
    }),
    ...eventRoutes(facade),
    route({
      method: 'get',
      path: `${WORKSPACE}/resources/{type}/{id}/history`,
      summary: 'History of a resource, oldest first, including events that list it as related.',
      query: listParameters,
      answers: json('A page of events.', eventListSchema),
      async handle({ response, principal, query, path }) {
        const search = () =>
          facade.history(principal, path('workspace'), path('type'), path('id'), defined(query))
        sendJson(response, 200, await telemetry.searching('history', search))
      },
    }),
    ...countRoutes({ query: facade, telemetry }, 'dashboard'),
    ...countRoutes({ query: facade, telemetry }, 'own'),
  ]
}

/** Of a token that stands for several workspaces the caller says which. Errors: `bad_request`. */
export function activeWorkspace(principal: Principal, given: string | undefined): string {
  const active = given ?? principal.workspace
  if (active === null)
    throw new TrailsealError('bad_request', 'The query parameter `workspace` is needed with this token.')
  return active
}

function eventRoutes(facade: HttpDependencies['query']): readonly Route[] {
  return [
    route({
      method: 'get',
      path: `${WORKSPACE}/events/{id}`,
      summary: 'One event, whole.',
      answers: json('The event.', eventSchema),
      async handle({ response, principal, path }) {
        sendJson(response, 200, await facade.event(principal, path('workspace'), path('id')))
      },
    }),
    route({
      method: 'get',
      path: `${WORKSPACE}/events/{id}/proof`,
      summary: 'Inclusion proof with its checkpoint (C2SP tlog-proof), to be checked offline.',
      answers: { 200: { description: 'The proof.', type: 'text/plain' } },
      async handle({ response, principal, path }) {
        sendText(response, await facade.proof(principal, path('workspace'), path('id')))
      },
    }),
  ]
}

/** Of the whole team below the workspace, of the member's own events below `/v1/me`. */
function countRoutes({ query: facade, telemetry }: Dependencies, whose: Whose): readonly Route[] {
  const bucket = z.object({ key: z.string(), count: z.int() })
  const isOwn = whose === 'own'
  const base = isOwn ? '/v1/me' : WORKSPACE
  const named = isOwn ? { workspace: z.string().optional() } : {}
  const of = isOwn ? " of the member's own events" : ''
  return [
    route({
      method: 'get',
      path: `${base}/facets`,
      summary: `Counts${of} by the values of a field, most frequent first.`,
      query: facetParameters.extend(named),
      answers: json('The counts.', z.object({ field: z.string(), buckets: z.array(bucket) })),
      async handle({ response, principal, query, path }) {
        const { workspace, field, ...filters } = defined(query as typeof query & { workspace?: string })
        const where = isOwn ? activeWorkspace(principal, workspace) : path('workspace')
        const search = () => facade.facets(principal, where, field, filters, whose)
        const buckets = await telemetry.searching('facets', search)
        sendJson(response, 200, { field, buckets })
      },
    }),
    route({
      method: 'get',
      path: `${base}/histogram`,
      summary: `Counts${of} by interval of time; empty ones are left out.`,
      query: filterParameters.extend({
        ...named,
        interval: z.string().optional().meta({ description: 'auto, or such as 1m, 1h, 1d.' }),
      }),
      answers: json(
        'The counts; a key is the start of its interval, RFC 3339.',
        z.object({ interval_ms: z.int(), buckets: z.array(bucket) }),
      ),
      async handle({ response, principal, query, path }) {
        const { workspace, interval, ...filters } = defined(query as typeof query & { workspace?: string })
        const where = isOwn ? activeWorkspace(principal, workspace) : path('workspace')
        const search = () => facade.histogram(principal, where, interval ?? 'auto', filters, whose)
        sendJson(response, 200, await telemetry.searching('histogram', search))
      },
    }),
  ]
}
