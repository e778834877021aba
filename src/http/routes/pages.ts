import { z } from 'zod'
import type { Request, Response } from 'express'
import type { Principal } from '../../workspaces/workspace-store.ts'
import type { HttpDependencies } from '../dependencies.ts'
import type { Authenticator } from '../middleware/authenticate.ts'
import type { OpenApiDocument } from '../openapi.ts'
import { publicRoute, sendJson, type Route } from '../route.ts'
import type { Sessions } from '../session.ts'
import { TrailsealError } from '../../errors.ts'
import { docsPage } from './docs-page.ts'
import { escapeHtml } from '../../escape-html.ts'
import { htmlPage, PAGE_CSS } from './html.ts'

interface PageOptions extends Pick<HttpDependencies, 'workspaces' | 'publicUrl'> {
  readonly authenticator: Authenticator
  readonly sessions: Sessions
  readonly openApi: () => OpenApiDocument
}

const HTML = { 200: { description: 'A page.', type: 'text/html' } }

/** Pages for people. The viewer's files will be served here, before `/`: see `server.ts`. */
export function pageRoutes(options: PageOptions): readonly Route[] {
  return [homeRoute(options), ...signInRoutes(options), ...documentationRoutes(options)]
}

function homeRoute({ authenticator, publicUrl }: PageOptions): Route {
  return publicRoute({
    method: 'get',
    path: '/',
    summary: 'A plain start page.',
    answers: HTML,
    async handle({ request, response }) {
      const visitor = await authenticator.visitor(request)
      sendHtml(response, htmlPage('Trailseal', home(visitor, publicUrl)))
    },
  })
}

function signInRoutes({ authenticator, sessions, workspaces }: PageOptions): readonly Route[] {
  return [
    publicRoute({
      method: 'get',
      path: '/signin',
      summary: 'Begin a session with a token, and drop the token from the address bar.',
      query: z.strictObject({ token: z.string() }),
      answers: { 303: { description: 'Signed in; the session is in a cookie.' } },
      async handle({ request, response, query: { token } }) {
        const { tokenId } = await workspaces.authenticate(token)
        response.set({ 'Set-Cookie': sessions.begin(tokenId), 'Cache-Control': 'no-store' })
        if (cameFromElsewhere(request)) {
          // After a redirect that began on another site a browser would withhold the SameSite=Strict cookie; a page of ours sends it.
          response.set('Refresh', '0; url=/')
          sendHtml(response, htmlPage('Signed in', '<p>You are signed in. <a href="/">Continue</a></p>'))
        } else {
          response.redirect(303, '/')
        }
      },
    }),
    publicRoute({
      method: 'post',
      path: '/signout',
      summary: 'End the session.',
      answers: { 303: { description: 'Signed out.' } },
      handle({ request, response }) {
        if (!authenticator.isOwnPage(request))
          throw new TrailsealError('forbidden', 'A session does not count for requests of other web sites.')
        response
          .set({ 'Set-Cookie': sessions.end(request.headers.cookie), 'Cache-Control': 'no-store' })
          .redirect(303, '/')
      },
    }),
  ]
}

function documentationRoutes({ openApi }: PageOptions): readonly Route[] {
  return [
    publicRoute({
      method: 'get',
      path: '/openapi.json',
      summary: 'This interface as an OpenAPI 3.1 document.',
      answers: { 200: { description: 'The document.', type: 'application/json', schema: z.looseObject({}) } },
      handle: ({ response }) => sendJson(response, 200, openApi()),
    }),
    publicRoute({
      method: 'get',
      path: '/docs',
      summary: 'This interface as a page.',
      answers: HTML,
      handle: ({ response }) => sendHtml(response, docsPage(openApi())),
    }),
    publicRoute({
      method: 'get',
      path: '/page.css',
      summary: 'Style of the plain pages.',
      answers: { 200: { description: 'A style sheet.', type: 'text/css' } },
      handle({ response }) {
        response
          .set({ 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'max-age=3600' })
          .send(PAGE_CSS)
      },
    }),
  ]
}

function sendHtml(response: Response, page: string): void {
  response.set({ 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).send(page)
}

function cameFromElsewhere(request: Request): boolean {
  const site = request.headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}

function home(visitor: Principal | null, publicUrl: URL): string {
  const base = escapeHtml(publicUrl.origin)
  const workspace = escapeHtml(visitor?.workspace ?? 'WORKSPACE')
  const event = escapeHtml(
    `{"actor":{"type":"user","id":"u_7"},"action":"evidence.uploaded","resource":{"type":"FILE","name":"risk.pdf"}}`,
  )
  return `<h1>Trailseal</h1>
<p>An audit log that people can trust without trusting whoever runs it: append-only, hash-chained, signed, searchable.</p>
${whoYouAre(visitor)}
<h2>Send an event</h2>
<pre><code>curl ${base}/v1/workspaces/${workspace}/events \\
  -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' \\
  -d '${event}'</code></pre>
<h2>Search</h2>
<pre><code>curl -G ${base}/v1/workspaces/${workspace}/events -H 'Authorization: Bearer TOKEN' \\
  --data-urlencode 'q=action:uploaded risk'</code></pre>
<p><a href="/docs">Documentation of the interface</a> · <a href="/openapi.json">OpenAPI document</a></p>`
}

function whoYouAre(visitor: Principal | null): string {
  if (visitor === null)
    return '<p>You are not signed in: open the sign-in link that <code>trailseal serve</code> printed.</p>'
  const name = visitor.member?.name ?? visitor.member?.email ?? visitor.member?.id ?? visitor.tokenId
  const where = visitor.workspace === null ? 'all workspaces' : `workspace ${visitor.workspace}`
  const links =
    visitor.workspace === null
      ? '<a href="/v1/workspaces">Workspaces</a>'
      : `<a href="/v1/workspaces/${encodeURIComponent(visitor.workspace)}/events">Events</a> ·
<a href="/v1/workspaces/${encodeURIComponent(visitor.workspace)}/integrity">Integrity</a>`
  return `<p>Signed in as <strong>${escapeHtml(name)}</strong>, role ${visitor.role}, ${escapeHtml(where)}.</p>
<p><a href="/v1/me">Who am I</a> · ${links}</p>
<form method="post" action="/signout"><button>Sign out</button></form>`
}
