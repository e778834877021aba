import { z } from 'zod'
import { tokenRequestSchema, WORKSPACE_ID } from '../../workspaces/token-rules.ts'
import { workspaceRequestSchema, type Workspaces } from '../../workspaces/workspaces.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { route, sendJson, type Answer, type Route } from '../route.ts'
import {
  defined,
  listedTokenSchema,
  meSchema,
  shownPlanSchema,
  shownToken,
  shownWorkspace,
  workspaceSchema,
} from '../schemas.ts'

const json = (description: string, schema: z.ZodType): Answer => ({
  description,
  type: 'application/json',
  schema,
})

/** Workspaces, plans, tokens and who one is: contract §§3 and 4. */
export function administrationRoutes({ workspaces }: Pick<HttpDependencies, 'workspaces'>): readonly Route[] {
  return [...meRoutes(workspaces), ...workspaceRoutes(workspaces), ...tokenRoutes(workspaces)]
}

function meRoutes(workspaces: Workspaces): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/me',
      summary: 'Who am I: role, member, scope, workspaces, plan.',
      answers: { 200: json('The token, without its secret.', meSchema) },
      async handle({ response, principal }) {
        const { tokenId, role, member, scope, workspace } = principal
        const own = await workspaces.list(principal)
        const plan = workspace === null || own.length === 0 ? null : (await workspaces.lookup(workspace)).plan
        sendJson(response, 200, {
          token_id: tokenId,
          role,
          member,
          scope,
          workspaces: own.map(shownWorkspace),
          plan,
        })
      },
    }),
    route({
      method: 'get',
      path: '/v1/plans',
      summary: 'The plans that a workspace can have.',
      answers: { 200: json('The plans.', z.object({ plans: z.array(shownPlanSchema) })) },
      handle({ response }) {
        sendJson(response, 200, { plans: [...workspaces.plans.values()] })
      },
    }),
  ]
}

function workspaceRoutes(workspaces: Workspaces): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/workspaces',
      summary: 'The workspaces that the token may know of.',
      answers: { 200: json('By id.', z.object({ workspaces: z.array(workspaceSchema) })) },
      async handle({ response, principal }) {
        sendJson(response, 200, { workspaces: (await workspaces.list(principal)).map(shownWorkspace) })
      },
    }),
    route({
      method: 'get',
      path: '/v1/workspaces/{workspace}',
      summary: 'One workspace.',
      answers: { 200: json('The workspace.', workspaceSchema) },
      async handle({ response, principal, path }) {
        sendJson(response, 200, shownWorkspace(await workspaces.show(principal, path('workspace'))))
      },
    }),
    route({
      method: 'put',
      path: '/v1/workspaces/{workspace}',
      summary: 'Create or change a workspace (admin); an owner changes all but the plan.',
      body: workspaceRequestSchema,
      answers: { 200: json('Changed.', workspaceSchema), 201: json('Created.', workspaceSchema) },
      async handle({ response, principal, path, body }) {
        const { workspace, created } = await workspaces.putWorkspace(principal, path('workspace'), body)
        sendJson(response, created ? 201 : 200, shownWorkspace(workspace))
      },
    }),
  ]
}

function tokenRoutes(workspaces: Workspaces): readonly Route[] {
  const made = z.object({ id: z.string(), token: z.string(), expires_at: z.string().nullable() })
  return [
    route({
      method: 'post',
      path: '/v1/tokens',
      summary: 'Make a token (admin any, owner for its own workspace). Its text is shown this once.',
      body: tokenRequestSchema,
      answers: { 201: json('Made.', made) },
      async handle({ response, principal, body }) {
        sendJson(response, 201, await workspaces.createToken(principal, body))
      },
    }),
    route({
      method: 'get',
      path: '/v1/tokens',
      summary: 'List tokens, without their secrets.',
      query: z.strictObject({ workspace: z.string().regex(WORKSPACE_ID).optional() }),
      answers: { 200: json('The tokens.', z.object({ tokens: z.array(listedTokenSchema) })) },
      async handle({ response, principal, query }) {
        const tokens = await workspaces.listTokens(principal, defined(query).workspace ?? null)
        sendJson(response, 200, { tokens: tokens.map(shownToken) })
      },
    }),
    route({
      method: 'delete',
      path: '/v1/tokens/{id}',
      summary: 'Revoke a token. Revoking it again is harmless.',
      answers: { 204: { description: 'Revoked.' } },
      async handle({ response, principal, path }) {
        await workspaces.revokeToken(principal, path('id'))
        response.status(204).end()
      },
    }),
  ]
}
