import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import helmet from 'helmet'
import { viewerFiles } from '../../../src/http/routes/viewer.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const HOST = 'https://app.example.com'

describe('the built viewer', () => {
  let base = ''
  let close: () => void
  const scratch = temporaryDirectory()

  beforeAll(async () => {
    const directory = `${scratch.path}/built/`
    mkdirSync(directory)
    mkdirSync(`${directory}assets`)
    writeFileSync(
      `${directory}index.html`,
      '<meta property="csp-nonce" nonce="CSP_NONCE"><meta content="EMBED_ORIGINS">',
    )
    writeFileSync(`${directory}assets/index-1a2b.js`, 'plain')
    writeFileSync(`${directory}assets/index-1a2b.js.gz`, 'compressed')
    const app = express()
    app.use(
      helmet({
        contentSecurityPolicy: {
          useDefaults: false,
          directives: { defaultSrc: ["'none'"], styleSrc: ["'self'"], frameAncestors: ["'none'"] },
        },
      }),
    )
    const viewer = viewerFiles(pathToFileURL(directory))
    const embeddable = viewerFiles(pathToFileURL(directory), [HOST])
    // Two installations behind one address: one lets a host frame it.
    app.use((request, response, next) =>
      (request.query['host'] ? embeddable : viewer)?.(request, response, next),
    )
    const server = app.listen(0)
    await new Promise((resolve) => server.once('listening', resolve))
    base = `http://localhost:${(server.address() as AddressInfo).port}`
    close = () => server.close()
  })

  afterAll(() => {
    close()
    scratch[Symbol.dispose]()
  })

  test('has a style nonce of its own in each page, and no cache keeps it', async () => {
    const nonces = await Promise.all(
      ['/', '/w/acme/audit-log?q=x', '/signin'].map(async (path) => {
        const response = await fetch(base + path)
        const [, nonce = ''] = /nonce="([^"]+)"/.exec(await response.text()) ?? []
        expect(response.headers.get('cache-control')).toBe('no-store')
        expect(response.headers.get('content-security-policy')).toContain(`style-src 'self' 'nonce-${nonce}'`)
        return nonce
      }),
    )
    expect(new Set(nonces).size).toBe(3)
  })

  test('serves hashed assets for ever, as the client can take them', async () => {
    const plain = await fetch(`${base}/assets/index-1a2b.js`, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(await plain.text()).toBe('plain')
    const head = await fetch(`${base}/assets/index-1a2b.js`, {
      method: 'HEAD',
      headers: { 'accept-encoding': 'gzip' },
    })
    expect(head.headers.get('content-encoding')).toBe('gzip')
  })

  test('leaves everything else to those behind it', async () => {
    for (const path of ['/v1/me', '/signin?token=x', '/assets/../index.html.map', '/assets/none.js'])
      expect((await fetch(base + path)).status).toBe(404)
  })

  test('is not there before it was built', () => {
    expect(viewerFiles(pathToFileURL(`${scratch.path}/not-built/`))).toBeNull()
  })

  test('may be framed below /embed/ by the origins that are set, and by nobody without any', async () => {
    const framed = await fetch(`${base}/embed/acme/home?host=1`)
    expect(framed.headers.get('content-security-policy')).toContain(`frame-ancestors ${HOST}`)
    expect(framed.headers.get('x-frame-options')).toBeNull()
    expect(await framed.text()).toContain(`<meta content="${HOST}">`)
    for (const path of ['/embed/acme/home', '/w/acme/home?host=1', '/?host=1', '/signin']) {
      const refused = await fetch(base + path)
      expect(refused.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(refused.headers.get('x-frame-options')).not.toBeNull()
      expect(await refused.text()).toContain('<meta content="">')
    }
  })
})
