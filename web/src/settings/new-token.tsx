import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { sendJson, toProblem } from '../api/client.ts'
import { useSession } from '../session/session.ts'

const ROLES = [
  { role: 'member', hint: 'own activity, and the dashboard of the team' },
  { role: 'auditor', hint: 'reads and exports inside a scope; each reading is logged' },
  { role: 'owner', hint: 'everything inside this workspace' },
  { role: 'ingest', hint: 'sends events and reads nothing' },
] as const
type NewRole = (typeof ROLES)[number]['role']

const DURATIONS = [
  { name: '1 day', seconds: 86_400 },
  { name: '30 days', seconds: 30 * 86_400 },
  { name: '1 year', seconds: 365 * 86_400 },
  { name: 'No end', seconds: 0 },
] as const

interface Draft {
  readonly role: NewRole
  readonly id: string
  readonly name: string
  readonly email: string
  readonly q: string
  readonly from: string
  readonly to: string
  readonly seconds: number
}
const EMPTY: Draft = {
  role: 'member',
  id: '',
  name: '',
  email: '',
  q: '',
  from: '',
  to: '',
  seconds: 30 * 86_400,
}

/** The text of a new token is shown this once. */
export function NewToken({ onMade }: { readonly onMade: () => void }) {
  const { workspace } = useSession()
  const [draft, setDraft] = useState<Draft | null>(null)
  const [made, setMade] = useState<string | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const make = async (): Promise<void> => {
    if (!draft) return
    try {
      const { token } = (await sendJson('POST', '/v1/tokens', bodyOf(draft, workspace.id))) as {
        token: string
      }
      setMade(token)
      setDraft(null)
      setFault(null)
      onMade()
    } catch (error) {
      setFault(toProblem(error).message)
    }
  }
  return (
    <>
      {made === null ? null : (
        <div className="made" role="status">
          <strong>The new token, shown this one time</strong>
          <pre tabIndex={0} aria-label="The new token">
            {made}
          </pre>
          <Button variant="default" onClick={() => setMade(null)}>
            I have kept it
          </Button>
        </div>
      )}
      {draft === null ? (
        <Button variant="default" className="start" onClick={() => setDraft(EMPTY)}>
          New token
        </Button>
      ) : (
        <form
          className="token-form"
          onSubmit={(event) => {
            event.preventDefault()
            void make()
          }}
        >
          <DraftFields draft={draft} setDraft={setDraft} />
          {fault === null ? null : <p role="alert">{fault}</p>}
          <p className="buttons">
            <Button type="submit">Make the token</Button>
            <Button variant="default" onClick={() => setDraft(null)}>
              Cancel
            </Button>
          </p>
        </form>
      )}
    </>
  )
}

function DraftFields({
  draft,
  setDraft,
}: {
  readonly draft: Draft
  readonly setDraft: (draft: Draft) => void
}) {
  const text = (name: 'id' | 'name' | 'email' | 'q' | 'from' | 'to') => ({
    value: draft[name],
    onChange: (event: React.ChangeEvent<HTMLInputElement>) =>
      setDraft({ ...draft, [name]: event.currentTarget.value }),
  })
  return (
    <>
      <label>
        Role
        <select
          value={draft.role}
          onChange={(event) => setDraft({ ...draft, role: event.currentTarget.value as NewRole })}
        >
          {ROLES.map(({ role, hint }) => (
            <option key={role} value={role}>
              {role}: {hint}
            </option>
          ))}
        </select>
      </label>
      {draft.role === 'ingest' ? null : (
        <>
          <TextInput
            label="Member id, as the events carry it"
            required={draft.role === 'member'}
            {...text('id')}
          />
          <TextInput label="Name" {...text('name')} />
          <TextInput label="E-mail" {...text('email')} />
        </>
      )}
      {draft.role === 'auditor' ? <ScopeFields text={text} /> : null}
      <label>
        Valid for
        <select
          value={draft.seconds}
          onChange={(event) => setDraft({ ...draft, seconds: Number(event.currentTarget.value) })}
        >
          {DURATIONS.map(({ name, seconds }) => (
            <option key={name} value={seconds}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </>
  )
}

interface ScopeFieldsProps {
  readonly text: (name: 'q' | 'from' | 'to') => React.ComponentProps<typeof TextInput>
}

/** Without any of them an auditor sees all of the workspace. */
function ScopeFields({ text }: ScopeFieldsProps) {
  return (
    <>
      <TextInput
        label="Scope: a query added to all that they ask"
        placeholder="category:(evidence OR obligation)"
        {...text('q')}
      />
      <TextInput label="Scope: from this day" type="date" {...text('from')} />
      <TextInput label="Scope: until this day" type="date" {...text('to')} />
    </>
  )
}

function bodyOf({ role, id, name, email, q, from, to, seconds }: Draft, workspace: string): object {
  const filled = (fields: Record<string, string>) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== ''))
  return {
    ...{ role, workspace },
    ...(role === 'ingest' || id.trim() === '' ? {} : { member: filled({ id, name, email }) }),
    ...(role === 'auditor' && `${q}${from}${to}`.trim() !== '' ? { scope: filled({ q, from, to }) } : {}),
    ...(seconds === 0 ? {} : { ttl_seconds: seconds }),
  }
}
