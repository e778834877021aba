import type { ScanRequest } from '../query/event-scan.ts'
import type { ExportFormatName } from './formats/export-format.ts'

/**
 * NDJSON is for proofs: the log's own order, so that a range of it hashes to the checkpoint. The others are for people: newest
 * first, as the table shows it.
 */
export function orderOf(format: ExportFormatName): ScanRequest['order'] {
  return format === 'ndjson' ? 'log' : 'newest'
}
