import { Title } from '@mantine/core'
import { useEffect } from 'react'
import { getJson, workspacePath } from '../api/client.ts'
import type { ExportJob } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { useSession } from '../session/session.ts'
import { ListSkeleton, Notice, ProblemState } from '../states/states.tsx'
import { ExportTable } from './export-table.tsx'

const POLL_MS = 1_000

/** What was asked, by whom, how far it is, and the files with what proves them. */
export default function ExportsPlace() {
  const { workspace } = useSession()
  const { answer, problem, retry } = useRequest(workspace.id, (signal) =>
    getJson<{ exports: readonly ExportJob[] }>(workspacePath(workspace.id, 'exports'), signal),
  )
  const isMoving = answer?.exports.some(({ status }) => status === 'queued' || status === 'running') ?? false
  useEffect(() => {
    if (!isMoving) return
    const timer = setInterval(retry, POLL_MS)
    return () => clearInterval(timer)
  }, [isMoving, retry])
  return (
    <div className="page page-wide">
      <header className="place-header">
        <div className="place-title">
          <Title order={1}>Exports of {workspace.name}</Title>
          <p className="soft">
            Each file comes with a signed manifest that proves it complete and unchanged.
          </p>
        </div>
      </header>
      {problem?.status === 404 ? (
        <Notice title="Exports are not available in this version" icon="exports">
          The table can be searched and each event verified all the same.
        </Notice>
      ) : null}
      {problem && problem.status !== 404 ? <ProblemState problem={problem} onRetry={retry} /> : null}
      {!answer && !problem ? <ListSkeleton label="Loading exports" rows={5} /> : null}
      {answer?.exports.length === 0 ? (
        <Notice title="No exports yet" icon="exports">
          The Export button above each table asks for one. Files stay for seven days.
        </Notice>
      ) : null}
      {answer && answer.exports.length > 0 ? <ExportTable jobs={answer.exports} onChanged={retry} /> : null}
    </div>
  )
}
