import type { ErrorCode } from '../errors.ts'
import type { FormatSettings } from './export-formats.ts'
import type { ExportContext, ExportFormatName } from './formats/export-format.ts'
import type { ScannedRows } from '../query/event-scan.ts'

/** What an export thread is started with. */
export interface ThreadOptions {
  readonly format: ExportFormatName
  readonly settings: FormatSettings | null
  readonly context: ExportContext
  /** Of the file, which is begun anew. */
  readonly path: string
}

export type ThreadRequest =
  { readonly id: number; readonly rows: ScannedRows } | { readonly id: number; readonly end: true }

/** What a finished file is known by. */
export interface WrittenFile {
  readonly size: number
  /** Lower-case hexadecimal. */
  readonly sha256: string
}

export type ThreadAnswer =
  | { readonly id: number; readonly file: WrittenFile }
  /** Rows were written; the memory of their bytes comes back. */
  | { readonly id: number; readonly spare: ArrayBuffer }
  | { readonly id: number; readonly failure: { readonly code: ErrorCode; readonly message: string } }
