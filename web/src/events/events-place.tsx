import { Button } from '@mantine/core'
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { PLACE_NAMES, type Place } from '../navigation/places.ts'
import { hasFilters, withoutFilters, type ViewState } from '../navigation/view-state.ts'
import { useViewState, type ChangeView } from '../navigation/use-view-state.ts'
import { FilterBar } from '../search/filter-bar.tsx'
import { Histogram } from '../search/histogram.tsx'
import { QueryBar } from '../search/query-bar.tsx'
import { useSession, type Session } from '../session/session.ts'
import { ListSkeleton, ProblemState } from '../states/states.tsx'
import { remember, remembered } from '../storage.ts'
import { actorName } from './cells.tsx'
import { EmptyLog, NothingFound } from './empty-states.tsx'
import { EventTable, type Density } from './event-table.tsx'
import type { EventRow } from './event-row.ts'
import { Figures } from './figures.tsx'
import { PlaceHeader } from './place-header.tsx'
import { useEventFeed, type EventFeedInUse } from './use-event-feed.ts'
import { useHistogram } from './use-histogram.ts'

const Flyout = lazy(() => import('../flyout/flyout.tsx'))
const DENSITY = 'trailseal-density'

/** Home, Dashboard and Audit log: one instrument over three lists. */
export function EventsPlace({ place }: { readonly place: Place }) {
  const session = useSession()
  const [state, change] = useViewState()
  const [isLive, setLive] = useState(true)
  const [density, setDensity] = useDensity()
  const feed = useEventFeed(place, session, state, isLive)
  const lastOpened = useRef<EventRow | null>(null)
  const open = useCallback(
    (row: EventRow) => {
      lastOpened.current = row
      change({ event: row.id })
    },
    [change],
  )
  const { problem, rows, total } = feed.snapshot
  const isRefused = problem !== null && rows.length === 0 && problem.code !== 'bad_query'
  return (
    <div className="events">
      <PlaceHeader
        {...{ place, state, density, setDensity, isLive, setLive, total }}
        title={titleOf(place, session)}
        live={feed.live}
        isRefused={isRefused}
      />
      {isRefused ? null : <Instruments {...{ place, state, change, feed }} />}
      <List {...{ place, state, change, feed, density }} onOpen={open} />
      {state.event === '' ? null : (
        <Suspense>
          <Flyout
            {...{ state, change }}
            row={lastOpened.current?.id === state.event ? lastOpened.current : null}
          />
        </Suspense>
      )}
    </div>
  )
}

function titleOf(place: Place, { workspace }: Session): string {
  if (place === 'home') return `Your activity in ${workspace.name}`
  if (place === 'dashboard') return `Team activity in ${workspace.name}`
  return `${PLACE_NAMES[place]} of ${workspace.name}`
}

interface PartProps {
  readonly place: Place
  readonly state: ViewState
  readonly change: ChangeView
  readonly feed: EventFeedInUse
}

function Instruments({ place, state, change, feed }: PartProps) {
  const { problem, rows } = feed.snapshot
  const isFaulty = problem?.code === 'bad_query'
  const histogram = useHistogram(feed)
  // The first rows first, as there.
  const countKey = feed.snapshot.total === null ? null : feed.key
  const names = useMemo(
    () => new Map(rows.loaded().map(({ actor }) => [actor.id ?? '', actorName(actor)])),
    [rows],
  )
  return (
    <>
      <QueryBar {...{ state, change }} source={feed.source} problem={isFaulty ? problem : null} />
      <FilterBar
        {...{ state, change }}
        isHome={place === 'home'}
        names={names}
        source={feed.source}
        requestKey={feed.key}
      />
      {place === 'dashboard' && !isFaulty ? (
        <Figures {...{ state, change }} requestKey={countKey} source={feed.source} />
      ) : null}
      {isFaulty ? null : <Histogram change={change} answer={histogram} />}
    </>
  )
}

function List({ place, state, change, feed, density, onOpen }: PartProps & ListProps) {
  const { rows, problem, total, isLoading, hasMore, pending } = feed.snapshot
  const place_ = useRef<HTMLDivElement>(null)
  useFocusKeys(place_)
  if (problem && rows.length === 0)
    return problem.code === 'bad_query' ? null : <ProblemState problem={problem} onRetry={feed.reload} />
  if (total === null) return <ListSkeleton label="Loading events" />
  if (rows.length === 0 && !isLoading)
    return hasFilters(state) ? (
      <NothingFound state={state} change={change} onLoosen={() => change(withoutFilters(state))} />
    ) : (
      <EmptyLog isHome={place === 'home'} onLoaded={feed.reload} />
    )
  const isFresh =
    place !== 'home' && !hasFilters(state) && rows.length < 4 && rows.loaded().every(isAdministrative)
  return (
    <div className="table-place" ref={place_}>
      {pending > 0 ? (
        <Button
          className="news"
          radius="xl"
          onClick={() => {
            if (pending >= 1_000) feed.reload()
            else feed.feed.showPending()
            place_.current?.querySelector('[role=grid]')?.scrollTo({ top: 0 })
          }}
        >
          {pending >= 1_000 ? '1,000 or more' : pending.toLocaleString()} new{' '}
          {pending === 1 ? 'event' : 'events'}
        </Button>
      ) : null}
      <EventTable
        label={PLACE_NAMES[place]}
        {...{ rows, hasMore, density, onOpen }}
        openId={state.event}
        onShown={feed.feed.show}
        onAtTop={feed.feed.setAtTop}
        onGoOn={(to) => change({ range: '', from: String(feed.source.parameters['from'] ?? ''), to })}
      />
      {isFresh ? (
        <div className="fresh">
          <EmptyLog isHome={false} onLoaded={feed.reload} />
        </div>
      ) : null}
      {problem ? (
        <p className="more-failed" role="alert">
          The next events could not be loaded: {problem.message}{' '}
          <Button size="compact-xs" variant="default" onClick={feed.feed.again}>
            Try again
          </Button>
        </p>
      ) : null}
    </div>
  )
}

/** Written by the product itself when a workspace is set up. */
function isAdministrative({ actor, resource }: EventRow): boolean {
  return actor.type !== 'user' && (resource.type === 'WORKSPACE' || resource.type === 'TOKEN')
}

interface ListProps {
  readonly density: Density
  readonly onOpen: (row: EventRow) => void
}

/** Arrow down, anywhere outside of a field, goes to the table; `/` to the query bar. */
function useFocusKeys(place: React.RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const from = event.target as HTMLElement
      if (event.ctrlKey || event.metaKey || event.altKey || from.closest('input, textarea, [role=dialog]'))
        return
      if (event.key === '/') {
        event.preventDefault()
        document.getElementById('query')?.focus()
      } else if (event.key === 'ArrowDown' && from === document.body) {
        event.preventDefault()
        place.current?.querySelector<HTMLElement>('[role=grid]')?.focus()
      }
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [place])
}

function useDensity(): readonly [Density, (density: Density) => void] {
  const [density, setDensity] = useState<Density>(
    remembered(DENSITY) === 'compact' ? 'compact' : 'comfortable',
  )
  const keep = (chosen: Density): void => {
    remember(DENSITY, chosen)
    setDensity(chosen)
  }
  return [density, keep]
}
