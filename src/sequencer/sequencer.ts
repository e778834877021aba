import { TrailsealError } from '../errors.ts'
import type { AuditEvent } from '../event/audit-event.ts'
import type { PreparedEvent } from '../event/prepared-event.ts'
import type { CommitOutcome, SequencedEntry } from '../ledger/ledger.ts'
import { CommitQueue, type QueueLimits } from './commit-queue.ts'
import { LogBatch, type AppendRequest, type Item } from './log-batch.ts'
import { LogWriter, StaleHead, type LogWriterOptions } from './log-writer.ts'
import type { Appended } from './receipt.ts'
import { RequestAdmission } from './request-admission.ts'
import { Turns } from '../turns.ts'

export interface SequencerOptions<Derived> extends LogWriterOptions<Derived> {
  /** Costly work that depends on the event alone and is wanted at the commit; done while the flush before is committing. */
  readonly derive: (workspace: string, event: AuditEvent) => Derived
  readonly limits?: Partial<QueueLimits>
  /** Told of each commit that is out, in the order of its log: never before its events are durable. */
  readonly onCommitted?: (commit: {
    workspace: string
    size: number
    events: number
    milliseconds: number
    entries: readonly SequencedEntry<Derived>[]
  }) => void
}

const DEFAULT_LIMITS: QueueLimits = { maxWaitingBytes: 64 * 1024 * 1024, maxFlushBytes: 2 * 1024 * 1024 }
/** A log that keeps being moved by other gateways is retried this often before its callers are told to come back. */
const MAX_ATTEMPTS = 50
/** One flush commits while the next is chained. */
const LANES = 2
const SECOND_LANE_BYTES = 128 * 1024

/**
 * Gives events their place: one flush after the other is chained, hashed, signed and handed to the ledger; callers are
 * answered only after the commit.
 *
 * If the process dies before `ledger.append` settles, nobody was answered; after it, the events are durable and a retry by
 * client id finds them.
 */
export class Sequencer<Derived> {
  readonly #options: SequencerOptions<Derived>
  readonly #queue: CommitQueue<AppendRequest<Derived>>
  readonly #writer: LogWriter<Derived>
  readonly #lanes = new Set<Promise<void>>()
  /** Lanes chain one after the other, so that each finds the head that the one before has left. */
  readonly #chaining = new Turns()
  #closed = false

  constructor(options: SequencerOptions<Derived>) {
    this.#options = options
    this.#queue = new CommitQueue({ ...DEFAULT_LIMITS, ...options.limits })
    this.#writer = new LogWriter(options)
  }

  /** Canonical bytes that wait for a flush. */
  get waitingBytes(): number {
    return this.#queue.bytes
  }

  /** For a request whose events come one after the other. Errors: those of `append`, when its `append` is called. */
  open(workspace: string): RequestAdmission<Derived> {
    return new RequestAdmission(
      (event) => this.#options.derive(workspace, event),
      (items, bytes) => this.#enqueue(workspace, items, bytes),
    )
  }

  /**
   * Appends all events of a request or none. Errors: `overloaded`, `id_conflict`, `store_unavailable` (whether the events
   * are in the log is then unknown: retry with client ids), `tampered`.
   */
  append(workspace: string, events: readonly PreparedEvent[]): Promise<Appended> {
    const admission = this.open(workspace)
    for (const event of events) admission.add(event)
    return admission.append()
  }

