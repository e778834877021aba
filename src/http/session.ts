import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'

/** A working day: after it the sign-in link has to be opened again. */
const SESSION_SECONDS = 12 * 60 * 60

export interface SessionOptions {
  readonly key: Uint8Array
  readonly clock: Clock
  /** Whether people reach us by HTTPS. */
  readonly secure: boolean
}

/**
 * Session cookies: `<token id>.<expiry>.<nonce>.<HMAC-SHA256>`. They name a token and never hold it; whether that token still
 * counts is asked at every request, so that revoking it ends its sessions. A session that was signed out no longer counts in this process.
 */
export class Sessions {
  readonly #key: Uint8Array
  readonly #clock: Clock
  readonly #secure: boolean
  readonly #name: string
  readonly #signedOut = new Map<string, number>()

  constructor({ key, clock, secure }: SessionOptions) {
    if (key.length < 32) throw new Error('a session key has at least 32 bytes')
    this.#key = key
    this.#clock = clock
    this.#secure = secure
    // Browsers take the __Host- prefix only from HTTPS, for this host alone.
    this.#name = secure ? '__Host-trailseal' : 'trailseal'
  }

  /** Value of `Set-Cookie` that begins a session. */
  begin(tokenId: string): string {
    const expires = Math.floor(this.#clock.now() / 1_000) + SESSION_SECONDS
    const body = `${tokenId}.${expires}.${randomBytes(12).toString('base64url')}`
    return this.#cookie(`${body}.${this.#sign(body)}`, SESSION_SECONDS)
  }

  /** Token id of the session in a `Cookie` header; null without a valid one. */
  read(header: string | undefined): string | null {
    const value = this.#value(header)
    const parts = /^([A-Za-z0-9_-]+)\.([0-9]{1,12})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{43})$/.exec(
      value ?? '',
    )
    const [, tokenId, expires, nonce, signature] = parts ?? []
    if (!tokenId || !expires || !nonce || !signature || this.#signedOut.has(nonce)) return null
    const expected = this.#sign(`${tokenId}.${expires}.${nonce}`)
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return null
    return Number(expires) * 1_000 > this.#clock.now() ? tokenId : null
  }

  /** Ends the session of the header, if there is one; value of `Set-Cookie` that removes it. */
  end(header: string | undefined): string {
    const now = this.#clock.now()
    for (const [nonce, until] of this.#signedOut) if (until < now) this.#signedOut.delete(nonce)
    // Only what we signed is remembered: nobody fills our memory with made-up sessions.
    if (this.read(header) !== null) {
      const nonce = this.#value(header)?.split('.')[2]
      if (nonce) this.#signedOut.set(nonce, now + SESSION_SECONDS * 1_000)
    }
    return this.#cookie('', 0)
  }

  #value(header: string | undefined): string | null {
    const found = header
      ?.split(';')
      .map((each) => each.trim())
      .find((each) => each.startsWith(`${this.#name}=`))
    return found?.slice(this.#name.length + 1) ?? null
  }

  #cookie(value: string, maxAge: number): string {
    const secure = this.#secure ? '; Secure' : ''
    return `${this.#name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`
  }

  #sign(body: string): string {
    return createHmac('sha256', this.#key).update(`trailseal session ${body}`).digest('base64url')
  }
}
