import { z } from 'zod'
import type { Answer, Route } from './route.ts'
import { problemSchema } from './schemas.ts'

type Schema = Record<string, unknown>

export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  readonly info: Schema
  readonly servers: readonly Schema[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Schema
}

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly Schema[]
  readonly responses: Schema
  readonly requestBody?: Schema
  readonly security?: readonly Schema[]
}

/** OpenAPI 3.1 of exactly the routes that the server registers, from the schemas that check their requests. */
export function openApiDocument(
  routes: readonly Route[],
  about: { readonly version: string; readonly publicUrl: URL },
): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {}
  const schemas = new Schemas()
  const problem = schemas.of(problemSchema, 'output')
  for (const each of routes)
    (paths[openApiPath(each.path)] ??= {})[each.method] = operation(each, schemas, problem)
  return {
    openapi: '3.1.1',
    info: {
      title: 'Trailseal',
      version: about.version,
      description: 'An audit log that people can trust without trusting whoever runs it.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: about.publicUrl.origin }],
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic', description: 'The token is the password.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`ApiKey TOKEN`' },
      },
    },
  }
}

function operation(route: Route, schemas: Schemas, problem: Schema): Operation {
  const body = requestBody(route, schemas)
  return {
    operationId: operationId(route),
    summary: route.summary,
    parameters: [...pathParameters(route.path), ...queryParameters(route.query, schemas)],
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, response(answer, schemas)]),
      ),
      default: {
        description: 'A problem document.',
        content: { 'application/problem+json': { schema: problem } },
      },
    },
    ...(body === null ? {} : { requestBody: body }),
    security: route.public ? [] : [{ bearer: [] }, { basic: [] }, { apiKey: [] }],
  }
}

function response({ description, type, schema }: Answer, schemas: Schemas): Schema {
  if (type === undefined) return { description }
  const content = schema === undefined ? { type: 'string' } : schemas.of(schema, 'output')
  return { description, content: { [type]: { schema: content } } }
}

function requestBody({ body, consumes }: Route, schemas: Schemas): Schema | null {
  if (consumes) {
    const content = Object.entries(consumes).map(([type, schema]) => [type, { schema }])
    return { required: true, content: Object.fromEntries(content) as Schema }
  }
  if (body === null) return null
  return { required: true, content: { 'application/json': { schema: schemas.of(body, 'input') } } }
}

function pathParameters(path: string): Schema[] {
  return [...path.matchAll(/\{\+?(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters(query: z.ZodObject, schemas: Schemas): Schema[] {
  // What comes out of a parameter's schema (a number) says more than what goes in (always text).
  const { properties = {}, required = [] } = schemas.of(query, 'output') as {
    properties?: Record<string, Schema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', required: required.includes(name), schema },
    ...(description === undefined ? {} : { description }),
  }))
}

/** JSON Schemas of a document: those with a name are written once, as components. */
class Schemas {
  readonly components: Record<string, Schema> = {}

  /** What OpenAPI's place for a schema takes: a reference for one with a name, else the schema itself. */
  of(schema: z.ZodType, io: 'input' | 'output'): Schema {
    const made = z.toJSONSchema(schema, { io, reused: 'inline' })
    const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/')
    const { $defs = {}, id, ...own } = JSON.parse(text) as Schema & { $defs?: Record<string, Schema> }
    for (const each of Object.values($defs)) delete each['id']
    Object.assign(this.components, $defs)
    // The document says its dialect once.
    delete own['$schema']
    if (typeof id !== 'string') return own
    this.components[id] = own
    return { $ref: `#/components/schemas/${id}` }
  }
}

function openApiPath(path: string): string {
  return path.replaceAll('{+', '{')
}

/** `GET /v1/workspaces/{workspace}/events/{id}` → `get_workspaces_workspace_events_id` */
function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '' && word !== 'v1')
  return [method, ...words].join('_')
}
