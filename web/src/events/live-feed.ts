import { address, getJson, toProblem, workspacePath } from '../api/client.ts'
import { readEventStream } from '../api/event-stream.ts'
import type { Integrity, ListedEvent } from '../api/types.ts'
import type { ListSource } from './list-source.ts'

/** `refused`: the server does not let us follow any more, and trying again would not help. */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'refused' | 'off'

const LONGEST_PAUSE_MS = 10_000
/** List and position are asked for at the same time: what was committed between the two answers must be in one of them. */
const OVERLAP = 200

interface LiveFeedOptions {
  readonly workspace: string
  readonly source: ListSource
  readonly onEvent: (event: ListedEvent) => void
  readonly onState: (state: LiveState) => void
}

/**
 * Server-Sent Events from the moment of opening. Each connection resumes behind the last seq that was seen, so neither a
 * restart of the server nor a sleeping laptop leaves a gap. Answers how to close it.
 */
export function openLiveFeed({ workspace, source, onEvent, onState }: LiveFeedOptions): () => void {
  const closing = new AbortController()
  const { signal } = closing
  let after: number | null = null
  let isPlaced = false
  let failures = 0
  let timer = 0

  const follow = async (): Promise<void> => {
    try {
      if (!isPlaced) {
        const { size, index_lag } = await getJson<Integrity>(workspacePath(workspace, 'integrity'), signal)
        after = Math.max(0, size - index_lag - OVERLAP)
        isPlaced = true
      }
      await readEventStream(address(source.path('stream'), { ...source.parameters, after }), signal, {
        open: () => {
          failures = 0
          onState('live')
        },
        message: ({ id, event, data }) => {
          if (event !== 'event') return
          after = Number(id)
          onEvent(JSON.parse(data) as ListedEvent)
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
