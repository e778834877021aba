import type { AuditEvent } from '../../src/event/audit-event.ts'
import { canonicalParts, parseEntry, sealEntry } from '../../src/event/entry.ts'
import { documentOf } from '../../src/projection/projector.ts'
import type { SearchDocument } from '../../src/search/search-index.ts'

/** Search documents as the projector makes them of committed entries, seq 0 on. */
export function committedDocuments(
  workspace: string,
  events: readonly AuditEvent[],
  receivedAt = '2026-11-23T12:00:00.123Z',
): SearchDocument[] {
  return events.map((event, seq) => {
    const bytes = sealEntry(canonicalParts(event), {
      id: event.id ?? `seq_${seq}`,
      log: `test/${workspace}`,
      prev: Buffer.alloc(32).toString('base64'),
      received_at: receivedAt,
      salt: Buffer.alloc(16, seq).toString('base64'),
      seq,
    })
    const entry = parseEntry(bytes)
    return { ...documentOf(workspace, entry), committed: { bytes, entry } }
  })
}
