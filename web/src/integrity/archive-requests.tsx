import { Button, TextInput } from '@mantine/core'
import { useEffect, useState, type SubmitEvent } from 'react'
import { getJson, request, sendJson, toProblem, workspacePath } from '../api/client.ts'
import { DownloadLink } from '../api/download.tsx'
import type { ArchiveRequest, Plan } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { formatDate, formatUtc, useUtc } from '../events/dates.ts'
import { useSession } from '../session/session.ts'
import { ListSkeleton, planInWords, ProblemState } from '../states/states.tsx'

const POLL_MS = 1_500

/** A range of the log as a file that proves itself: asked for, listed with its due date, downloaded when it is there. */
export function ArchiveRequests() {
  const { workspace } = useSession()
  const path = workspacePath(workspace.id, 'archive-requests')
  const { answer, problem, retry } = useRequest(path, async (signal) => {
    const [{ archive_requests: requests }, { plans }] = await Promise.all([
      getJson<{ archive_requests: readonly ArchiveRequest[] }>(path, signal),
      getJson<{ plans: readonly Plan[] }>('/v1/plans', signal),
    ])
    return { requests, plans }
  })
  const isMoving = answer?.requests.some(({ status }) => status === 'preparing') ?? false
  useEffect(() => {
    if (!isMoving) return
    const timer = setInterval(retry, POLL_MS)
    return () => clearInterval(timer)
  }, [isMoving, retry])
  const plan = answer?.plans.find(({ name }) => name === workspace.plan)
  return (
    <section className="card">
      <h2>Archive requests</h2>
      {problem ? <ProblemState problem={problem} onRetry={retry} /> : null}
      {!answer && !problem ? <ListSkeleton label="Loading archive requests" rows={2} /> : null}
      {answer && plan?.archive === 'none' ? <NoArchive plans={answer.plans} /> : null}
      {plan && plan.archive !== 'none' ? <AskForArchive plan={plan} onAsked={retry} /> : null}
      {answer && answer.requests.length > 0 ? (
        <RequestTable
          requests={answer.requests}
          isExtended={plan?.archive === 'extended'}
          onChanged={retry}
        />
      ) : null}
    </section>
  )
}

function NoArchive({ plans }: { readonly plans: readonly Plan[] }) {
  return (
    <>
      <p>The plan of this workspace comes without an archive. These have one:</p>
      <dl className="plans">
        {plans
          .filter(({ archive }) => archive !== 'none')
          .map((plan) => (
            <div key={plan.name}>
              <dt>{plan.name}</dt>
              <dd>{planInWords(plan)}</dd>
            </div>
          ))}
      </dl>
    </>
  )
}

function AskForArchive({ plan, onAsked }: { readonly plan: Plan; readonly onAsked: () => void }) {
  const { workspace } = useSession()
  const [range, setRange] = useState({ from: '', to: '', reason: '' })
  const [fault, setFault] = useState<string | null>(null)
  const ask = async (): Promise<void> => {
    try {
      await sendJson('POST', workspacePath(workspace.id, 'archive-requests'), range)
      setRange({ from: '', to: '', reason: '' })
      setFault(null)
      onAsked()
    } catch (error) {
      setFault(toProblem(error).message)
    }
  }
  const field = (name: keyof typeof range) => ({
    value: range[name],
    required: true,
    withAsterisk: false,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) =>
      setRange({ ...range, [name]: event.currentTarget.value }),
  })
  return (
    <>
      <p className="soft">
        A range of days (UTC) as one file with its manifest and proof.{' '}
        {plan.archive === 'extended'
          ? 'With the extended archive of this plan it is made at once.'
          : 'On this plan the operator provides it, within five business days.'}{' '}
        The request and its reason go into the log.
      </p>
      <form
        className="archive-form"
        onSubmit={(event: SubmitEvent) => {
          event.preventDefault()
          void ask()
        }}
      >
        <TextInput label="From" type="date" {...field('from')} />
        <TextInput label="To" type="date" {...field('to')} />
        <TextInput label="Reason" maxLength={2_000} {...field('reason')} />
        <Button type="submit">Ask for the archive</Button>
        {fault === null ? null : <p role="alert">{fault}</p>}
      </form>
    </>
  )
}

