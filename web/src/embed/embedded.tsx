import { useEffect, useState, type ReactNode } from 'react'
import { useHref } from '../navigation/location.ts'
import { ListSkeleton, Notice } from '../states/states.tsx'
import { reportHeight } from './host-page.ts'

/** A host page that works hands its token over within moments. */
const PATIENCE_MS = 5_000

/** The place alone, without sidebar: navigation is the host page's. */
export function Embedded({ children }: { readonly children: ReactNode }) {
  const isFlyoutOpen = new URLSearchParams(useHref().split('?', 2)[1]).has('event')
  useEffect(() => reportHeight(isFlyoutOpen), [isFlyoutOpen])
  return (
    <main className="embedded" id="place" tabIndex={-1}>
      {children}
    </main>
  )
}

/** Until the host page has handed over a token that counts. */
export function WaitingForHost() {
  const [isLong, setLong] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <Embedded>
      <h1 className="unseen">Trailseal</h1>
      {isLong ? (
        <Notice title="Not signed in" icon="signout">
          The page around this one has not handed over a token that counts. Reload it, or ask its operator.
        </Notice>
      ) : (
        <ListSkeleton label="Signing in" rows={6} />
      )}
    </Embedded>
  )
}
