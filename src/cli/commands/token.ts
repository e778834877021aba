import { Option, type Command } from 'commander'
import { TrailsealError } from '../../errors.ts'
import { ROLES, type Role } from '../../workspaces/workspace-store.ts'
import { parseWholeNumber } from './arguments.ts'
import { print, printTable, tell, withStore, type Terminal } from './context.ts'

interface CreateOptions {
  readonly role: Role
  readonly workspace?: string
  readonly memberId?: string
  readonly memberEmail?: string
  readonly memberName?: string
  readonly scopeQuery?: string
  readonly scopeFrom?: string
  readonly scopeTo?: string
  readonly ttl?: number
  readonly json?: boolean
}

export function addTokenCommand(program: Command, terminal: Terminal): void {
  const token = program.command('token').description('create, list and revoke tokens')
  token
    .command('create')
    .description('make a token; its text is printed once and stored only as a hash')
    .addOption(new Option('--role <ROLE>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option('--workspace <WS>', 'the workspace it is for (admin and ingest may have none: all of them)')
    .option('--member-id <ID>', 'the person whose own events Home shows (role member; optional for owner)')
    .option('--member-email <EMAIL>', 'their e-mail address')
    .option('--member-name <NAME>', 'their name')
    .option('--scope-query <Q>', 'auditor: only what matches this query')
    .option('--scope-from <TIME>', 'auditor: not before this time')
    .option('--scope-to <TIME>', 'auditor: not after this time')
    .option('--ttl <SECONDS>', 'ends by itself after this many seconds', parseWholeNumber)
    .option('--json', 'one JSON object on standard output')
    .action(async (options: CreateOptions, command: Command) => {
      const made = await withStore(command, terminal, ({ administration }) =>
        administration.createToken(requestOf(options)),
      )
      if (options.json === true) return print(terminal, JSON.stringify(made))
      print(terminal, made.token)
      tell(
        terminal,
        `id ${made.id}, ${made.expires_at === null ? 'without an end' : `until ${made.expires_at}`}. The token is shown this one time.`,
      )
    })
  token
    .command('list')
    .description('list tokens, without their text')
    .option('--workspace <WS>', 'only those of one workspace')
    .option('--json', 'one JSON object on standard output')
    .action(async (options: { workspace?: string; json?: boolean }, command: Command) => {
      const tokens = await withStore(command, terminal, ({ administration }) =>
        administration.listTokens(options.workspace ?? null),
      )
      if (options.json === true) return print(terminal, JSON.stringify({ tokens }))
      printTable(terminal, [
        ['ID', 'ROLE', 'WORKSPACE', 'MEMBER', 'CREATED', 'STATE'],
        ...tokens.map((each) => [
          each.tokenId,
          each.role,
          each.workspace ?? '(all)',
          each.member?.email ?? each.member?.id ?? '',
          each.createdAt.slice(0, 19),
          stateOf(each),
        ]),
      ])
    })
  token
    .command('revoke')
    .description('end a token; a running gateway honours it within a second')
    .argument('<ID>', 'the id that `token list` shows')
    .action(async (id: string, _options: unknown, command: Command) => {
      await withStore(command, terminal, ({ administration }) => administration.revokeToken(id))
      print(terminal, `revoked ${id}`)
    })
}

function requestOf(options: CreateOptions) {
  const { role, workspace, memberId, memberEmail, memberName, scopeQuery, scopeFrom, scopeTo, ttl } = options
  if (memberId === undefined && (memberEmail !== undefined || memberName !== undefined))
    throw new TrailsealError('bad_request', '--member-email and --member-name need --member-id.')
  const scope = {
    ...(scopeQuery === undefined ? {} : { q: scopeQuery }),
    ...(scopeFrom === undefined ? {} : { from: scopeFrom }),
    ...(scopeTo === undefined ? {} : { to: scopeTo }),
  }
  const member =
    memberId === undefined
      ? undefined
      : {
          id: memberId,
          ...(memberEmail === undefined ? {} : { email: memberEmail }),
          ...(memberName === undefined ? {} : { name: memberName }),
        }
  return {
    role,
    ...(workspace === undefined ? {} : { workspace }),
    ...(member === undefined ? {} : { member }),
    ...(Object.keys(scope).length === 0 ? {} : { scope }),
    ...(ttl === undefined ? {} : { ttl_seconds: ttl }),
  }
}

function stateOf(token: { readonly expiresAt: string | null; readonly revokedAt: string | null }): string {
  if (token.revokedAt !== null) return `revoked ${token.revokedAt.slice(0, 19)}`
  if (token.expiresAt === null) return 'active'
  return Date.parse(token.expiresAt) > Date.now() ? `until ${token.expiresAt.slice(0, 19)}` : 'expired'
}
