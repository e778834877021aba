import { address, getJson, workspacePath, type Parameters } from '../api/client.ts'
import type { Integrity, ListedEvent } from '../api/types.ts'

export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'off'

const LONGEST_PAUSE_MS = 10_000

interface LiveFeedOptions {
  readonly workspace: string
  readonly filters: Parameters
  readonly onEvent: (event: ListedEvent) => void
  readonly onState: (state: LiveState) => void
}

/**
 * Server-Sent Events from the moment of opening. Each connection resumes behind the last seq that was seen, so neither a
 * restart of the server nor a sleeping laptop leaves a gap. Answers how to close it.
 */
export function openLiveFeed({ workspace, filters, onEvent, onState }: LiveFeedOptions): () => void {
  const closing = new AbortController()
  let source: EventSource | null = null
  let after: number | null = null
  let failures = 0
  let timer = 0

  const start = async (): Promise<void> => {
    try {
      const { size, index_lag } = await getJson<Integrity>(
        workspacePath(workspace, 'integrity'),
        closing.signal,
      )
      // Of an empty log everything is new.
      if (size - index_lag > 0) after = size - index_lag - 1
      connect()
    } catch {
      retry()
    }
  }
  const connect = (): void => {
    source = new EventSource(address(workspacePath(workspace, 'stream'), { ...filters, after }))
    source.addEventListener('open', () => {
      failures = 0
      onState('live')
    })
    source.addEventListener('event', (message: MessageEvent<string>) => {
      after = Number(message.lastEventId)
      onEvent(JSON.parse(message.data) as ListedEvent)
    })
    source.addEventListener('error', retry)
  }
  function retry(): void {
    if (closing.signal.aborted) return
    source?.close()
    onState('reconnecting')
    const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures++)
    timer = window.setTimeout(() => (after === null ? void start() : connect()), pause)
  }

  onState('connecting')
  void start()
  return () => {
    closing.abort()
    clearTimeout(timer)
    source?.close()
  }
}
