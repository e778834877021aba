import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { Request, RequestHandler, Response } from 'express'
import type { ObservedLocals } from '../middleware/observe.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}
/** In the order of preference; what the build wrote beside each asset. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const
const NONCE = 'CSP_NONCE'
const EMBED_ORIGINS = 'EMBED_ORIGINS'

interface Asset {
  readonly type: string
  readonly bytes: Buffer
  readonly encoded: readonly { readonly encoding: string; readonly bytes: Buffer }[]
}

/**
 * The built viewer: its page at `/`, `/signin` (without a token) and everything below `/w/`, its hashed assets below `/assets/`.
 * Below `/embed/` the same page for frames of the given origins, and for no others (ADR 0020).
 * Null when it was not built. The files are read once, at the start.
 */
export function viewerFiles(directory: URL, embedOrigins: readonly string[] = []): RequestHandler | null {
  const index = new URL('index.html', directory)
  if (!existsSync(index)) return null
  const page = readFileSync(index, 'utf8')
  const assets = readAssets(new URL('assets/', directory))
  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      next()
      return
    }
    const asset = assets.get(request.path)
    if (asset) sendAsset(request, response, asset)
    else if (isPage(request)) sendPage(response, page)
    else if (request.path.startsWith('/embed/')) sendEmbeddedPage(response, page, embedOrigins)
    else next()
  }
}

function isPage({ path, originalUrl }: Request): boolean {
  return path === '/' || path.startsWith('/w/') || originalUrl === '/signin'
}

function sendAsset(request: Request, response: Response, { type, bytes, encoded }: Asset): void {
  ;(response.locals as ObservedLocals).route = '/assets/{file}'
  // The name of an asset has the hash of its content.
  response.set({
    'Content-Type': type,
    'Cache-Control': 'public, max-age=31536000, immutable',
    Vary: 'Accept-Encoding',
  })
  const accepted = request.acceptsEncodings(...encoded.map(({ encoding }) => encoding))
  const best = encoded.find(({ encoding }) => encoding === accepted)
  if (best) response.set('Content-Encoding', best.encoding)
  response.send(best?.bytes ?? bytes)
}

/** Told to the page too, because it takes its token from a page of one of these origins only. */
function sendEmbeddedPage(response: Response, page: string, origins: readonly string[]): void {
  if (origins.length > 0) {
    const policy = String(response.getHeader('content-security-policy'))
    // X-Frame-Options knows no list of origins, and would win over the policy in old browsers.
    response.removeHeader('X-Frame-Options')
    response.set(
      'Content-Security-Policy',
      policy.replace("frame-ancestors 'none'", `frame-ancestors ${origins.join(' ')}`),
    )
  }
  sendPage(response, page, origins)
}

/** The component library writes style elements: they carry a nonce of this one response, so that no others count. */
function sendPage(response: Response, page: string, embedOrigins: readonly string[] = []): void {
  ;(response.locals as ObservedLocals).route = '/w/{place}'
  const nonce = randomBytes(16).toString('base64')
  const policy = String(response.getHeader('content-security-policy'))
  response
    .set({
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': policy.replace("style-src 'self'", `style-src 'self' 'nonce-${nonce}'`),
    })
    .send(page.replaceAll(NONCE, nonce).replace(EMBED_ORIGINS, embedOrigins.join(' ')))
}

function readAssets(directory: URL): ReadonlyMap<string, Asset> {
  const names = readdirSync(directory)
  const read = (name: string): Buffer => readFileSync(new URL(name, directory))
  return new Map(
    names
      .filter((name) => TYPES[extname(name)] !== undefined)
      .map((name) => [
        `/assets/${name}`,
        {
          type: TYPES[extname(name)] ?? '',
          bytes: read(name),
          encoded: ENCODINGS.filter(([, suffix]) => names.includes(name + suffix)).map(
            ([encoding, suffix]) => ({ encoding, bytes: read(name + suffix) }),
          ),
        },
      ]),
  )
}
