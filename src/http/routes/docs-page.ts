import type { OpenApiDocument, Operation } from '../openapi.ts'
import { escapeHtml } from '../../escape-html.ts'
import { htmlPage } from './html.ts'

/** The OpenAPI document as a plain page, for people without a tool at hand. */
export function docsPage({ info, paths }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation)),
  )
  return htmlPage(
    'Trailseal: interface',
    `<h1>Trailseal ${escapeHtml(String(info['version']))}</h1>
<p>Send a token with every request: <code>Authorization: Bearer TOKEN</code>. Errors are problem documents (RFC 9457) with a <code>code</code>.
The same as <a href="/openapi.json">OpenAPI 3.1</a>.</p>
${operations.join('\n')}`,
  )
}

function section(
  method: string,
  path: string,
  { summary, parameters, responses, security }: Operation,
): string {
  const rows = parameters.map(
    ({ name, in: place, description }) =>
      `<tr><td><code>${escapeHtml(String(name))}</code></td><td>${escapeHtml(String(place))}</td><td>${escapeHtml(typeof description === 'string' ? description : '')}</td></tr>`,
  )
  const statuses = Object.entries(responses)
    .filter(([status]) => status !== 'default')
    .map(
      ([status, answer]) =>
        `${status}: ${escapeHtml(String((answer as { description: unknown }).description))}`,
    )
  return `<section>
<h2><code>${method.toUpperCase()} ${escapeHtml(path)}</code></h2>
<p>${escapeHtml(summary)}${security?.length === 0 ? ' Needs no token.' : ''}</p>
${rows.length === 0 ? '' : `<table>${rows.join('')}</table>`}
<p>${statuses.join(' · ')}</p>
</section>`
}
