/**
 * Who the viewer asks as. On its own pages a session cookie says it, which no script can read. In a frame of another site that
 * cookie does not arrive, so the token that the host page handed over goes with each request (ADR 0020): it lives in this module's
 * memory and nowhere else, neither in storage nor in an address.
 */
let token: string | null = null
let isEmbedded = false
let onRefused = (): void => undefined

/** From now on cookies count for nothing. `refused` is told when the server does not take the token, or there is none yet. */
export function useTokensOnly(refused: () => void): void {
  isEmbedded = true
  onRefused = refused
}

export function setToken(text: string): void {
  token = text
}

export function hasToken(): boolean {
  return token !== null
}

/** Whether links can't be followed by the browser itself, because it would not send the token. */
export function needsToken(): boolean {
  return isEmbedded
}

export function credentialed(init: RequestInit): RequestInit {
  if (!isEmbedded) return { credentials: 'same-origin', ...init }
  const headers = new Headers(init.headers)
  if (token !== null) headers.set('Authorization', `Bearer ${token}`)
  return { ...init, credentials: 'omit', headers }
}

export function noteRefusal(): void {
  if (isEmbedded) onRefused()
}
