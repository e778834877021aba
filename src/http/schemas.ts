/** Shapes of answers and parameters, shared by several routes; the OpenAPI document is made from them. */
import { z } from 'zod'
import type { QueryFacade } from '../query/query-facade.ts'
import { planSchema } from '../workspaces/plans.ts'
import { ROLES, type Workspace } from '../workspaces/workspace-store.ts'
import type { ListedToken } from '../workspaces/workspaces.ts'
import { integerParameter } from './parameters.ts'

const repeatable = z.array(z.string()).optional()

export const filterParameters = z.strictObject({
  q: z
    .string()
    .optional()
    .meta({ description: 'A query in the language of the documentation, Lucene style.' }),
  actor: repeatable,
  category: repeatable,
  action: repeatable,
  verb: repeatable,
  outcome: repeatable,
  resource_type: repeatable,
  resource_id: repeatable,
  from: z.string().optional().meta({ description: 'RFC 3339, inclusive.' }),
  to: z.string().optional().meta({ description: 'RFC 3339, inclusive.' }),
})

export const listParameters = filterParameters.extend({
  order: z.enum(['desc', 'asc']).optional(),
  limit: integerParameter(1, 1_000).optional(),
  cursor: z.string().max(4_096).optional(),
  min_seq: integerParameter(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Wait, at most 5 s, until the index has this entry.' }),
})

type FacetField = Parameters<QueryFacade['facets']>[2]
const FACET_FIELDS = [
  'actor',
  'category',
  'action',
  'verb',
  'outcome',
  'resource_type',
] as const satisfies readonly FacetField[]

export const facetParameters = filterParameters.extend({ field: z.enum(FACET_FIELDS) })

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> }

/** What zod leaves undefined is left out, as exact optional properties want it. */
export function defined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<Value>
}

const resource = z.object({
  type: z.string(),
  id: z.string().optional(),
  name: z.string().optional(),
  url: z.string().optional(),
})
const anyObject = z.record(z.string(), z.unknown())

export const eventSchema = z
  .object({
    v: z.literal(1),
    log: z.string(),
    seq: z.int(),
    id: z.string(),
    timestamp: z.string(),
    received_at: z.string(),
    actor: z.object({
      type: z.enum(['user', 'api_token', 'system']),
      id: z.string().optional(),
      email: z.string().optional(),
      name: z.string().optional(),
      role: z.string().optional(),
    }),
    action: z.string(),
    verb: z.string(),
    category: z.string(),
    outcome: z.enum(['success', 'failure']),
    resource,
    related: z.array(resource).optional(),
    before: anyObject.optional(),
    after: anyObject.optional(),
    justification: z.string().optional(),
    source: z.object({ ip: z.string().optional(), user_agent: z.string().optional() }).optional(),
    metadata: anyObject.optional(),
    redacted: z.int().optional(),
    prev: z.string(),
    salt: z.string(),
    leaf_hash: z.string(),
    tampered: z.literal(true).optional(),
  })
  .meta({ id: 'Event', description: 'The canonical event as it is in the log, with its leaf hash (base64).' })

export const eventListSchema = z
  .object({
    events: z.array(eventSchema),
    next_cursor: z.string().nullable(),
    total: z.object({ value: z.int(), relation: z.enum(['eq', 'gte']) }),
  })
  .meta({ id: 'EventList' })

export const receiptSchema = z
  .object({
    events: z.array(
      z.union([
        z.object({
          id: z.string(),
          seq: z.int(),
          leaf_hash: z.string(),
          known: z
            .literal(true)
            .optional()
            .meta({ description: 'The id was in the log already: nothing was added.' }),
          proof: z.string().optional(),
        }),
        z.object({ id: z.string().nullable(), skipped: z.literal('plan') }),
      ]),
    ),
    checkpoint: z.string().nullable(),
  })
  .meta({ id: 'Receipt' })

export const workspaceSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    plan: z.string(),
    dashboard: z.enum(['members', 'owners']),
    created_at: z.string(),
  })
  .meta({ id: 'Workspace' })

export function shownWorkspace({
  id,
  name,
  plan,
  dashboard,
  createdAt,
}: Workspace): z.output<typeof workspaceSchema> {
  return { id, name, plan, dashboard, created_at: createdAt }
}

const member = z.object({ id: z.string(), email: z.string().optional(), name: z.string().optional() })
const scope = z.object({ q: z.string().optional(), from: z.string().optional(), to: z.string().optional() })

export const listedTokenSchema = z
  .object({
    id: z.string(),
    role: z.enum(ROLES),
    workspace: z.string().nullable(),
    member: member.nullable(),
    scope: scope.nullable(),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: 'Token' })

export function shownToken(token: ListedToken): object {
  const { tokenId, role, workspace, createdAt, expiresAt, revokedAt } = token
  const times = { created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt }
  return { id: tokenId, role, workspace, member: token.member, scope: token.scope, ...times }
}

export const shownPlanSchema = planSchema.meta({ id: 'Plan' })

export const meSchema = z
  .object({
    token_id: z.string(),
    role: z.enum(ROLES),
    member: member.nullable(),
    scope: scope.nullable(),
    workspaces: z.array(workspaceSchema),
    plan: shownPlanSchema
      .nullable()
      .meta({ description: 'Plan of the one workspace of the token; null where it has none.' }),
  })
  .meta({ id: 'Me' })

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    request_id: z.string().optional(),
    position: z.int().optional(),
    errors: z.array(z.object({ index: z.int(), path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })
