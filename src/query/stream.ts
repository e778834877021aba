import type { View } from './access.ts'
import type { ListDependencies } from './dependencies.ts'
import { and, filtersQuery } from './filters.ts'
import { untilIndexGrows } from './index-progress.ts'
import { listedEvents } from './listed-events.ts'
import type { Filters, ListedEvent } from './query-facade.ts'

/** Events in memory at once. */
const PAGE = 100
/** A slow reader's page is looked at again when its access was checked longer ago. */
const ACCESS_HOLDS_MS = 1_000

/**
 * Matching events behind `afterSeq` in the log's order, for ever. `reopen` is asked before each page and so at each
 * wake-up: what it throws ends the stream.
 *
 * Only entries that the index has without gaps are read, so an index that shows a later document first loses none.
 */
export async function* follow(
  dependencies: ListDependencies,
  reopen: () => Promise<View>,
  filters: Filters,
  afterSeq: number,
  signal: AbortSignal,
): AsyncGenerator<ListedEvent, void> {
  const { search, clock } = dependencies
  const filter = filtersQuery(filters, dependencies.parseQuery)
  let after = afterSeq
  const isAborted = (): boolean => signal.aborted
  while (!isAborted()) {
    const checkedAt = clock.now()
    const view = await reopen()
    const indexed = await search.position(view.workspace)
    if (after + 1 >= indexed) {
      await untilIndexGrows(dependencies, view.workspace, indexed, signal)
      continue
    }
    const hits = await search.page({
      ...view.search(and(filter, { type: 'range', field: 'seq', from: after + 1, to: indexed - 1 })),
      order: 'seq',
      direction: 'asc',
      limit: PAGE,
      after: null,
    })
    for (const event of await listedEvents(dependencies, view.workspace, hits)) {
      yield event
      after = event.seq
      if (isAborted() || clock.now() - checkedAt > ACCESS_HOLDS_MS) break
    }
    const complete = hits.length < PAGE && (hits.at(-1)?.seq ?? after) === after
    if (complete) after = indexed - 1
  }
}
