import type { ExportFormat } from '../export-format.ts'
import { endOutput, TextOutput } from '../output.ts'

const LINE_FEED = Uint8Array.of(0x0a)

/** The canonical entry a line: exactly the bytes that were hashed, so that each line proves itself. */
export const ndjsonFormat: ExportFormat = {
  name: 'ndjson',
  extension: 'ndjson',
  contentType: 'application/x-ndjson',
  maxRows: null,
  open(output) {
    const lines = new TextOutput(output)
    return {
      async write(rows) {
        for (const { entry } of rows) {
          await lines.bytes(entry)
          await lines.bytes(LINE_FEED)
        }
      },
      async end() {
        await lines.flush()
        await endOutput(output)
      },
    }
  },
}
