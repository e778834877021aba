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

  /** Admits the caller; what it returns does the work. Errors: `forbidden`; `overloaded` while another run is under way. */
  begin(principal: Principal): (onProgress: OnStoreProgress) => Promise<StoreReport> {
    if (principal.role !== 'admin')
      throw new TrailsealError('forbidden', 'Only admins have the whole store verified.')
    if (this.#isRunning)
      throw new TrailsealError('overloaded', 'This gateway is verifying its store already.', {
        retryAfterSeconds: 30,
      })
    this.#isRunning = true
    return async (onProgress) => {
      try {
        return await this.#verification.verify(onProgress)
      } finally {
        this.#isRunning = false
      }
    }
  }
}