  async #enqueue(workspace: string, items: readonly Item<Derived>[], bytes: number): Promise<Appended> {
    if (this.#closed)
      throw new TrailsealError('store_unavailable', 'The gateway is shutting down.', { retryAfterSeconds: 1 })
    const { promise, resolve, reject } = Promise.withResolvers<Appended>()
    this.#queue.add({ workspace, bytes, items, resolve, reject })
    if (this.#lanes.size === 0 || (this.#lanes.size < LANES && this.#queue.bytes >= SECOND_LANE_BYTES))
      this.#startLane()
    return await promise
  }

  /** Takes nothing more, commits what was taken. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#lanes.size > 0) await Promise.all(this.#lanes)
  }

  /**
   * A lane takes one flush after the other. Under load a second one chains the next flush while the first commits; that
   * it builds on a head which is not committed yet is safe, because the ledger moves no head but in order. Single
   * events stay in one lane: they are cheaper together.
   */
  #startLane(): void {
    const lane = this.#run(this.#lanes.size === 0 ? 0 : SECOND_LANE_BYTES).finally(() => {
      this.#lanes.delete(lane)
      if (!this.#queue.isEmpty && this.#lanes.size === 0) this.#startLane()
    })
    this.#lanes.add(lane)
  }

  async #run(leastBytes: number): Promise<void> {
    while (!this.#queue.isEmpty && this.#queue.bytes >= leastBytes) {
      // Everything that the event loop has ready joins this flush.
      await new Promise(setImmediate)
      await this.#flush(this.#queue.take())
    }
  }

  async #flush(requests: readonly AppendRequest<Derived>[]): Promise<void> {
    let batches = LogBatch.byWorkspace(requests)
    for (let attempt = 0; batches.length > 0; attempt++) {
      if (attempt === MAX_ATTEMPTS) {
        const busy = new TrailsealError('store_unavailable', 'Other gateways keep writing to this log.', {
          retryAfterSeconds: 1,
        })
        for (const batch of batches) batch.reject(busy)
        return
      }
      batches = await this.#attempt(batches)
    }
  }

  /** Answers the batches that must be sequenced again. */
  async #attempt(batches: readonly LogBatch<Derived>[]): Promise<LogBatch<Derived>[]> {
    const started = performance.now()
    const again: LogBatch<Derived>[] = []
    const { sequenced, committing } = await this.#chaining.take(async () => {
      const inOrder = await this.#sequence(batches, again)
      // Handed to the ledger before the other lane may chain on top of it: commits go out in the order of the chain.
      return { sequenced: inOrder, committing: this.#writer.commit(inOrder) }
    })
    const outcomes = await committing
    for (const [at, batch] of sequenced.entries()) {
      const outcome = outcomes[at] ?? new TrailsealError('internal', 'The ledger gave no outcome.')
      if (await this.#settle(batch, outcome, performance.now() - started)) again.push(batch)
    }
    return again
  }

  async #sequence(
    batches: readonly LogBatch<Derived>[],
    again: LogBatch<Derived>[],
  ): Promise<LogBatch<Derived>[]> {
    const sequenced: LogBatch<Derived>[] = []
    for (const batch of batches) {
      try {
        await this.#writer.sequence(batch)
        sequenced.push(batch)
      } catch (error) {
        this.#writer.forget(batch.workspace)
        if (error instanceof StaleHead) again.push(batch)
        else batch.reject(error)
      }
    }
    return sequenced
  }

  /** True when the batch has to be sequenced again. */
  async #settle(
    batch: LogBatch<Derived>,
    outcome: CommitOutcome | TrailsealError,
    milliseconds: number,
  ): Promise<boolean> {
    try {
      if (outcome instanceof TrailsealError) throw outcome
      switch (outcome.status) {
        case 'committed': {
          await this.#writer.publish(batch)
          batch.resolve()
          const { workspace, commit } = batch
          if (commit)
            this.#options.onCommitted?.({
              ...{ workspace, milliseconds, size: commit.head.size },
              ...{ events: commit.entries.length, entries: commit.entries },
            })
          return false
        }
        case 'moved':
          this.#writer.forget(batch.workspace)
          return true
        case 'duplicate':
          this.#writer.forget(batch.workspace)
          await this.#writer.recognise(batch, outcome.seqOf)
          return !batch.isEmpty
      }
    } catch (error) {
      this.#writer.forget(batch.workspace)
      batch.reject(error)
      return false
    }
  }
}
