import type { AuditEvent, LogEntry } from '../event/audit-event.ts'
import { canonicalize } from '../event/canonical-json.ts'
import type { PreparedEvent } from '../event/prepared-event.ts'

/** Whether a second event under one client id is a retry of the first: what the log adds to an event doesn't count. */
export function isSameContent(prepared: PreparedEvent, first: AuditEvent): boolean {
  const { timestampGiven } = prepared
  return contentOf(prepared.event, timestampGiven) === contentOf(first, timestampGiven)
}

const ADDED_BY_THE_LOG = new Set(['log', 'seq', 'received_at', 'prev', 'salt', 'v'])

function contentOf(event: AuditEvent | LogEntry, withTimestamp: boolean): string {
  const members = Object.entries(event).filter(
    ([name]) => !ADDED_BY_THE_LOG.has(name) && (withTimestamp || name !== 'timestamp'),
  )
  return canonicalize(Object.fromEntries(members))
}
