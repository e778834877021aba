import type { ExportFormat, ExportRow } from '../export-format.ts'
import { endOutput, TextOutput, writeWhole } from '../output.ts'

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
        const together = linesTogether(rows)
        if (together !== null) {
          await lines.flush()
          await writeWhole(output, together)
          return
        }
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

/** The bytes of all rows at once, where they lie in one buffer, each with a line feed behind it. */
function linesTogether(rows: readonly ExportRow[]): Uint8Array | null {
  const start = rows[0]?.entry
  if (start === undefined) return null
  const bytes = new Uint8Array(start.buffer)
  let end = start.byteOffset
  for (const { entry } of rows) {
    if (entry.buffer !== start.buffer || entry.byteOffset !== end) return null
    end += entry.length
    if (bytes[end] !== LINE_FEED[0]) return null
    end += 1
  }
  return bytes.subarray(start.byteOffset, end)
}
