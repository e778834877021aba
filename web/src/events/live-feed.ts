import { address, toProblem } from '../api/client.ts'
import { readEventStream } from '../api/event-stream.ts'
import type { ListedEvent } from '../api/types.ts'
import type { Bookmark } from './bookmark.ts'
import type { ListSource } from './list-source.ts'

/** `refused`: the server does not let us follow any more, and trying again would not help. */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'refused' | 'off'

const LONGEST_PAUSE_MS = 10_000

interface LiveFeedOptions {
  readonly bookmark: Bookmark
  readonly source: ListSource
  readonly onEvent: (event: ListedEvent) => void
  readonly onState: (state: LiveState) => void
  /** The bookmark could only be placed after the list was there: what came between may be in neither. */
  readonly onGap: () => void
}

/**
 * Server-Sent Events behind the bookmark, which moves with them: so neither a restart of the server, nor a sleeping laptop,
 * nor a pause of the feed leaves a gap. Answers how to close it.
 */
export function openLiveFeed({ bookmark, source, onEvent, onState, onGap }: LiveFeedOptions): () => void {
  const closing = new AbortController()
  const { signal } = closing
  let failures = 0
  let timer = 0

  const follow = async (): Promise<void> => {
    try {
      if (bookmark.after === null) {
        await bookmark.place(signal)
        onGap()
      }
      const { after } = bookmark
      await readEventStream(address(source.path('stream'), { ...source.parameters, after }), signal, {
        open: () => {
          failures = 0
          onState('live')
        },
        message: ({ id, event, data }) => {
          if (event !== 'event') return
          onEvent(JSON.parse(data) as ListedEvent)
          bookmark.advance(Number(id))
        },
      })
    } catch (error) {
      const { status } = toProblem(error)
      if (!signal.aborted && (status === 401 || status === 403)) {
        onState('refused')
        return
      }
    }
    if (signal.aborted) return
    onState('reconnecting')
    timer = window.setTimeout(() => void follow(), Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures++))
  }

  onState('connecting')
  void follow()
  return () => {
    closing.abort()
    clearTimeout(timer)
  }
}
