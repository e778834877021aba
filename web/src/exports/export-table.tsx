import { Button, Progress } from '@mantine/core'
import { request, workspacePath } from '../api/client.ts'
import { DownloadLink } from '../api/download.tsx'
import type { ExportJob } from '../api/types.ts'
import { formatDate, formatUtc, useUtc } from '../events/dates.ts'
import { useSession } from '../session/session.ts'

interface ExportTableProps {
  readonly jobs: readonly ExportJob[]
  readonly onChanged: () => void
}

export function ExportTable({ jobs, onChanged }: ExportTableProps) {
  return (
    <section className="card">
      <div className="wide" tabIndex={0} role="group" aria-label="Exports">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Asked</th>
              <th scope="col">What</th>
              <th scope="col">State</th>
              <th scope="col">Files</th>
              <th scope="col">
                <span className="unseen">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <ExportRow key={job.id} job={job} onChanged={onChanged} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="soft">
        How to verify: <a href="/verify.html">the page that checks exports</a> works offline, so{' '}
        <a href="/verify.html" download="trailseal-verify.html">
          keep a copy
        </a>
        ; or put the file beside its manifest (and proof): <code>npx trailseal verify FILE</code>
      </p>
    </section>
  )
}

function ExportRow({ job, onChanged }: { readonly job: ExportJob; readonly onChanged: () => void }) {
  const { workspace } = useSession()
  const [utc] = useUtc()
  const { member, role } = job.requested_by
  const remove = async (): Promise<void> => {
    await request(workspacePath(workspace.id, 'exports', job.id), { method: 'DELETE' }).catch(() => undefined)
    onChanged()
  }
  const isMoving = job.status === 'queued' || job.status === 'running'
  return (
    <tr>
      <td title={formatUtc(job.requested_at)}>
        <span className="two-lines">
          <span>{formatDate(job.requested_at, utc)}</span>
          <bdi className="soft">{member?.name ?? member?.email ?? member?.id ?? role}</bdi>
        </span>
      </td>
      <td>
        <span className="two-lines export-what">
          <bdi>{job.file_name}</bdi>
          <bdi className="soft">{wordsOf(job.filters)}</bdi>
        </span>
      </td>
      <td>
        <State job={job} />
      </td>
      <td>{job.status === 'done' ? <Files job={job} /> : null}</td>
      <td>
        <Button size="compact-xs" variant="default" onClick={() => void remove()}>
          {isMoving ? 'Cancel' : 'Remove'}
        </Button>
      </td>
    </tr>
  )
}

function State({ job }: { readonly job: ExportJob }) {
  const { status, progress, rows, bytes, sha256, error } = job
  if (status === 'done')
    return (
      <span className="two-lines" title={sha256 === null ? undefined : `SHA-256 ${sha256}`}>
        <span>{rows?.toLocaleString() ?? 0} events</span>
        <span className="soft">{Math.ceil((bytes ?? 0) / 1_024).toLocaleString()} kB</span>
      </span>
    )
  if (status === 'failed') return <span className="result result-failed">{error ?? 'failed'}</span>
  return (
    <span className="two-lines">
      <span>{status === 'queued' ? 'waiting' : `${Math.round(progress * 100)} %`}</span>
      <Progress value={progress * 100} aria-label="Progress of the export" />
    </span>
  )
}

function Files({ job: { id, format } }: { readonly job: ExportJob }) {
  const { workspace } = useSession()
  const file = (name: string): string => workspacePath(workspace.id, 'exports', id, name)
  return (
    <span className="links">
      <DownloadLink path={file('download')}>{format.toUpperCase()}</DownloadLink>
      <DownloadLink path={file('manifest')}>Manifest</DownloadLink>
      {format === 'ndjson' ? <DownloadLink path={file('proof')}>Proof</DownloadLink> : null}
    </span>
  )
}

function wordsOf(filters: ExportJob['filters']): string {
  const words = Object.entries(filters).map(
    ([name, value]) =>
      `${name === 'q' ? 'matching' : name} ${Array.isArray(value) ? value.join(' or ') : String(value)}`,
  )
  return words.length === 0 ? 'all events' : words.join('; ')
}
