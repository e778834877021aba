import { TrailsealError } from '../errors.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import type { StoreReport } from './store-report.ts'
import type { OnStoreProgress, StoreVerification } from './store-verification.ts'

/** A gateway's verification of its own store, for an operator who asks from afar: it reads all of it, so one at a time. */
export class VerificationRuns {
  readonly #verification: Pick<StoreVerification, 'verify'>
  #isRunning = false

  constructor(verification: Pick<StoreVerification, 'verify'>) {
    this.#verification = verification
  }

  /**
   * Admits the caller; what it returns does the work, up to the next step after `ending` is aborted (`store_unavailable`).
   * Errors: `forbidden`; `overloaded` while another run is under way.
   */
  begin(principal: Principal): (onProgress: OnStoreProgress, ending: AbortSignal) => Promise<StoreReport> {
    if (principal.role !== 'admin')
      throw new TrailsealError('forbidden', 'Only admins have the whole store verified.')
    if (this.#isRunning)
      throw new TrailsealError('overloaded', 'This gateway is verifying its store already.', {
        retryAfterSeconds: 30,
      })
    this.#isRunning = true
    return async (onProgress, ending) => {
      try {
        const report = await this.#verification.verify((...step) => {
          requireTime(ending)
          onProgress(...step)
        })
        // What ended it in the index has become a finding there.
        requireTime(ending)
        return report
      } finally {
        this.#isRunning = false
      }
    }
  }
}

/** It may have hours to go, and a process that was asked to stop has seconds (contract §10). */
function requireTime(ending: AbortSignal): void {
  if (ending.aborted)
    throw new TrailsealError('store_unavailable', 'The gateway is shutting down.', { retryAfterSeconds: 1 })
}
