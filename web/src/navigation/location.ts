import { useSyncExternalStore } from 'react'
import { isEmbedded } from '../embed/host-page.ts'

const listeners = new Set<() => void>()
const announce = (): void => listeners.forEach((listener) => listener())
window.addEventListener('popstate', announce)

/**
 * Shows another address of the viewer without loading it. `replace` leaves no step in the history; in a frame there never is one,
 * because "back" is the host page's.
 */
export function navigate(href: string, { replace = false } = {}): void {
  if (href === location.pathname + location.search) return
  history[replace || isEmbedded ? 'replaceState' : 'pushState'](null, '', href)
  announce()
}

/** Path and query of the address bar. */
export function useHref(): string {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => location.pathname + location.search,
  )
}
