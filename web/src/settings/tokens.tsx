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
      {answer && answer.tokens.length > 0 ? (
        <div className="wide" tabIndex={0} role="group" aria-label="Tokens">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">Role</th>
                <th scope="col">For</th>
                <th scope="col">Created</th>
                <th scope="col">Expires</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {answer.tokens.map((token) => (
                <TokenRow key={token.id} token={token} onRevoked={changed} />
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  )
}

function TokenRow({ token, onRevoked }: { readonly token: Token; readonly onRevoked: () => void }) {
  const { me } = useSession()
  const [utc] = useUtc()
  const { member, scope } = token
  return (
    <tr>
      <td>{token.role}</td>
      <td>
        <span className="two-lines">
          <bdi>
            {member?.name ??
              member?.email ??
              member?.id ??
              (scope ? scopeInWords(scope) : 'anyone who has it')}
          </bdi>
          <code className="soft">{token.id}</code>
        </span>
      </td>
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

function scopeInWords({ q, from, to }: NonNullable<Token['scope']>): string {
  return ['scope:', q ?? '', from ? `from ${from}` : '', to ? `to ${to}` : '']
    .filter((part) => part !== '')
    .join(' ')
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
