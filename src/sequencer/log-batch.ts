import { TrailsealError } from '../errors.ts'
import type { LogEntry } from '../event/audit-event.ts'
import type { CanonicalParts } from '../event/entry.ts'
import type { PreparedEvent } from '../event/prepared-event.ts'
import type { LogCommit } from '../ledger/ledger.ts'
import type { Waiting } from './commit-queue.ts'
import type { Appended, Receipt } from './receipt.ts'
import { isSameContent } from './same-content.ts'

/** One event on its way: no more of it than its commit needs, since many wait at once. */
export interface Item<Derived> {
  readonly parts: CanonicalParts
  readonly derived: Derived
  /** Only of an event with a client id, to tell a retry from another event under the same id. */
  readonly retry: { readonly id: string; readonly prepared: PreparedEvent } | null
  /** Of the last sequencing; one that says `known` stays: its event is in the log already. */
  receipt: Receipt | null
}

export interface AppendRequest<Derived> extends Waiting {
  readonly items: readonly Item<Derived>[]
  resolve(appended: Appended): void
  reject(error: unknown): void
}

/** All requests of one workspace in one flush. */
export class LogBatch<Derived> {
  readonly workspace: string
  /** Made by the last sequencing; null when every event was in the log already. */
  commit: LogCommit<Derived> | null = null
  /** The checkpoint that covers everything this batch answers. */
  checkpoint = ''
  #requests: readonly AppendRequest<Derived>[]

  private constructor(workspace: string, requests: readonly AppendRequest<Derived>[]) {
    this.workspace = workspace
    this.#requests = requests
  }

  static byWorkspace<Derived>(requests: readonly AppendRequest<Derived>[]): LogBatch<Derived>[] {
    return [...Map.groupBy(requests, ({ workspace }) => workspace)].map(
      ([workspace, own]) => new LogBatch(workspace, own),
    )
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0
  }

  /**
   * The events to append, once each: repetitions inside the flush share the first one's place, and a request that uses an id
   * for another content than an earlier one is refused here as a whole.
   */
  fresh(): {
    readonly items: readonly Item<Derived>[]
    readonly sharing: ReadonlyMap<Item<Derived>, Item<Derived>>
  } {
    const firstOf = new Map<string, Item<Derived>>()
    const items: Item<Derived>[] = []
    const sharing = new Map<Item<Derived>, Item<Derived>>()
    this.#keep((request) => {
      const ownFirsts = new Map<string, Item<Derived>>()
      for (const item of request.items) {
        if (!item.retry || item.receipt?.known) continue
        const { id, prepared } = item.retry
        const first = firstOf.get(id) ?? ownFirsts.get(id)
        if (!first) ownFirsts.set(id, item)
        else if (first.retry && isSameContent(prepared, first.retry.prepared.event)) sharing.set(item, first)
        else throw idConflict(id)
      }
      for (const [id, item] of ownFirsts) firstOf.set(id, item)
      for (const item of request.items) if (!item.receipt?.known && !sharing.has(item)) items.push(item)
    })
    return { items, sharing }
  }

  /** Client ids found in the log become receipts of what is there, or refuse the requests that use them for something else. */
  recognise(found: ReadonlyMap<string, { readonly receipt: Receipt; readonly entry: LogEntry }>): void {
    this.#keep((request) => {
      for (const item of request.items) {
        const first = item.retry && found.get(item.retry.id)
        if (!item.retry || !first) continue
        if (!isSameContent(item.retry.prepared, first.entry)) throw idConflict(item.retry.id)
        item.receipt = first.receipt
      }
    })
  }

  resolve(): void {
    for (const request of this.#requests)
      request.resolve({
        receipts: request.items.map((item) => receiptOf(item)),
        checkpoint: this.checkpoint,
      })
  }

  reject(error: unknown): void {
    for (const request of this.#requests) request.reject(error)
    this.#requests = []
  }

  /** Drops and answers each request for which the check throws. */
  #keep(check: (request: AppendRequest<Derived>) => void): void {
    this.#requests = this.#requests.filter((request) => {
      try {
        check(request)
        return true
      } catch (error) {
        request.reject(error)
        return false
      }
    })
  }
}

function idConflict(id: string): TrailsealError {
  return new TrailsealError(
    'id_conflict',
    `The id ${JSON.stringify(id)} is in the log with other content. Nothing of this request was stored; give the event an id of its own.`,
  )
}

function receiptOf({ receipt }: Item<unknown>): Receipt {
  if (!receipt) throw new TrailsealError('internal', 'An event was committed without a receipt.')
  return receipt
}
