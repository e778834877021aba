import { TrailsealError } from '../errors.ts'
import type { QueryDependencies } from './dependencies.ts'

type ProgressDependencies = Pick<QueryDependencies, 'ledger' | 'search' | 'clock' | 'pause' | 'changes'>

const LONGEST_WAIT_MS = 5_000
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 200

/** Settles when the index has entry `seq`: a writer reads its own write. Throws `index_lagging` after 5 s. */
export async function untilIndexed(
  { search, clock, pause }: ProgressDependencies,
  workspace: string,
  seq: number,
): Promise<void> {
  const deadline = clock.now() + LONGEST_WAIT_MS
  for (
    let wait = FIRST_PAUSE_MS;
    (await search.position(workspace)) <= seq;
    wait = Math.min(2 * wait, LONGEST_PAUSE_MS)
  ) {
    const left = deadline - clock.now()
    if (left <= 0) {
      throw new TrailsealError('index_lagging', `The search index does not have entry ${seq} yet.`, {
        retryAfterSeconds: 1,
      })
    }
    await pause(Math.min(wait, left))
  }
}

/** Settles when the index may have more than `indexed` entries, or when the signal is aborted. */
export async function untilIndexGrows(
  { ledger, changes, pause }: ProgressDependencies,
  workspace: string,
  indexed: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const size = (await ledger.head(workspace))?.size ?? 0
    // what is committed and not yet indexed makes no further change of the log that one could wait for
    if (size > indexed) await pause(LONGEST_PAUSE_MS, signal)
    else await changes.wait(workspace, indexed, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
