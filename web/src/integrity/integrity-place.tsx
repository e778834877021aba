import { Button, Progress, Title } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { getJson, request, toProblem, workspacePath, type Problem } from '../api/client.ts'
import type { Integrity } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { formatUtc } from '../events/dates.ts'
import { Icon } from '../icon.tsx'
import { useSession } from '../session/session.ts'
import { ListSkeleton, ProblemState } from '../states/states.tsx'
import { ArchiveRequests } from './archive-requests.tsx'
import { ReportView } from './report-view.tsx'
import { verifyInBrowser, type BrowserReport } from './verify-in-browser.ts'

/** What the log commits itself to, and a check of all of it in this browser. */
export default function IntegrityPlace() {
  const { me, workspace } = useSession()
  const { answer, problem, retry } = useRequest(workspace.id, async (signal) => {
    const [integrity, vkey] = await Promise.all([
      getJson<Integrity>(workspacePath(workspace.id, 'integrity'), signal),
      request(workspacePath(workspace.id, 'log', 'vkey'), { signal }).then((response) => response.text()),
    ])
    return { ...integrity, vkey: vkey.trim() }
  })
  return (
    <div className="page">
      <header className="place-header">
        <div className="place-title">
          <Title order={1}>Integrity of {workspace.name}</Title>
          <p className="soft">
            Every event is hashed into one tree and its root is signed: a change, a gap or a reordering shows.
          </p>
        </div>
      </header>
      {problem ? <ProblemState problem={problem} onRetry={retry} /> : null}
      {!answer && !problem ? <ListSkeleton label="Loading" rows={6} /> : null}
      {answer ? (
        <>
          <VerifyNow isEmpty={answer.size === 0} />
          <State integrity={answer} />
          {me.role === 'owner' || me.role === 'admin' ? <ArchiveRequests /> : null}
        </>
      ) : null}
    </div>
  )
}

type Run =
  | { readonly state: 'idle' }
  | { readonly state: 'running'; readonly done: number; readonly total: number }
  | { readonly state: 'done'; readonly report: BrowserReport; readonly seconds: number }
  | { readonly state: 'failed'; readonly problem: Problem }

function VerifyNow({ isEmpty }: { readonly isEmpty: boolean }) {
  const { workspace } = useSession()
  const [run, setRun] = useState<Run>({ state: 'idle' })
  const controller = useRef<AbortController | null>(null)
  useEffect(() => () => controller.current?.abort(), [])
  const start = async (): Promise<void> => {
    const { signal } = (controller.current = new AbortController())
    const started = performance.now()
    setRun({ state: 'running', done: 0, total: 0 })
    try {
      const report = await verifyInBrowser({
        ...{ workspace: workspace.id, signal },
        onProgress: (done, total) => setRun({ state: 'running', done, total }),
      })
      setRun({ state: 'done', report, seconds: (performance.now() - started) / 1_000 })
    } catch (error) {
      setRun(signal.aborted ? { state: 'idle' } : { state: 'failed', problem: toProblem(error) })
    }
  }
  return (
    <section className="card verify-now">
      <div>
        <h2>Verify now</h2>
        <p className="soft">
          Reads the whole log into this browser and recomputes every hash, every link and the signed root.
          Nothing that the server says of itself is believed but its key, and that is remembered.
        </p>
      </div>
      {run.state === 'running' ? (
        <Running {...run} onCancel={() => controller.current?.abort()} />
      ) : (
        <Button
          size="sm"
          leftSection={<Icon name="integrity" />}
          disabled={isEmpty}
          onClick={() => void start()}
        >
          {isEmpty ? 'Nothing to verify yet' : 'Verify now'}
        </Button>
      )}
      {run.state === 'done' ? <ReportView report={run.report} seconds={run.seconds} /> : null}
      {run.state === 'failed' ? <ProblemState problem={run.problem} onRetry={() => void start()} /> : null}
    </section>
  )
}

function Running({ done, total, onCancel }: { done: number; total: number; onCancel: () => void }) {
  return (
    <div className="running">
      <Progress value={total === 0 ? 0 : (done / total) * 100} aria-label="Progress of the verification" />
      <span role="status">
        {total === 0
          ? 'Reading the checkpoint'
          : `${done.toLocaleString()} of ${total.toLocaleString()} entries`}
      </span>
      <Button variant="default" onClick={onCancel}>
        Cancel
      </Button>
    </div>
  )
}

function State({ integrity }: { readonly integrity: Integrity & { readonly vkey: string } }) {
  const { origin, size, root, checkpoint, index_lag, last_verification: last } = integrity
  return (
    <section className="card">
      <h2>The log</h2>
      <dl className="details details-wide">
        <Fact name="Name">{origin}</Fact>
        <Fact name="Entries">{size.toLocaleString()}</Fact>
        <Fact name="Root">
          <code>{root}</code>
        </Fact>
        <Fact name="Search index">
          {index_lag === 0 ? 'up to date' : `${index_lag.toLocaleString()} entries behind`}
        </Fact>
        <Fact name="Last run of the server">
          {last === null ? (
            'none yet'
          ) : (
            <>
              <span className={`result result-${last.result}`}>
                <Icon name={last.result === 'ok' ? 'check' : 'failure'} size={14} />
                {last.result === 'ok' ? 'Holds' : 'Failed'}
              </span>{' '}
              {formatUtc(last.at)}, {last.size.toLocaleString()} entries. {last.message}
            </>
          )}
        </Fact>
        <Fact name="Key">
          <code>{integrity.vkey}</code>
        </Fact>
      </dl>
      <h3>Latest checkpoint</h3>
      <pre tabIndex={0} aria-label="Latest checkpoint">
        {checkpoint === '' ? 'The log has no entry yet.' : checkpoint}
      </pre>
      <p className="soft">
        Keep key and checkpoint somewhere else: with them anybody can tell later whether this history was
        rewritten.
      </p>
    </section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
