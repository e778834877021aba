import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { workspacePath } from '../api/client.ts'
import { filterParameters, ownFilters, type ViewState } from '../navigation/view-state.ts'
import type { Place } from '../navigation/places.ts'
import type { Session } from '../session/session.ts'
import { EventFeed, type FeedSnapshot } from './event-feed.ts'
import { openLiveFeed, type LiveState } from './live-feed.ts'

export interface EventFeedInUse {
  readonly feed: EventFeed
  readonly snapshot: FeedSnapshot
  readonly live: LiveState
  /** Names the filters and the attempt; what is counted beside the list is counted anew when it changes. */
  readonly key: string
  /** The filters as the interface takes them, for what is counted beside the list. */
  readonly filters: ReturnType<typeof filterParameters>
  readonly reload: () => void
}

/** The list of a place under the filters of the view, with news by the live feed while it is wanted. */
export function useEventFeed(
  place: Place,
  { me, workspace }: Session,
  state: ViewState,
  isLive: boolean,
): EventFeedInUse {
  const [attempt, setAttempt] = useState(0)
  const key = `${workspace.id} ${place} ${attempt} ${JSON.stringify({ ...state, event: '', tab: '' })}`
  // A preset such as "last hour" counts from the moment of the question, so that the cursor stays put.
  const filters = useMemo(() => filterParameters(state, Date.now()), [key])
  const isHome = place === 'home'
  const own = useMemo(
    () => (isHome && me.member ? ownFilters(filters, me.member.id) : filters),
    [filters, isHome, me.member],
  )
  const feed = useMemo(
    () =>
      isHome
        ? new EventFeed('/v1/me/events', { ...filters, workspace: workspace.id })
        : new EventFeed(workspacePath(workspace.id, 'events'), filters),
    [filters, isHome, workspace.id],
  )
  const snapshot = useSyncExternalStore(feed.subscribe, feed.snapshot)
  const isRefused = snapshot.problem !== null && snapshot.rows.length === 0
  const mayFollowNow = !isRefused && mayFollow(place, me.role, workspace.dashboard)
  const live = useLive(feed, workspace.id, own, isLive && mayFollowNow)
  useEffect(() => {
    void feed.more()
    return feed.close
  }, [feed])
  return { feed, snapshot, live, key, filters: own, reload: () => setAttempt((former) => former + 1) }
}

/** The live feed is that of the whole team; where members may not see it, their Home has none. */
function mayFollow(place: Place, role: Session['me']['role'], dashboard: 'members' | 'owners'): boolean {
  return place !== 'home' || role !== 'member' || dashboard === 'members'
}

function useLive(
  feed: EventFeed,
  workspace: string,
  filters: ReturnType<typeof filterParameters>,
  isLive: boolean,
): LiveState {
  const [live, setLive] = useState<LiveState>('off')
  // A range that has ended gets no news.
  const to = typeof filters['to'] === 'string' ? Date.parse(filters['to']) : Number.NaN
  const isWanted = isLive && !(to < Date.now())
  useEffect(() => {
    if (!isWanted) {
      setLive('off')
      return
    }
    return openLiveFeed({ workspace, filters, onEvent: feed.receive, onState: setLive })
  }, [feed, workspace, filters, isWanted])
  return live
}
