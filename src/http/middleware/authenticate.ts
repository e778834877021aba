import type { IncomingMessage } from 'node:http'
import { TrailsealError } from '../../errors.ts'
import type { Principal } from '../../workspaces/workspace-store.ts'
import type { Workspaces } from '../../workspaces/workspaces.ts'
import type { Sessions } from '../session.ts'

export interface AuthenticatorOptions {
  readonly workspaces: Workspaces
  readonly sessions: Sessions
  readonly publicUrl: URL
}

/** Content types that a form of any web site can send without asking the server first (Fetch standard, CORS-safelisted). */
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']

/**
 * Who sends this request? A token in `Authorization` decides alone, right or wrong; without one a session cookie counts, but only
 * for requests that a foreign web site can't make a browser send.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions

  constructor(options: AuthenticatorOptions) {
    this.#options = options
  }

  /** Errors: `unauthenticated`, `forbidden` (a cookie on a request that may be forged). */
  async principal(request: IncomingMessage): Promise<Principal> {
    const { authorization, cookie } = request.headers
    if (authorization !== undefined) return this.#options.workspaces.authenticate(tokenOf(authorization))
    const tokenId = this.#options.sessions.read(cookie)
    if (tokenId === null)
      throw unauthenticated('Send a token: `Authorization: Bearer TOKEN`, or open a sign-in link.')
    if (!this.isOwnPage(request))
      throw new TrailsealError('forbidden', 'A session does not count for requests of other web sites.')
    if (isForm(request))
      throw new TrailsealError('forbidden', 'A session does not count for forms: send JSON.')
    return this.#options.workspaces.principal(tokenId)
  }

  /** For pages that are also shown to strangers. */
  async visitor(request: IncomingMessage): Promise<Principal | null> {
    try {
      return await this.principal(request)
    } catch (error) {
      if (error instanceof TrailsealError && (error.code === 'unauthenticated' || error.code === 'forbidden'))
        return null
      throw error
    }
  }

  /**
   * Whether a browser says that the request comes from our own pages or from its user (address bar, bookmark). Cookies ignore
   * ports, so SameSite alone would let any other server on localhost in.
   */
  isOwnPage(request: IncomingMessage): boolean {
    const { origin, host } = request.headers
    const site = request.headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
    const safe = request.method === 'GET' || request.method === 'HEAD'
    // Without Sec-Fetch-Site (plain HTTP on another host than localhost) a change needs the Origin header.
    if (origin === undefined) return safe || site === 'same-origin'
    return origin === this.#options.publicUrl.origin || URL.parse(origin)?.host === host
  }
}

/** Bearer (RFC 6750), Basic (RFC 7617) with the token as password, ApiKey as Elasticsearch's clients send it; any case. */
function tokenOf(authorization: string): string {
  const [, scheme, credentials] = /^([A-Za-z]+) +([\x21-\x7e]+) *$/.exec(authorization) ?? []
  switch (scheme?.toLowerCase()) {
    case 'bearer':
    case 'apikey':
      return credentials ?? ''
    case 'basic': {
      const pair = Buffer.from(credentials ?? '', 'base64').toString('utf8')
      return pair.slice(pair.indexOf(':') + 1)
    }
    case undefined:
    default:
      throw unauthenticated('The Authorization header must be Bearer, ApiKey or Basic with a token.')
  }
}

function isForm(request: IncomingMessage): boolean {
  if (request.method !== 'POST') return false
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return type === undefined || FORM_TYPES.includes(type)
}

function unauthenticated(sentence: string): TrailsealError {
  return new TrailsealError('unauthenticated', sentence)
}
