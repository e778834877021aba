import type { ShownExport } from '../../export/export-job.ts'
import { escapeHtml } from '../../escape-html.ts'
import { htmlPage } from './html.ts'

/** One export for people without the viewer at hand. */
export function exportPage(shown: ShownExport): string {
  const { workspace, id, status, progress, rows, bytes, sha256, expires_at: expires } = shown
  const base = `/v1/workspaces/${workspace}/exports/${id}`
  const facts: readonly (readonly [string, string | null])[] = [
    ['File', shown.file_name],
    ['State', status === 'running' ? `running, ${Math.floor(progress * 100)} %` : status],
    ['Events', rows?.toLocaleString('en-US') ?? null],
    ['Size', bytes === null ? null : `${bytes.toLocaleString('en-US')} bytes`],
    ['SHA-256', sha256],
    ['Kept until', expires],
    ['Failed because', shown.error],
  ]
  const table = facts.map(([name, value]) =>
    value === null ? '' : `<tr><th>${name}</th><td>${escapeHtml(value)}</td></tr>`,
  )
  const links = ['download', 'manifest', ...(shown.format === 'ndjson' ? ['proof'] : [])]
    .map((file) => `<a href="${escapeHtml(`${base}/${file}`)}">${file}</a>`)
    .join(' · ')
  return htmlPage(
    'Export',
    `<h1>Export of the audit log of ${escapeHtml(workspace)}</h1>
<table>${table.join('')}</table>
${status === 'done' ? `<p>${links}</p>\n<p>Check them without this server: <code>trailseal verify</code> with the three files and the log's key.</p>` : ''}`,
  )
}

/** To strangers, and to people whose browser withholds their cookie because they come from another site, their webmail for one. */
export function signInPage(path: string): string {
  return htmlPage(
    'Sign in',
    `<h1>This page needs sign-in</h1>
<p>Signed in already, and come from a link in a mail? <a href="${escapeHtml(path)}">Show the export</a>.</p>
<p>Else open your sign-in link first, then this page again.</p>`,
  )
}
