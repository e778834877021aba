import { EVENT_COLUMNS } from '../event-columns.ts'
import type { ExportFormat, ExportRow } from '../export-format.ts'
import { endOutput, TextOutput } from '../output.ts'
import { csvCell } from './csv-cell.ts'
import { CsvLineWriter, mostLineBytes } from './csv-line.ts'

/** Without it Excel takes UTF-8 for the code page of the machine. */
const BYTE_ORDER_MARK = '\ufeff'
const HEADER = `${EVENT_COLUMNS.map(({ header }) => csvCell(header)).join(',')}\r\n`

/** RFC 4180 in UTF-8, one row an event, safe to open in a spreadsheet. Dates are RFC 3339, which sort and lose nothing. */
export const csvFormat: ExportFormat = {
  name: 'csv',
  extension: 'csv',
  contentType: 'text/csv; charset=utf-8',
  maxRows: null,
  open(output) {
    const lines = new TextOutput(output)
    const writer = new CsvLineWriter()
    let isStarted = false
    const start = async (): Promise<void> => {
      if (!isStarted) await lines.text(BYTE_ORDER_MARK + HEADER)
      isStarted = true
    }
    return {
      async write(rows) {
        await start()
        for (const row of rows) {
          const { entry, leafHash } = row
          const bytes = mostLineBytes(entry)
          if (!lines.hasRoom(bytes)) await lines.flush()
          const end = bytes === 0 ? -1 : writer.write(entry, leafHash, lines.chunk, lines.used)
          if (end < 0) await lines.text(csvLine(row))
          else lines.used = end
        }
      },
      async end() {
        await start()
        await lines.flush()
        await endOutput(output)
      },
    }
  },
}

/** Any entry's line; `CsvLineWriter` gives the same for most of them, and faster. */
export function csvLine(row: ExportRow): string {
  const { event } = row
  let line = ''
  for (const { value } of EVENT_COLUMNS) line += `${line === '' ? '' : ','}${csvCell(value(event, row))}`
  return `${line}\r\n`
}
