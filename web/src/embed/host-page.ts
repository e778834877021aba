import { hasToken, setToken, useTokensOnly } from '../api/credentials.ts'

/** Below `/embed/` the viewer is a guest in a frame of another page (ADR 0020). */
export const isEmbedded = location.pathname.startsWith('/embed/')

/** Set by the operator; the server lets no other page show the frame. */
const hosts =
  document.querySelector<HTMLMetaElement>('meta[name="embed-origins"]')?.content.split(' ').filter(Boolean) ??
  []

type Message =
  | { readonly type: 'trailseal:ready' }
  | { readonly type: 'trailseal:token-needed' }
  | { readonly type: 'trailseal:height'; readonly height: number }

/**
 * Says it to the page around. Nothing in it is secret, and the policy of this page (frame-ancestors) sees to it that the page
 * around is one of the hosts: so it goes to whoever that is.
 */
function tellHost(message: Message): void {
  if (window.parent !== window) window.parent.postMessage(message, '*')
}

/**
 * Waits for tokens: once from the fragment of the address (`#token=…`, which no server sees and which is taken out at once), and
 * from the host page by message as often as it likes. `onSignedIn` is told when there is one where there was none that counted.
 */
export function listenToHost(onSignedIn: () => void): () => void {
  let isNeeded = !hasToken()
  useTokensOnly(() => {
    isNeeded = true
    tellHost({ type: 'trailseal:token-needed' })
  })
  const take = (token: string): void => {
    setToken(token)
    if (!isNeeded) return
    isNeeded = false
    onSignedIn()
  }
  const received = ({ source, origin, data }: MessageEvent): void => {
    if (source !== window.parent || !hosts.includes(origin)) return
    const { type, token } = (data ?? {}) as { type?: unknown; token?: unknown }
    if (type === 'trailseal:token' && typeof token === 'string') take(token)
  }
  window.addEventListener('message', received)
  const fromFragment = tokenOfFragment()
  if (fromFragment !== null) take(fromFragment)
  tellHost({ type: 'trailseal:ready' })
  return () => window.removeEventListener('message', received)
}

function tokenOfFragment(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token !== null) history.replaceState(null, '', location.pathname + location.search)
  return token
}

/** Less would cut off a menu that opens; the flyout wants the height of a page. */
const LEAST_HEIGHT = 420
const LEAST_HEIGHT_OF_FLYOUT = 720

/** Tells the host page how high the content is, now and whenever that changes. */
export function reportHeight(isFlyoutOpen: boolean): () => void {
  const content = document.getElementById('viewer')
  if (!content) return () => undefined
  const report = (): void => {
    const least = isFlyoutOpen ? LEAST_HEIGHT_OF_FLYOUT : LEAST_HEIGHT
    tellHost({ type: 'trailseal:height', height: Math.max(least, Math.ceil(content.offsetHeight)) })
  }
  const observer = new ResizeObserver(report)
  observer.observe(content)
  report()
  return () => observer.disconnect()
}