interface RequestTableProps {
  readonly requests: readonly ArchiveRequest[]
  readonly isExtended: boolean
  readonly onChanged: () => void
}

function RequestTable({ requests, isExtended, onChanged }: RequestTableProps) {
  return (
    <div className="wide" tabIndex={0} role="group" aria-label="Archive requests">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Asked</th>
            <th scope="col">Range and reason</th>
            <th scope="col">State</th>
            <th scope="col">Files</th>
          </tr>
        </thead>
        <tbody>
          {requests.map((each) => (
            <RequestRow key={each.id} asked={each} {...{ isExtended, onChanged }} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface RequestRowProps {
  readonly asked: ArchiveRequest
  readonly isExtended: boolean
  readonly onChanged: () => void
}

function RequestRow({ asked, isExtended, onChanged }: RequestRowProps) {
  const { me, workspace } = useSession()
  const [utc] = useUtc()
  const { from, to, reason, requested_at, requested_by: by, status } = asked
  const mayFulfil = me.role === 'admin' || isExtended
  return (
    <tr>
      <td title={formatUtc(requested_at)}>
        <span className="two-lines">
          <span>{formatDate(requested_at, utc)}</span>
          <bdi className="soft">{by.name ?? by.role}</bdi>
        </span>
      </td>
      <td>
        <span className="two-lines export-what">
          <bdi>
            {from} to {to}
          </bdi>
          <bdi className="soft" title={reason}>
            {reason}
          </bdi>
        </span>
      </td>
      <td>
        <State asked={asked} />
      </td>
      <td>
        {status === 'done' && asked.export !== null ? (
          <Files path={workspacePath(workspace.id, 'exports', asked.export)} />
        ) : null}
        {mayFulfil && status !== 'done' && status !== 'preparing' ? (
          <Fulfil
            id={asked.id}
            name={status === 'open' ? 'Provide it now' : 'Make it again'}
            {...{ onChanged }}
          />
        ) : null}
      </td>
    </tr>
  )
}

function State({ asked: { status, due_at } }: { readonly asked: ArchiveRequest }) {
  const [utc] = useUtc()
  if (status === 'open')
    return (
      <span className="two-lines">
        <span>Waiting for the operator</span>
        <span
          className={Date.parse(due_at) < Date.now() ? 'result-failed' : 'soft'}
          title={formatUtc(due_at)}
        >
          {Date.parse(due_at) < Date.now() ? 'was due' : 'due'} {formatDate(due_at, utc)}
        </span>
      </span>
    )
  const words = {
    preparing: 'Being made',
    done: 'Ready, for seven days',
    expired: 'The file has expired',
    failed: 'Failed',
  }
  return <span className={status === 'failed' ? 'result result-failed' : undefined}>{words[status]}</span>
}

function Files({ path }: { readonly path: string }) {
  return (
    <span className="links">
      <DownloadLink path={`${path}/download`}>NDJSON</DownloadLink>
      <DownloadLink path={`${path}/manifest`}>Manifest</DownloadLink>
      <DownloadLink path={`${path}/proof`}>Proof</DownloadLink>
    </span>
  )
}

function Fulfil({
  id,
  name,
  onChanged,
}: {
  readonly id: string
  readonly name: string
  onChanged: () => void
}) {
  const { workspace } = useSession()
  const [fault, setFault] = useState<string | null>(null)
  const fulfil = async (): Promise<void> => {
    try {
      await request(workspacePath(workspace.id, 'archive-requests', id, 'fulfil'), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
      })
      onChanged()
    } catch (error) {
      setFault(toProblem(error).message)
    }
  }
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={() => void fulfil()}>
        {name}
      </Button>
      {fault === null ? null : <span role="alert">{fault}</span>}
    </>
  )
}
