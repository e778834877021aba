import type { Json, LogEntry, Resource } from '../../event/audit-event.ts'
import { canonicalize } from '../../event/canonical-json.ts'
import type { ExportRow } from './export-format.ts'

/** A column of the tables: CSV and XLSX have the same ones. */
export interface EventColumn {
  readonly header: string
  /** `date`: RFC 3339. `target`: a text that links to the resource where that has an address. */
  readonly kind: 'text' | 'date' | 'number' | 'target'
  /** In characters, for spreadsheets. */
  readonly width: number
  /** Undefined: an empty cell. */
  readonly value: (event: LogEntry, row: ExportRow) => string | number | undefined
}

type TextOf = (event: LogEntry, row: ExportRow) => string | undefined

/** The five columns of the viewer, then everything else that the event says. */
export const EVENT_COLUMNS: readonly EventColumn[] = [
  { header: 'Date', kind: 'date', width: 20, value: (event) => event.timestamp },
  text('User', 28, userOf),
  text('Action', 26, (event) => event.action),
  text('Resource', 16, (event) => event.resource.type),
  { header: 'Target', kind: 'target', width: 36, value: targetOf },
  { header: 'Seq', kind: 'number', width: 10, value: (event) => event.seq },
  text('Event ID', 24, (event) => event.id),
  { header: 'Received', kind: 'date', width: 20, value: (event) => event.received_at },
  text('Outcome', 10, (event) => event.outcome),
  text('Verb', 10, (event) => event.verb),
  text('Category', 14, (event) => event.category),
  text('Justification', 30, (event) => event.justification),
  text('Before', 30, (event) => jsonText(event.before)),
  text('After', 30, (event) => jsonText(event.after)),
  text('Metadata', 30, (event) => jsonText(event.metadata)),
  text('Related', 24, (event) => event.related?.map(labelOf).join('; ')),
  text('User type', 10, (event) => event.actor.type),
  text('User ID', 20, (event) => event.actor.id),
  text('User e-mail', 26, (event) => event.actor.email),
  text('User name', 22, (event) => event.actor.name),
  text('User role', 12, (event) => event.actor.role),
  text('Resource ID', 24, (event) => event.resource.id),
  text('Resource name', 30, (event) => event.resource.name),
  text('Resource URL', 30, (event) => event.resource.url),
  text('IP address', 16, (event) => event.source?.ip),
  text('User agent', 24, (event) => event.source?.user_agent),
  { header: 'Redacted values', kind: 'number', width: 10, value: (event) => event.redacted },
  text('Leaf hash (hex)', 24, (_event, row) => hexOf(row.leafHash)),
]

function text(header: string, width: number, value: TextOf): EventColumn {
  return { header, kind: 'text', width, value }
}

/** Who did it, as people know them. */
export function userOf({ actor }: LogEntry): string {
  return actor.name ?? actor.email ?? actor.id ?? actor.type
}

/** What it was done to, as people know it. */
export function targetOf({ resource }: LogEntry): string | undefined {
  return resource.name ?? resource.id
}

export function labelOf({ type, id, name }: Resource): string {
  return [type, name ?? id].filter((part) => part !== undefined).join(' ')
}

/** The text that was hashed (RFC 8785). */
function jsonText(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : canonicalize(value)
}

/** The address as a link may carry it; undefined for what is no web address: a link must not run anything. */
export function webAddress(address: string | undefined): string | undefined {
  if (address === undefined || !/^https?:\/\//i.test(address)) return undefined
  return URL.canParse(address) ? new URL(address).href : undefined
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
