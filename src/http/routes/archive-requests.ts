import { z } from 'zod'
import type { HttpDependencies } from '../dependencies.ts'
import { route, sendJson, type Answer, type Route } from '../route.ts'

const ARCHIVE = '/v1/workspaces/{workspace}/archive-requests'

const requestSchema = z.strictObject({
  from: z.string().meta({ description: 'RFC 3339 time or date, inclusive.' }),
  to: z.string().meta({ description: 'RFC 3339 time or date, inclusive.' }),
  reason: z
    .string()
    .trim()
    .min(1)
    .max(2_000)
    .regex(/^[^\0]*$/, 'must not contain NUL')
    .meta({ description: 'Why; it goes into the log.' }),
})

const archiveSchema = z
  .object({
    id: z.string(),
    from: z.string(),
    to: z.string(),
    reason: z.string(),
    status: z.enum(['open', 'preparing', 'done', 'expired', 'failed']),
    requested_at: z.string(),
    requested_by: z.object({ token_id: z.string(), role: z.string(), name: z.string().nullable() }),
    due_at: z.string().meta({ description: 'Five business days after the request.' }),
    fulfilled_at: z.string().nullable(),
    export: z.string().nullable().meta({ description: 'The export that holds the range.' }),
  })
  .meta({ id: 'ArchiveRequest', description: 'A request for a range of the log as a verifiable file.' })

const json = (description: string, schema: z.ZodType): Answer => ({
  description,
  type: 'application/json',
  schema,
})

/** Archive requests, as contract §9 has them; who may do what is `ArchiveRequests`' matter. */
export function archiveRequestRoutes({ archive }: Pick<HttpDependencies, 'archive'>): readonly Route[] {
  return [
    route({
      method: 'post',
      path: ARCHIVE,
      summary:
        'Ask for a range of the log (owner). Fulfilled at once on extended-archive plans, else by the operator.',
      body: requestSchema,
      answers: { 202: json('Taken.', archiveSchema) },
      async handle({ response, principal, path, body }) {
        sendJson(response, 202, await archive.request(principal, path('workspace'), body))
      },
    }),
    route({
      method: 'get',
      path: ARCHIVE,
      summary: 'Archive requests, newest first.',
      answers: { 200: json('The requests.', z.object({ archive_requests: z.array(archiveSchema) })) },
      async handle({ response, principal, path }) {
        sendJson(response, 200, { archive_requests: await archive.list(principal, path('workspace')) })
      },
    }),
    route({
      method: 'post',
      path: `${ARCHIVE}/{id}/fulfil`,
      summary: 'Make the export that answers a request (admin; on extended-archive plans an owner too).',
      answers: { 202: json('The export is being made.', archiveSchema) },
      async handle({ response, principal, path }) {
        sendJson(response, 202, await archive.fulfil(principal, path('workspace'), path('id')))
      },
    }),
  ]
}
