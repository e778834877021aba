import { pipeline } from 'node:stream/promises'
import type { Request, Response } from 'express'
import { z } from 'zod'
import type { ExportFile } from '../../export/export-job.ts'
import type { OpenFile } from '../../export/exports.ts'
import type { HttpDependencies } from '../dependencies.ts'
import type { Authenticator } from '../middleware/authenticate.ts'
import { publicRoute, route, sendJson, type Answer, type Route } from '../route.ts'
import { defined } from '../schemas.ts'
import { exportPage, signInPage } from './export-page.ts'

const EXPORTS = '/v1/workspaces/{workspace}/exports'

const values = z
  .union([z.string().transform((one) => [one]), z.array(z.string()).max(1_000)])
  .optional()
  .meta({ description: 'A value, or several of which any may match.' })

/** Body of `POST …/exports`: the filters of the search, in JSON. */
const requestSchema = z.strictObject({
  format: z.enum(['csv', 'ndjson', 'xlsx', 'pdf']),
  q: z.string().optional(),
  actor: values,
  category: values,
  action: values,
  verb: values,
  outcome: values,
  resource_type: values,
  resource_id: values,
  from: z.string().optional(),
  to: z.string().optional(),
  email: z.string().max(320).optional().meta({ description: 'Who gets the mail; default: the requester.' }),
})

const exportSchema = z
  .object({
    id: z.string(),
    workspace: z.string(),
    format: z.enum(['csv', 'ndjson', 'xlsx', 'pdf']),
    status: z.enum(['queued', 'running', 'done', 'failed']),
    progress: z.number().min(0).max(1),
    filters: z.record(z.string(), z.unknown()),
    requested_by: z.record(z.string(), z.unknown()),
    requested_at: z.string(),
    seq_range: z.array(z.int()).length(2),
    file_name: z.string(),
    rows: z.int().nullable(),
    bytes: z.int().nullable(),
    sha256: z.string().nullable(),
    expires_at: z.string().nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'Export', description: 'An export and how far it is.' })

const json = (description: string, schema: z.ZodType): Answer => ({
  description,
  type: 'application/json',
  schema,
})

interface ExportOptions extends Pick<HttpDependencies, 'exports'> {
  readonly authenticator: Authenticator
}

/** Exports, as contract §7 has them; who may do what is `Exports`' matter. */
export function exportRoutes({ exports, authenticator }: ExportOptions): readonly Route[] {
  return [
    route({
      method: 'post',
      path: EXPORTS,
      summary: 'Ask for an export of everything that matches and that the token may see.',
      body: requestSchema,
      answers: { 202: json('Taken; it is made in the background.', exportSchema) },
      async handle({ response, principal, path, body: { format, email, ...filters } }) {
        const request = { format, filters: defined(filters), ...(email === undefined ? {} : { email }) }
        const job = await exports.request(principal, path('workspace'), request)
        response.set('Location', `/v1/workspaces/${job.workspace}/exports/${job.id}`)
        sendJson(response, 202, job)
      },
    }),
    route({
      method: 'get',
      path: EXPORTS,
      summary: 'Exports, newest first.',
      answers: { 200: json('The exports.', z.object({ exports: z.array(exportSchema) })) },
      async handle({ response, principal, path }) {
        sendJson(response, 200, { exports: await exports.list(principal, path('workspace')) })
      },
    }),
    ...singleRoutes(exports),
    fileRoute(exports, 'download', 'file', 'The file. The download is recorded in the log.'),
    fileRoute(exports, 'manifest', 'manifest', 'The signed manifest: what the file is, and its SHA-256.'),
    fileRoute(exports, 'proof', 'proof', 'The proof that the rows of an NDJSON export are in the log.'),
    pageRoute(exports, authenticator),
  ]
}

function singleRoutes(exports: HttpDependencies['exports']): readonly Route[] {
  return [
    route({
      method: 'get',
      path: `${EXPORTS}/{id}`,
      summary: 'One export and how far it is.',
      answers: { 200: json('The export.', exportSchema) },
      async handle({ response, principal, path }) {
        sendJson(response, 200, await exports.show(principal, path('workspace'), path('id')))
      },
    }),
    route({
      method: 'delete',
      path: `${EXPORTS}/{id}`,
      summary: 'Cancel an export, or remove its file; never its entries in the log.',
      answers: { 204: { description: 'Cancelled or removed.' } },
      async handle({ response, principal, path }) {
        await exports.remove(principal, path('workspace'), path('id'))
        response.status(204).end()
      },
    }),
  ]
}

function fileRoute(
  exports: HttpDependencies['exports'],
  name: string,
  file: ExportFile,
  summary: string,
): Route {
  return route({
    method: 'get',
    path: `${EXPORTS}/{id}/${name}`,
    summary,
    answers: {
      200: { description: 'The file.', type: 'application/octet-stream' },
      409: { description: 'The export is not done yet.' },
      410: { description: 'The file has expired.' },
    },
    async handle({ request, response, principal, path }) {
      const where = [principal, path('workspace'), path('id'), file] as const
      if (request.method === 'HEAD') {
        setHeaders(response, await exports.facts(...where))
        response.end()
        return
      }
      const opened = await exports.open(...where)
      setHeaders(response, opened)
      await send(request, response, opened)
    },
  })
}

function setHeaders(response: Response, { name, contentType, size, sha256 }: Omit<OpenFile, 'body'>): void {
  response.status(200).set({
    'Content-Type': contentType,
    'Content-Length': String(size),
    // names are made of the workspace id, a time and an extension: nothing to be escaped
    'Content-Disposition': `attachment; filename="${name}"`,
    'Cache-Control': 'private, no-store',
    // RFC 9530 §3
    ...(sha256 === null
      ? {}
      : { 'Repr-Digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:` }),
  })
}

async function send(request: Request, response: Response, { body }: OpenFile): Promise<void> {
  try {
    await pipeline(body, response)
  } catch (error) {
    // A reader who left is nobody's fault.
    if (!request.destroyed && !response.destroyed) throw error
  }
}

/** Where the mail leads to: a page for people, which shows nothing to strangers. */
function pageRoute(exports: HttpDependencies['exports'], authenticator: Authenticator): Route {
  return publicRoute({
    method: 'get',
    path: '/exports/{workspace}/{id}',
    summary: 'A plain page of one export, for people who come from its mail.',
    answers: { 200: { description: 'A page.', type: 'text/html' } },
    async handle({ request, response, path }) {
      const visitor = await authenticator.visitor(request)
      const shown = visitor && (await exports.show(visitor, path('workspace'), path('id')))
      response
        .status(200)
        .set({ 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' })
        .send(shown ? exportPage(shown) : signInPage(request.path))
    },
  })
}
