import { Button } from '@mantine/core'
import { useState } from 'react'
import { address, getJson, request, toProblem } from '../api/client.ts'
import type { Token } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { formatDate, useUtc } from '../events/dates.ts'
import { useSession } from '../session/session.ts'
import { ListSkeleton, ProblemState } from '../states/states.tsx'
import { NewToken } from './new-token.tsx'

/** Tokens of the workspace: who they stand for, what they may, until when. */
export function Tokens() {
  const { workspace } = useSession()
  const [revision, setRevision] = useState(0)
  const { answer, problem, retry } = useRequest(`${workspace.id} ${revision}`, (signal) =>
    getJson<{ tokens: readonly Token[] }>(address('/v1/tokens', { workspace: workspace.id }), signal),
  )
  const changed = (): void => setRevision((former) => former + 1)
  return (
    <section className="card">
      <h2>Tokens</h2>
      <NewToken onMade={changed} />
      {problem ? <ProblemState problem={problem} onRetry={retry} /> : null}
      {!answer && !problem ? <ListSkeleton label="Loading tokens" rows={4} /> : null}
      {answer?.tokens.length === 0 ? <p className="soft">No token belongs to this workspace yet.</p> : null}
      {answer ? <TokenLists tokens={answer.tokens} onRevoked={changed} /> : null}
    </section>
  )
}

/** Auditors apart: what they may see is a matter of each token. */
function TokenLists({ tokens, onRevoked }: { readonly tokens: readonly Token[]; onRevoked: () => void }) {
  const auditors = tokens.filter(({ role }) => role === 'auditor')
  const others = tokens.filter(({ role }) => role !== 'auditor')
  return (
    <>
      {auditors.length > 0 ? (
        <>
          <h3>Auditors and their scopes</h3>
          <TokenTable name="Auditors" second="Sees" tokens={auditors} onRevoked={onRevoked} />
        </>
      ) : null}
      {others.length > 0 ? (
        <>
          {auditors.length > 0 ? <h3>Members, owners and senders</h3> : null}
          <TokenTable name="Tokens" second="Role" tokens={others} onRevoked={onRevoked} />
        </>
      ) : null}
    </>
  )
}

interface TokenTableProps {
  readonly name: string
  readonly second: string
  readonly tokens: readonly Token[]
  readonly onRevoked: () => void
}

function TokenTable({ name, second, tokens, onRevoked }: TokenTableProps) {
  return (
    <div className="wide" tabIndex={0} role="group" aria-label={name}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">For</th>
            <th scope="col">{second}</th>
            <th scope="col">Created</th>
            <th scope="col">Expires</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <TokenRow key={token.id} token={token} onRevoked={onRevoked} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function TokenRow({ token, onRevoked }: { readonly token: Token; readonly onRevoked: () => void }) {
  const { me } = useSession()
  const [utc] = useUtc()
  const { member, scope } = token
  return (
    <tr>
      <td>
        <span className="two-lines">
          <bdi>{member?.name ?? member?.email ?? member?.id ?? 'anyone who has it'}</bdi>
          <code className="soft">{token.id}</code>
        </span>
      </td>
      <td>{token.role === 'auditor' ? <Scope scope={scope} /> : token.role}</td>
      <td>{formatDate(token.created_at, utc)}</td>
      <td>{token.expires_at === null ? 'never' : formatDate(token.expires_at, utc)}</td>
      <td>
        {stateOf(token) === 'active' ? (
          <Revoke token={token} isOwn={token.id === me.token_id} onRevoked={onRevoked} />
        ) : (
          <span className="soft">{stateOf(token)}</span>
        )}
      </td>
    </tr>
  )
}

function stateOf({ revoked_at, expires_at }: Token): 'active' | 'revoked' | 'expired' {
  if (revoked_at !== null) return 'revoked'
  return expires_at !== null && Date.parse(expires_at) < Date.now() ? 'expired' : 'active'
}

function Scope({ scope }: { readonly scope: Token['scope'] }) {
  const { q, from, to } = scope ?? {}
  return (
    <span className="two-lines">
      {q ? (
        <span>
          events matching <code>{q}</code>
        </span>
      ) : (
        <span>all events of this workspace</span>
      )}
      {from || to ? (
        <span className="soft">
          {[from ? `from ${from}` : '', to ? `until ${to}` : ''].filter(Boolean).join(' ')}
        </span>
      ) : null}
    </span>
  )
}

interface RevokeProps {
  readonly token: Token
  readonly isOwn: boolean
  readonly onRevoked: () => void
}

/** Asks once more: whoever uses the token is out at once. */
function Revoke({ token, isOwn, onRevoked }: RevokeProps) {
  const [isSure, setSure] = useState(false)
  const [fault, setFault] = useState<string | null>(null)
  if (isOwn) return <span className="soft">your session</span>
  const revoke = async (): Promise<void> => {
    try {
      await request(`/v1/tokens/${encodeURIComponent(token.id)}`, { method: 'DELETE' })
      onRevoked()
    } catch (error) {
      setFault(toProblem(error).message)
    }
  }
  return (
    <>
      <Button
        size="compact-xs"
        variant={isSure ? 'filled' : 'default'}
        {...(isSure ? { color: 'red.9' } : {})}
        onBlur={() => setSure(false)}
        onClick={() => {
          if (isSure) void revoke()
          else setSure(true)
        }}
      >
        {isSure ? 'Really revoke' : 'Revoke'}
      </Button>
      {fault === null ? null : <span role="alert">{fault}</span>}
    </>
  )
}
