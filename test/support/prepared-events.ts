import type { AuditEvent } from '../../src/event/audit-event.ts'
import type { PreparedEvent } from '../../src/event/prepared-event.ts'

/** A prepared event with whatever the test cares about. */
export function prepared(event: Partial<AuditEvent> = {}, timestampGiven = true): PreparedEvent {
  const whole: AuditEvent = {
    timestamp: '2026-11-23T12:00:00.123Z',
    actor: { type: 'user', id: 'u_7', email: 'ada@example.com' },
    action: 'evidence.uploaded',
    verb: 'CREATE',
    category: 'evidence',
    outcome: 'success',
    resource: { type: 'FILE', id: 'f_9', name: 'risk_assessment.pdf' },
    ...event,
  }
  return { event: whole, timestampGiven }
}
