import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { filterParameters, type ViewState } from '../navigation/view-state.ts'
import type { Place } from '../navigation/places.ts'
import type { Session } from '../session/session.ts'
import { Bookmark } from './bookmark.ts'
import { EventFeed, type FeedSnapshot } from './event-feed.ts'
import { listSource, type ListSource } from './list-source.ts'
import { openLiveFeed, type LiveState } from './live-feed.ts'

export interface EventFeedInUse {
  readonly feed: EventFeed
  readonly snapshot: FeedSnapshot
  readonly live: LiveState
  /** Names the filters and the attempt; what is counted beside the list is counted anew when it changes. */
  readonly key: string
  /** Where and with which filters the interface is asked, for what is counted beside the list. */
  readonly source: ListSource
  readonly reload: () => void
}

/** The list of a place under the filters of the view, with news by the live feed while it is wanted. */
export function useEventFeed(
  place: Place,
  { workspace }: Session,
  state: ViewState,
  isLive: boolean,
): EventFeedInUse {
  const [attempt, setAttempt] = useState(0)
  const key = `${workspace.id} ${place} ${attempt} ${JSON.stringify({ ...state, event: '', tab: '' })}`
  // A preset such as "last hour" counts from the moment of the question, so that the cursor stays put.
  const source = useMemo(() => listSource(place, workspace.id, filterParameters(state, Date.now())), [key])
  const { feed, bookmark } = useMemo(() => {
    const made = new Bookmark(workspace.id)
    return { feed: new EventFeed(source.path('events'), source.parameters, made), bookmark: made }
  }, [source])
  const snapshot = useSyncExternalStore(feed.subscribe, feed.snapshot)
  const isRefused = snapshot.problem !== null && snapshot.rows.length === 0
  const reload = useCallback(() => setAttempt((former) => former + 1), [])
  const isFollowing = isLive && !isRefused && snapshot.total !== null
  const followed = useLive({ feed, bookmark, source, reload }, isFollowing)
  const live = isLive && snapshot.total === null && snapshot.problem === null ? 'connecting' : followed
  useEffect(() => {
    void feed.more()
    return feed.close
  }, [feed])
  return { feed, snapshot, live, key, source, reload }
}

interface Followed {
  readonly feed: EventFeed
  readonly bookmark: Bookmark
  readonly source: ListSource
  readonly reload: () => void
}

function useLive({ feed, bookmark, source, reload }: Followed, isLive: boolean): LiveState {
  const [live, setLive] = useState<LiveState>('off')
  // A range that has ended gets no news.
  const { to } = source.parameters
  const isWanted = isLive && !(typeof to === 'string' && Date.parse(to) < Date.now())
  useEffect(() => {
    if (!isWanted) {
      setLive('off')
      return
    }
    return openLiveFeed({ bookmark, source, onEvent: feed.receive, onState: setLive, onGap: reload })
  }, [feed, bookmark, source, reload, isWanted])
  return live
}
