import type { Request, Response } from 'express'
import { z } from 'zod'
import type { Principal } from '../workspaces/workspace-store.ts'
import { readJsonBody } from './json-body.ts'
import type { ObservedLocals } from './middleware/observe.ts'
import { parseParameters } from './parameters.ts'

type Method = 'get' | 'post' | 'put' | 'delete'

/** One answer of a route, for the OpenAPI document. Without a content type it has no body. */
export interface Answer {
  readonly description: string
  readonly type?: string
  /** JSON Schema is made from it; for JSON answers. */
  readonly schema?: z.ZodType
}

interface Description {
  readonly method: Method
  /** In OpenAPI's form; a segment `{+name}` takes the rest of the path. */
  readonly path: string
  readonly summary: string
  readonly answers: Readonly<Record<number, Answer>>
  /** For bodies that `handle` reads itself: content types with their JSON Schema. */
  readonly consumes?: Readonly<Record<string, object>>
}

/** Everything a handler gets to know of its request, already checked. */
interface Call<Query, Body, Caller> {
  readonly request: Request
  readonly response: Response
  readonly principal: Caller
  readonly query: Query
  readonly body: Body
  /** A path parameter, decoded. */
  readonly path: (name: string) => string
}

interface Definition<Query extends z.ZodObject, Body extends z.ZodType, Caller> extends Description {
  readonly query?: Query
  readonly body?: Body
  readonly handle: (call: Call<z.output<Query>, z.output<Body>, Caller>) => Promise<void> | void
}

/** What the server registers and the OpenAPI document describes: one source for both. */
export interface Route extends Description {
  readonly public: boolean
  readonly query: z.ZodObject
  readonly body: z.ZodType | null
  run(
    request: Request,
    response: Response,
    authenticate: (request: Request) => Promise<Principal>,
  ): Promise<void>
}

const NO_QUERY = z.strictObject({})
type NoQuery = typeof NO_QUERY

/** A route for whoever has a token: who it is is settled before anything else of the request is looked at. */
export function route<Query extends z.ZodObject = NoQuery, Body extends z.ZodType = z.ZodUndefined>(
  definition: Definition<Query, Body, Principal>,
): Route {
  return build(definition, false, async (request, response, authenticate) => {
    const principal = await authenticate(request)
    ;(response.locals as ObservedLocals).tokenId = principal.tokenId
    return principal
  })
}

/** A route for everybody. */
export function publicRoute<Query extends z.ZodObject = NoQuery, Body extends z.ZodType = z.ZodUndefined>(
  definition: Definition<Query, Body, null>,
): Route {
  return build(definition, true, () => Promise.resolve(null))
}

function build<Query extends z.ZodObject, Body extends z.ZodType, Caller>(
  definition: Definition<Query, Body, Caller>,
  isPublic: boolean,
  identify: (
    request: Request,
    response: Response,
    authenticate: (request: Request) => Promise<Principal>,
  ) => Promise<Caller>,
): Route {
  const { handle, query, body, ...description } = definition
  return {
    ...description,
    public: isPublic,
    query: query ?? NO_QUERY,
    body: body ?? null,
    async run(request, response, authenticate) {
      const principal = await identify(request, response, authenticate)
      // Without a schema there are no parameters and no body: the empty values are what the types say then.
      const parameters = parseParameters(request.originalUrl, query ?? NO_QUERY) as z.output<Query>
      const content = (body ? await readJsonBody(request, body) : undefined) as z.output<Body>
      await handle({
        request,
        response,
        principal,
        query: parameters,
        body: content,
        path: (name) => pathParameter(request, name),
      })
    },
  }
}

function pathParameter(request: Request, name: string): string {
  const value = request.params[name]
  return Array.isArray(value) ? value.join('/') : (value ?? '')
}

/** `/v1/workspaces/{workspace}/log/tile/{+tile}` → `/v1/workspaces/:workspace/log/tile/*tile` */
export function expressPath(path: string): string {
  return path.replace(/\{\+(\w+)\}/g, '*$1').replace(/\{(\w+)\}/g, ':$1')
}

/** Answers JSON that no cache may keep: what it says depends on who asks. */
export function sendJson(response: Response, status: number, value: unknown): void {
  response
    .status(status)
    .set({ 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
    .send(JSON.stringify(value))
}

export function sendText(response: Response, text: string): void {
  response.set({ 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).send(text)
}
