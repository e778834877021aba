import type { Clock } from '../../clock.ts'
import { TrailsealError } from '../../errors.ts'
import type { Ingest, IngestResult } from '../ingest.ts'
import { sampleHistory } from './sample-history.ts'

export interface LoadedSample {
  /** Events that this call put into the log. */
  readonly added: number
  /** Whether they were there already. */
  readonly known: boolean
}

/**
 * Puts the sample history into a log, once: its events have ids of their own, so a second call adds nothing.
 * Errors: those of `Ingest.append`.
 */
export async function loadSample(
  { ingest, clock }: { readonly ingest: Pick<Ingest, 'append'>; readonly clock: Clock },
  workspace: string,
): Promise<LoadedSample> {
  let result: IngestResult
  try {
    result = await ingest.append(workspace, sampleHistory(clock.now()))
  } catch (error) {
    // The history ends at the moment of the call: loaded earlier, the same ids hold other times.
    if (error instanceof TrailsealError && error.code === 'id_conflict') return { added: 0, known: true }
    throw error
  }
  const added = result.events.filter((event) => !('skipped' in event) && event.known !== true)
  return { added: added.length, known: added.length === 0 }
}
