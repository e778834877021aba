import { Writable } from 'node:stream'
import type { AuditEvent, LogEntry } from '../../../src/event/audit-event.ts'
import { canonicalize } from '../../../src/event/canonical-json.ts'
import type {
  ExportContext,
  ExportFormat,
  ExportRow,
  ExportRows,
} from '../../../src/export/formats/export-format.ts'
import { exportFileNames, exportManifest, signedManifestText } from '../../../src/export/manifest/manifest.ts'
import { exportProof } from '../../../src/export/proof/export-proof.ts'
import type { ScannedRows } from '../../../src/query/event-scan.ts'
import { formatCheckpointText } from '../../../src/tlog/checkpoint.ts'
import { encodeBase64, encodeHex, encodeUtf8 } from '../../../src/tlog/encoding.ts'
import { leafHash } from '../../../src/tlog/leaf.ts'
import { formatVkey } from '../../../src/tlog/signed-note.ts'
import { MemoryLog, sha256, testKey, vectors } from '../tlog/support.ts'

const SEED = vectors.keys[0]?.seedHex ?? ''

/** A published log of real entries, and the rows that an export of it has. */
export class ExportedLog {
  readonly origin: string
  readonly rows: ExportRow[] = []
  readonly log = new MemoryLog()
  checkpoint = ''
  readonly #seed: string

  constructor(events: readonly Partial<AuditEvent>[], workspace = 'acme', seed = SEED) {
    this.origin = `log.example/${workspace}`
    this.#seed = seed
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
    return formatVkey(testKey(this.origin, this.#seed).key)
  }

  /** Signs as the log does for its exports. */
  get signExport(): (text: string) => string {
    return testKey(`${this.origin}/export`, this.#seed).signNote
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
  const entry = encodeUtf8(canonicalize(whole))
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

export interface AttestedExport {
  /** Text of the signed manifest. */
  manifest: string
  /** By name. */
  readonly files: Map<string, Uint8Array>
  readonly names: ReturnType<typeof exportFileNames>
}

/** An export with its manifest and, for NDJSON, its proof. */
export async function attested(
  log: ExportedLog,
  format: ExportFormat,
  rows: readonly ExportRow[],
  exportId = 'exp_1',
): Promise<AttestedExport> {
  const context = log.context({ exportId, rows: rows.length })
  const names = exportFileNames(context, format)
  const file = await fileOf(format, context, rows)
  const files = new Map<string, Uint8Array>([[names.export, file]])
  const seqs = Float64Array.from(rows, ({ seq }) => seq)
  if (format.name === 'ndjson') {
    const source = { checkpoint: log.checkpoint, seqs, readTile: log.log.readTile, sha256 }
    files.set(names.proof, Buffer.concat(await Array.fromAsync(exportProof(source))))
  }
  const facts = (bytes: Uint8Array): { size: number; sha256: string } => ({
    size: bytes.length,
    sha256: encodeHex(sha256(bytes)),
  })
  const proof = files.get(names.proof)
  const manifest = exportManifest({
    ...{ context, format, seqs, vkey: log.vkey },
    file: facts(file),
    proof: proof === undefined ? null : facts(proof),
  })
  return { manifest: await signedManifestText(manifest, { sha256, signNote: log.signExport }), files, names }
}

/** Rows as a scan gives them: entries in the order of the log behind two bytes each, the rows in any order. */
export function scannedRows(
  rows: readonly Pick<ExportRow, 'seq' | 'entry' | 'leafHash'>[],
  order: readonly number[] = rows.map((_, at) => at),
): ScannedRows {
  let end = 0
  const starts = rows.map(({ entry }) => (end += 2 + entry.length) - entry.length)
  return {
    seqs: Float64Array.from(order, (at) => rows[at]!.seq),
    starts: Uint32Array.from(order, (at) => starts[at]!),
    lengths: Uint32Array.from(order, (at) => rows[at]!.entry.length),
    leafHashes: Uint8Array.from(order.flatMap((at) => [...rows[at]!.leafHash])),
    bytes: Uint8Array.from(rows.flatMap(({ entry }) => [0, 0, ...entry])),
  }
}

/** Rows that lie nowhere near each other. */
export function exportRows(rows: readonly ExportRow[]): ExportRows {
  return {
    [Symbol.iterator]: () => rows[Symbol.iterator](),
    lines: () => Buffer.concat(rows.flatMap(({ entry }) => [entry, Buffer.from('\n')])),
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
  for (let at = 0; at < rows.length; at += batch) await writer.write(exportRows(rows.slice(at, at + batch)))
  await writer.end()
  return output.bytes
}

/** Values that spreadsheets, XML, CSV and fonts trip over. */
export const TRICKY_TEXTS: readonly string[] = [
  '=1+1',
  '+SUM(A1)',
  '-2',
  '@cmd',
  '\tTAB',
  '＝full width',
  'comma, "quote" and\nline feed',
  'only\rcarriage return',
  ' spaces at both ends ',
  '<b>&amp;</b>',
  '_x0041_ looks escaped',
  'bell \u0007 and \u0000 and \uffff',
  'Größe, Łódź, ạ̈',
  'Ελληνικά, Русский, Українська ґ',
  '风险评估 ひらがな 한국어',
  '😀 👩‍💻 🇬🇷',
  'שלום (42%) مرحبا بالعالم',
  'evil \u202egpj.exe',
  'x'.repeat(3_000),
]

/** An event for each, with the text wherever a client may put one. */
export const trickyEvents: readonly Partial<AuditEvent>[] = TRICKY_TEXTS.map((text, at) => ({
  id: `evt-${at}-4f0e-4d59-9d0a-1f6c0d8b1e00`,
  timestamp: new Date(Date.UTC(2026, 10, 23, 12, 0, at, at)).toISOString(),
  actor: { type: 'user', id: text, name: text },
  resource: { type: 'FILE', id: `f_${at}`, name: text, url: `https://files.example/${at}?a=1&b=2` },
  justification: text,
  before: { status: 'Gap' },
  after: { status: text },
  metadata: { [text]: [1, null, { deep: true }] },
}))
