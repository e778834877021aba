import type { AuditEvent } from './audit-event.ts'

/** What `ingest` hands to `sequencer`. */
export interface PreparedEvent {
  readonly event: AuditEvent
  /** False when the client gave no timestamp: then a retry carries another one, and is the same event all the same. */
  readonly timestampGiven: boolean
}
