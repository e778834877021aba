import { Button } from '@mantine/core'
import { useState } from 'react'
import { toProblem, workspacePath } from '../api/client.ts'
import { DownloadLink } from '../api/download.tsx'
import type { ListedEvent } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { Icon } from '../icon.tsx'
import { fetchProof, readProof, verifyEvent, type ProofStep } from '../proof/verify-event.ts'
import { useSession } from '../session/session.ts'
import { ListSkeleton, ProblemState } from '../states/states.tsx'

/** Where the event is in the log, and a check of it that trusts nobody but the log's key. */
export function ProofTab({ event }: { readonly event: ListedEvent }) {
  const { workspace } = useSession()
  const [steps, setSteps] = useState<readonly ProofStep[] | null>(null)
  const { answer, problem, isLoading, retry } = useRequest(`${workspace.id} ${event.id}`, (signal) =>
    fetchProof(workspace.id, event.id, signal),
  )
  if (problem) return <ProblemState problem={problem} onRetry={retry} />
  if (!answer || isLoading) return <ListSkeleton label="Loading the proof" rows={5} />
  const verify = async (): Promise<void> => {
    try {
      setSteps(await verifyEvent(event, answer))
    } catch (error) {
      setSteps([{ title: 'The check could be done', result: 'red', sentence: toProblem(error).message }])
    }
  }
  return (
    <div className="proof">
      <div className="proof-actions">
        <Button size="sm" leftSection={<Icon name="integrity" />} onClick={() => void verify()}>
          Verify in this browser
        </Button>
        <DownloadLink
          path={workspacePath(workspace.id, 'events', event.id, 'proof')}
          name={`${event.id}.tlog-proof`}
        >
          Download the proof
        </DownloadLink>
      </div>
      {steps === null ? null : <Verdict steps={steps} />}
      <dl className="details">
        <div>
          <dt>Place in the log</dt>
          <dd>{event.seq}</dd>
        </div>
        <div>
          <dt>Leaf hash</dt>
          <dd>
            <code>{event.leaf_hash}</code>
          </dd>
        </div>
        <div>
          <dt>Previous leaf</dt>
          <dd>
            <code>{event.prev}</code>
          </dd>
        </div>
        <div>
          <dt>Key of the log</dt>
          <dd>
            <code>{answer.vkey}</code>
          </dd>
        </div>
      </dl>
      <h3>Checkpoint</h3>
      <pre tabIndex={0} aria-label="Checkpoint">
        {readProof(answer.proof)?.checkpoint ?? answer.proof}
      </pre>
    </div>
  )
}

const WORDS = { green: 'Holds', red: 'Does not hold', unknown: 'Not checked' } as const

function Verdict({ steps }: { readonly steps: readonly ProofStep[] }) {
  const isRed = steps.some(({ result }) => result === 'red')
  const isGreen = steps.every(({ result }) => result === 'green')
  return (
    <section
      className={`verdict verdict-${isRed ? 'red' : isGreen ? 'green' : 'unknown'}`}
      aria-live="polite"
    >
      <h3>
        <Icon name={isRed ? 'failure' : 'check'} size={18} />
        {isRed ? 'Not verified' : isGreen ? 'Verified' : 'Verified in part'}
      </h3>
      <ol>
        {steps.map(({ title, result, sentence, value }) => (
          <li key={title} className={`step step-${result}`}>
            <Icon name={result === 'green' ? 'check' : 'failure'} size={15} />
            <div>
              <strong>{title}</strong> <span className="step-word">{WORDS[result]}</span>
              <p>{sentence}</p>
              {value === undefined ? null : <code>{value}</code>}
            </div>
          </li>
        ))}
      </ol>
    </section>
  )
}
