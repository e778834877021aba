import { escapeHtml } from '../escape-html.ts'
import type { Job, JobValue, JobWork, NewJob } from '../jobs/jobs.ts'
import { exponentialBackoff } from '../jobs/jobs.ts'
import { TrailsealError } from '../errors.ts'
import type { Mail, Mailer } from '../mail/mailer.ts'
import { frozenOf, type ExportResult } from './export-job.ts'

export const MAIL_JOB = 'mail'
/** With pauses of at most half an hour: a mail server may be away for most of a day. */
const ATTEMPTS = 40
const LONGEST_PAUSE_MS = 30 * 60 * 1_000

/** The mail of a finished export: a link that needs sign-in, never the file. */
export function readyMail(job: Job, to: string, result: ExportResult, publicUrl: URL): Mail {
  const { format, fileName, workspaceName } = frozenOf(job)
  const link = new URL(`/exports/${job.workspace}/${job.id}`, publicUrl).href
  const facts = [
    ['File', fileName],
    ['Events', result.rows.toLocaleString('en-US')],
    ['Size', `${result.bytes.toLocaleString('en-US')} bytes`],
    ['SHA-256', result.sha256],
    ['Kept until', `${new Date(result.expiresAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`],
  ] as const
  const what = `The ${format.toUpperCase()} export of the audit log of ${workspaceName} that you asked for is ready.`
  const signIn = 'The link asks you to sign in. This mail has no attachment, and never will.'
  return {
    id: `${job.id}.ready`,
    to,
    subject: `Audit log export of ${workspaceName} is ready`,
    text: `${what}\n\n${link}\n\n${facts.map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n${signIn}\n`,
    html: `<p>${escapeHtml(what)}</p>
<p><a href="${escapeHtml(link)}">Open the export</a></p>
<table>${facts.map(([name, value]) => `<tr><th align="left">${name}</th><td>${escapeHtml(value)}</td></tr>`).join('')}</table>
<p>${signIn}</p>
`,
  }
}

export function mailJob({ id, workspace }: Job, mail: Mail): NewJob {
  return { id: `${id}.mail`, kind: MAIL_JOB, workspace, payload: { ...mail } }
}

/** Sends queued mails; one that the server will never take is given up, everything else is tried again. */
export function mailWork(mailer: Mailer, gaveUp: (job: Job, error: unknown) => void): JobWork {
  return {
    concurrency: 2,
    perWorkspace: 2,
    attempts: ATTEMPTS,
    backoff: (attempt) => exponentialBackoff(attempt, LONGEST_PAUSE_MS),
    isFinal: (error) => error instanceof TrailsealError && error.code === 'bad_request',
    async run({ payload }): Promise<JobValue> {
      await mailer.send(payload as unknown as Mail)
      return null
    },
    gaveUp: (job, error) => {
      gaveUp(job, error)
      return Promise.resolve()
    },
  }
}
