import type { AuditEvent, LogEntry } from '../event/audit-event.ts'
import { canonicalize } from '../event/canonical-json.ts'
import type { PreparedEvent } from '../event/prepared-event.ts'

/** Whether a second event under one client id is a retry of the first: what the log adds to an event doesn't count. */
export function isSameContent(prepared: PreparedEvent, first: AuditEvent): boolean {
  const { timestampGiven } = prepared
  return contentOf(prepared.event, timestampGiven) === contentOf(first, timestampGiven)
}

function contentOf(event: AuditEvent | LogEntry, withTimestamp: boolean): string {
  const { timestamp, ...content } = event
  const positioned: Partial<LogEntry> = { ...content }
  for (const member of ['log', 'seq', 'received_at', 'prev', 'salt', 'v'] as const)
    delete (positioned as Record<string, unknown>)[member]
  return canonicalize(withTimestamp ? { ...positioned, timestamp } : positioned)
}
