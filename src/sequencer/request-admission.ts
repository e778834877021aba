import type { AuditEvent } from '../event/audit-event.ts'
import { canonicalParts } from '../event/entry.ts'
import type { PreparedEvent } from '../event/prepared-event.ts'
import type { Item } from './log-batch.ts'
import type { Appended } from './receipt.ts'

/**
 * Gathers the events of one request as what their commit needs of them: canonical bytes, the derived row and, for events
 * with a client id, the event itself. All of it is computed here, while the flush before is committing.
 */
export class RequestAdmission<Derived> {
  readonly #derive: (event: AuditEvent) => Derived
  readonly #enqueue: (items: readonly Item<Derived>[], bytes: number) => Promise<Appended>
  readonly #items: Item<Derived>[] = []
  #bytes = 0

  constructor(
    derive: (event: AuditEvent) => Derived,
    enqueue: (items: readonly Item<Derived>[], bytes: number) => Promise<Appended>,
  ) {
    this.#derive = derive
    this.#enqueue = enqueue
  }

  add(prepared: PreparedEvent): void {
    const { event } = prepared
    const parts = canonicalParts(event)
    this.#bytes += parts.bytes
    const retry = event.id === undefined ? null : { id: event.id, prepared }
    this.#items.push({ parts, derived: this.#derive(event), retry, receipt: null })
  }

  /** All events that were added, or none. */
  append(): Promise<Appended> {
    return this.#enqueue(this.#items, this.#bytes)
  }
}
