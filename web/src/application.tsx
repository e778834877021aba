import { lazy, Suspense, useCallback, useEffect, useState } from 'react'
import { getJson, type Problem } from './api/client.ts'
import type { Me, Workspace } from './api/types.ts'
import { useRequest } from './api/use-request.ts'
import { Embedded, WaitingForHost } from './embed/embedded.tsx'
import { isEmbedded, listenToHost } from './embed/host-page.ts'
import { EventsPlace } from './events/events-place.tsx'
import { navigate, useHref } from './navigation/location.ts'
import { parsePlace, PLACE_NAMES, placePath, placesFor, type Place } from './navigation/places.ts'
import { SessionContext } from './session/session.ts'
import { SignInPage } from './session/sign-in-page.tsx'
import { Shell } from './shell/shell.tsx'
import { ListSkeleton, Notice, ProblemState } from './states/states.tsx'
import { remember, remembered } from './storage.ts'

const IntegrityPlace = lazy(() => import('./integrity/integrity-place.tsx'))
const SettingsPlace = lazy(() => import('./settings/settings-place.tsx'))
const ExportsPlace = lazy(() => import('./exports/exports-place.tsx'))

const LAST_WORKSPACE = 'trailseal-workspace'

/** Who is there decides what is shown: the sign-in page, or the places of a workspace. */
export function Application() {
  // In a frame nobody is asked before the host page has handed over a token.
  const [session, setSession] = useState(isEmbedded ? 0 : 1)
  const me = useRequest(session === 0 ? null : `me ${session}`, (signal) => getJson<Me>('/v1/me', signal))
  const renew = useCallback(() => setSession((former) => former + 1), [])
  useEffect(() => (isEmbedded ? listenToHost(renew) : undefined), [renew])
  if (isEmbedded && (session === 0 || me.problem?.code === 'unauthenticated')) return <WaitingForHost />
  if (me.problem?.code === 'unauthenticated') return <SignInPage onSignedIn={renew} />
  if (me.problem) return <Alone problem={me.problem} onRetry={me.retry} />
  if (!me.answer) return <ListSkeleton label="Opening the viewer" />
  return <SignedIn key={session} me={me.answer} onSignedOut={renew} />
}

function Alone({ problem, onRetry }: { readonly problem: Problem; readonly onRetry: () => void }) {
  return (
    <main className="alone">
      <h1 className="unseen">Trailseal</h1>
      <ProblemState problem={problem} onRetry={onRetry} />
    </main>
  )
}

function SignedIn({ me, onSignedOut }: { readonly me: Me; readonly onSignedOut: () => void }) {
  const { workspace: named, place: namedPlace } = parsePlace(useHref().split('?', 1)[0] ?? '')
  const workspace = named === null ? rememberedWorkspace(me) : me.workspaces.find(({ id }) => id === named)
  const places = workspace ? placesFor(me, workspace) : []
  const place = namedPlace ?? places[0] ?? 'home'
  const isAddressComplete = named !== null && namedPlace !== null
  useEffect(() => {
    if (workspace && !isAddressComplete)
      navigate(placePath(workspace.id, place) + location.search, { replace: true })
    if (workspace) remember(LAST_WORKSPACE, workspace.id)
  }, [workspace, place, isAddressComplete])
  useEffect(() => {
    document.title = workspace ? `${PLACE_NAMES[place]} · ${workspace.name} · Trailseal` : 'Trailseal'
  }, [workspace, place])
  if (me.role === 'ingest' || !workspace)
    return <NothingToShow me={me} named={named} onSignedOut={onSignedOut} />
  // another workspace is another world: nothing of the former one stays
  const view = (
    <Suspense fallback={<ListSkeleton label="Loading" />}>
      <PlaceView key={`${workspace.id} ${place}`} place={place} />
    </Suspense>
  )
  return (
    <SessionContext value={{ me, workspace }}>
      {isEmbedded ? (
        <Embedded>{view}</Embedded>
      ) : (
        <Shell {...{ me, workspace, place, places, onSignedOut }}>{view}</Shell>
      )}
    </SessionContext>
  )
}

function PlaceView({ place }: { readonly place: Place }) {
  switch (place) {
    case 'home':
    case 'dashboard':
    case 'audit-log':
      return <EventsPlace place={place} />
    case 'exports':
      return <ExportsPlace />
    case 'integrity':
      return <IntegrityPlace />
    case 'settings':
      return <SettingsPlace />
  }
}

function rememberedWorkspace({ workspaces }: Me): Workspace | undefined {
  const last = remembered(LAST_WORKSPACE)
  return workspaces.find(({ id }) => id === last) ?? workspaces[0]
}

function NothingToShow({
  me,
  named,
  onSignedOut,
}: {
  readonly me: Me
  readonly named: string | null
  readonly onSignedOut: () => void
}) {
  const sentence =
    me.role === 'ingest'
      ? 'This token may send events and reads nothing. Sign in with the token of an owner, a member or an auditor.'
      : named === null
        ? 'There is no workspace yet. An operator makes one: trailseal workspace set WS --name NAME --plan PLAN'
        : `There is no workspace “${named}” for this token.`
  return (
    <main className="alone">
      <h1 className="unseen">Trailseal</h1>
      <Notice
        title={named === null ? 'Nothing to show' : 'No such workspace'}
        {...(isEmbedded
          ? {}
          : {
              action: {
                name: 'Sign in with another token',
                onClick: () => void signOut().then(onSignedOut),
              },
            })}
      >
        {sentence}
      </Notice>
    </main>
  )
}

async function signOut(): Promise<void> {
  await fetch('/signout', { method: 'POST', redirect: 'manual' })
  navigate('/', { replace: true })
}
