import { z } from 'zod'
import { TrailsealError } from '../errors.ts'
import { ROLES, type Principal, type Role } from './workspace-store.ts'

export const WORKSPACE_ID = /^[a-z0-9][a-z0-9_-]{0,62}$/

const text = (longest: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(longest)
    // eslint-disable-next-line no-control-regex -- control characters are what it is there to refuse
    .regex(/^[^\u0000-\u001f\u007f]*$/u, 'must not contain control characters')

const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .meta({ description: 'RFC 3339 time, or a date' })

/** Body of `POST /v1/tokens` (contract §3). */
export const tokenRequestSchema = z.strictObject({
  role: z.enum(ROLES),
  workspace: z.string().regex(WORKSPACE_ID).optional(),
  member: z
    .strictObject({ id: text(256), email: text(320).optional(), name: text(256).optional() })
    .optional(),
  scope: z
    .strictObject({ q: z.string().max(4_096).optional(), from: moment.optional(), to: moment.optional() })
    .optional(),
  ttl_seconds: z
    .int()
    .min(1)
    .max(10 * 366 * 24 * 60 * 60)
    .optional(),
})
export type TokenRequest = z.infer<typeof tokenRequestSchema>

/** Throws where the text is not in the query language (`bad_query`). */
export type ParseQuery = (text: string) => unknown

const OWNER_MAY_GRANT: readonly Role[] = ['owner', 'member', 'auditor', 'ingest']
const WITHOUT_WORKSPACE: readonly Role[] = ['admin', 'ingest']

/**
 * What a token that `by` asks for would be allowed, as contract §3 has it: nobody grants more than they have.
 * Errors: `forbidden`, `not_found` (another workspace), `bad_request`, `bad_query` (scope).
 */
export function grant(
  by: Principal,
  request: TokenRequest,
  parseQuery: ParseQuery,
): Omit<Principal, 'tokenId'> {
  const workspace = grantedWorkspace(by, request)
  const { role, member, scope } = request
  if (role === 'member' && !member)
    throw bad('A member token needs `member` with the id that the events carry as actor.')
  if (member && role === 'ingest') throw bad('An ingest token stands for no member.')
  if (scope) checkScope(role, scope, parseQuery)
  return {
    role,
    workspace,
    member: member ? withoutUndefined(member) : null,
    scope: scope ? withoutUndefined(scope) : null,
  }
}

function grantedWorkspace(by: Principal, { role, workspace }: TokenRequest): string | null {
  if (by.role === 'admin') {
    if (role === 'admin' && workspace)
      throw bad('An admin token is for the whole installation: leave `workspace` out.')
    if (!workspace && !WITHOUT_WORKSPACE.includes(role))
      throw bad(`A token with role ${role} needs a \`workspace\`.`)
    return workspace ?? null
  }
  if (by.role !== 'owner') throw new TrailsealError('forbidden', 'Only owners and admins make tokens.')
  if (workspace && workspace !== by.workspace)
    throw new TrailsealError('not_found', 'There is no such workspace.')
  if (!OWNER_MAY_GRANT.includes(role))
    throw new TrailsealError('forbidden', `An owner can't make a token with role ${role}.`)
  return by.workspace
}

function checkScope(role: Role, scope: NonNullable<TokenRequest['scope']>, parseQuery: ParseQuery): void {
  if (role !== 'auditor') throw bad('Only an auditor token has a `scope`.')
  if (scope.q !== undefined) parseQuery(scope.q)
  if (scope.from && scope.to && Date.parse(scope.from) > Date.parse(scope.to))
    throw bad('`scope.from` is after `scope.to`.')
}

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> }

/** Drops keys whose value is undefined, which zod lets pass and exact optional properties do not. */
function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<Value>
}

function bad(sentence: string): TrailsealError {
  return new TrailsealError('bad_request', sentence)
}
