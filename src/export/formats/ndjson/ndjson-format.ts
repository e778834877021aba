import type { ExportFormat } from '../export-format.ts'
import { endOutput, writeWhole } from '../output.ts'

/** The canonical entry a line: exactly the bytes that were hashed, so that each line proves itself. */
export const ndjsonFormat: ExportFormat = {
  name: 'ndjson',
  extension: 'ndjson',
  contentType: 'application/x-ndjson',
  maxRows: null,
  open(output) {
    return {
      write: async (rows) => await writeWhole(output, rows.lines()),
      end: async () => await endOutput(output),
    }
  },
}
