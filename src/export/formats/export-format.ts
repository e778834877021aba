import type { Writable } from 'node:stream'
import { TrailsealError } from '../../errors.ts'
import type { LogEntry } from '../../event/audit-event.ts'

/** One entry of the log on its way into a file. */
export interface ExportRow {
  readonly seq: number
  /** Canonical bytes, UTF-8: what was hashed. */
  readonly entry: Uint8Array
  /** The same, parsed. May be lazy: NDJSON never asks for it. */
  readonly event: LogEntry
  /** 32 bytes. May be lazy. */
  readonly leafHash: Uint8Array
}

/** Some rows, in the order in which they are to be seen. */
export interface ExportRows extends Iterable<ExportRow> {
  /**
   * Their canonical bytes, each with a line feed behind, in the place of the rows: these can't be read any more. For rows in the order of
   * the log.
   */
  lines(): Uint8Array
}

/** What an export says of itself. The bytes of a file depend on this and its rows, and on nothing else. */
export interface ExportContext {
  readonly exportId: string
  readonly workspace: { readonly id: string; readonly name: string }
  /** Origin of the log: `<TRAILSEAL_ORIGIN>/<workspace>`. */
  readonly origin: string
  /** Who asked for it, as people know them. */
  readonly requester: string
  /** What was asked for, in words. */
  readonly filters: string
  /** What the requester may see at all, in words; null: the whole workspace. */
  readonly scope: string | null
  /** RFC 3339 in UTC with milliseconds. A repeated run gets the same, and so makes the same file. */
  readonly generatedAt: string
  /** Signed note that covers all rows. */
  readonly checkpoint: string
  /** Where the workspace is looked at, absolute. */
  readonly viewerUrl: string
  /** How many events match under the checkpoint. */
  readonly rows: number
  /** `newest`: by timestamp, then seq, descending, as the table shows it. Default: in the order of the log. */
  readonly order?: 'log' | 'newest'
}

export type ExportFormatName = 'csv' | 'ndjson' | 'xlsx' | 'pdf'

/**
 * A kind of file that events are exported to. The same context and rows give the same bytes, however the rows are cut into
 * batches, so that a run that was killed can be repeated: no clock, no randomness.
 */
export interface ExportFormat {
  readonly name: ExportFormatName
  /** Without the dot. */
  readonly extension: string
  readonly contentType: string
  /** Null: any number. */
  readonly maxRows: number | null
  /** Throws `export_too_large`, see `requireFits`. */
  open(output: Writable, context: ExportContext): ExportWriter
}

/** Takes rows in any order: that in which they are to be seen. Memory stays flat, whatever the number of rows. */
export interface ExportWriter {
  /** Settles when the output wants more; the bytes of the rows may be overwritten from then on. Throws what the output fails with. */
  write(rows: ExportRows): Promise<void>
  /** Settles when the output has everything and is ended. */
  end(): Promise<void>
}

/** To be asked before an export starts. Throws `export_too_large` with advice. */
export function requireFits({ name, maxRows }: Pick<ExportFormat, 'name' | 'maxRows'>, rows: number): void {
  if (maxRows === null || rows <= maxRows) return
  const count = (value: number): string => value.toLocaleString('en-US')
  throw new TrailsealError(
    'export_too_large',
    `${count(rows)} events do not fit into one ${name.toUpperCase()} file: it takes at most ${count(maxRows)}. Choose a shorter time range or more filters, or export them as CSV, XLSX or NDJSON.`,
  )
}
