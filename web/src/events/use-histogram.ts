import { address, getJson } from '../api/client.ts'
import type { HistogramAnswer } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import type { EventFeedInUse } from './use-event-feed.ts'

/**
 * The events of a list over time; the last answer stays while a newer one is on its way. Its buckets sum up to an exact
 * number, which the list is told: the list itself counts to 10,000 only.
 */
export function useHistogram({ feed, snapshot, source, key }: EventFeedInUse): HistogramAnswer | null {
  // Counting a long history takes longer than its first rows, which somebody waits for: they come first.
  const isWanted = snapshot.total !== null && snapshot.problem?.code !== 'bad_query'
  const { answer } = useRequest(isWanted ? `histogram ${key}` : null, async (signal) => {
    const newsBefore = feed.newsTaken()
    const answered = await getJson<HistogramAnswer>(
      address(source.path('histogram'), source.parameters),
      signal,
    )
    feed.setCount(
      answered.buckets.reduce((sum, { count }) => sum + count, 0),
      newsBefore,
    )
    return answered
  })
  return answer
}
