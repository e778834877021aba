import type { Actor, Outcome, Resource } from '../../../src/event/audit-event.ts'
import type { ListedEvent } from '../api/types.ts'

/** What the table shows of an event. The rest is dropped. */
export interface EventRow {
  readonly id: string
  readonly seq: number
  readonly timestamp: string
  readonly actor: Actor
  readonly action: string
  readonly verb: string
  readonly outcome: Outcome
  readonly resource: Resource
  readonly tampered: boolean
  /** Came by the live feed, not by a search. */
  readonly isNew: boolean
}

export function toRow(event: ListedEvent, isNew: boolean): EventRow {
  const { id, seq, timestamp, actor, action, verb, outcome, resource } = event
  const tampered = event.tampered === true
  return { id, seq, timestamp, actor, action, verb, outcome, resource, tampered, isNew }
}

/** Where a row stands in the list. */
export type RowPlace = Pick<EventRow, 'timestamp' | 'seq'>

/** The order of the interface: timestamp, then seq, newest first. */
export function isNewer(left: RowPlace, right: RowPlace): boolean {
  return left.timestamp === right.timestamp ? left.seq > right.seq : left.timestamp > right.timestamp
}

/** Merges new rows into rows that are in order, dropping those that are there already. */
export function mergeRows(rows: readonly EventRow[], added: readonly EventRow[]): readonly EventRow[] {
  if (added.length === 0) return rows
  const known = new Set(rows.map(({ seq }) => seq))
  const fresh = added
    .filter(({ seq }) => !known.has(seq) && known.add(seq))
    .sort((left, right) => (isNewer(left, right) ? -1 : 1))
  const merged: EventRow[] = []
  let at = 0
  for (const row of rows) {
    for (let next = fresh[at]; next && isNewer(next, row); next = fresh[++at]) merged.push(next)
    merged.push(row)
  }
  return [...merged, ...fresh.slice(at)]
}
