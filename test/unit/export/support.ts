import { Writable } from 'node:stream'
import type { AuditEvent, LogEntry } from '../../../src/event/audit-event.ts'
import { canonicalParts, sealEntry } from '../../../src/event/entry.ts'
import type { ExportContext, ExportFormat, ExportRow } from '../../../src/export/formats/export-format.ts'
import { formatCheckpointText } from '../../../src/tlog/checkpoint.ts'
import { encodeBase64, encodeUtf8 } from '../../../src/tlog/encoding.ts'
import { leafHash } from '../../../src/tlog/leaf.ts'
import { formatVkey, noteKey } from '../../../src/tlog/signed-note.ts'
import { MemoryLog, sha256, testKey, vectors } from '../tlog/support.ts'

const SEED = vectors.keys[0]?.seedHex ?? ''

/** A published log of real entries, and the rows that an export of it has. */
export class ExportedLog {
  readonly origin: string
  readonly rows: ExportRow[] = []
  readonly log = new MemoryLog()
  checkpoint = ''

  constructor(events: readonly Partial<AuditEvent>[], workspace = 'acme', seed = SEED) {
    this.origin = `log.example/${workspace}`
    let prev: Uint8Array = new Uint8Array(32)
    for (const [seq, event] of events.entries()) {
      const row = rowOf(auditEvent(event), { log: this.origin, seq, prev: encodeBase64(prev) })
      this.rows.push(row)
      this.log.append(row.entry)
      prev = row.leafHash
    }
    const checkpointText = formatCheckpointText({
      origin: this.origin,
      size: events.length,
      root: this.log.edge.root(),
    })
    this.log.publish()
    this.checkpoint = testKey(this.origin, seed).signNote(checkpointText)
  }

  get vkey(): string {
    return formatVkey(testKey(this.origin, SEED).key)
  }

  /** Signs as the log does for its exports. */
  get signExport(): (text: string) => string {
    return testKey(`${this.origin}/export`, SEED).signNote
  }

  context(change: Partial<ExportContext> = {}): ExportContext {
    return {
      exportId: 'exp_1',
      workspace: { id: 'acme', name: 'Acme Robotics' },
      origin: this.origin,
      requester: 'Ada Lovelace <ada@example.com>',
      filters: 'every event',
      scope: null,
      generatedAt: '2026-11-23T12:00:00.000Z',
      checkpoint: this.checkpoint,
      viewerUrl: 'https://audit.example.com/w/acme',
      rows: this.rows.length,
      ...change,
    }
  }
}

export { noteKey }

function auditEvent(event: Partial<AuditEvent>): AuditEvent {
  return {
    timestamp: '2026-11-23T12:00:00.123Z',
    actor: { type: 'user', id: 'u_7', email: 'ada@example.com', name: 'Ada Lovelace' },
    action: 'evidence.uploaded',
    verb: 'CREATE',
    category: 'evidence',
    outcome: 'success',
    resource: { type: 'FILE', id: 'f_9', name: 'risk_assessment.pdf', url: 'https://files.example/f_9' },
    ...event,
  }
}

function rowOf(event: AuditEvent, position: { log: string; seq: number; prev: string }): ExportRow {
  const whole: LogEntry = {
    ...event,
    ...position,
    id: event.id ?? `seq_${position.seq}`,
    received_at: '2026-11-23T12:00:00.200Z',
    salt: encodeBase64(sha256(encodeUtf8(String(position.seq))).slice(0, 16)),
    v: 1,
  }
  const entry = encodeUtf8(sealEntry(canonicalParts(event), whole))
  return { seq: position.seq, event: whole, entry, leafHash: leafHash(entry, sha256) }
}

/** Keeps what is written, taking one chunk at a time. */
export class Kept extends Writable {
  readonly chunks: Buffer[] = []

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.chunks.push(Buffer.from(chunk))
    setImmediate(callback)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

/** The file that a format makes of rows given `batch` at a time. */
export async function fileOf(
  format: ExportFormat,
  context: ExportContext,
  rows: readonly ExportRow[],
  batch = 1_000,
): Promise<Buffer> {
  const output = new Kept({ highWaterMark: 1_024 })
  const writer = format.open(output, context)
  for (let at = 0; at < rows.length; at += batch) await writer.write(rows.slice(at, at + batch))
  await writer.end()
  return output.bytes
}
