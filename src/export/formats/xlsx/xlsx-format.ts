import type { PassThrough, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import type { Options } from 'yazl'
import type { ExportContext, ExportFormat, ExportRows, ExportWriter } from '../export-format.ts'
import { passThrough, TextOutput } from '../output.ts'
import { aboutSheet } from './about-sheet.ts'
import { headerXml, lastColumn, rowXml } from './sheet-rows.ts'
import type { SheetLink } from './sheet-rows.ts'
import {
  contentTypesPart,
  corePart,
  eventColumnWidths,
  linkRelationshipsPart,
  rootRelationshipsPart,
  sheetEnd,
  sheetStart,
  stylesPart,
  workbookPart,
  workbookRelationshipsPart,
} from './workbook-parts.ts'

/** Excel has 1,048,576 rows a sheet, and truncates silently beyond; one is the header. */
const MAX_SHEET_EVENTS = 1_048_575
/** Of zlib's nine: smaller files than the default's are not worth twice its time. */
const COMPRESSION = 4

/** A workbook of events: further sheets past Excel's limit of rows, and a last one that says what this is. */
export const xlsxFormat: ExportFormat = {
  name: 'xlsx',
  extension: 'xlsx',
  contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  maxRows: null,
  open: (output, context) => new Workbook(output, context, MAX_SHEET_EVENTS),
}

/** The format with smaller sheets, so that a test sees a second one. */
export function xlsxFormatOf(maxSheetEvents: number): ExportFormat {
  return { ...xlsxFormat, open: (output, context) => new Workbook(output, context, maxSheetEvents) }
}

interface OpenSheet {
  readonly stream: PassThrough
  readonly xml: TextOutput
  /** Of events; the header is not counted. */
  rows: number
  readonly links: SheetLink[]
}

class Workbook implements ExportWriter {
  readonly #context: ExportContext
  readonly #maxSheetEvents: number
  readonly #zip = new ZipFile()
  readonly #zipOptions: Partial<Options>
  /** Settles when the output has all of the file, or failed. */
  readonly #written: Promise<void>
  readonly #sheetNames: string[] = []
  #sheet: OpenSheet | undefined
  #failure: Error | undefined

  constructor(output: Writable, context: ExportContext, maxSheetEvents: number) {
    this.#context = context
    this.#maxSheetEvents = maxSheetEvents
    this.#zipOptions = {
      mtime: zipTime(context.generatedAt),
      forceDosTimestamp: true,
      mode: 0o100644,
      compressionLevel: COMPRESSION,
    }
    this.#zip.outputStream.pipe(output)
    this.#zip.on('error', (error: Error) => output.destroy(error))
    this.#written = finished(output, { readable: false })
    // a failed output stops whoever waits for the sheet to take more; `write` and `end` report it
    this.#written.catch((error: unknown) => {
      this.#failure = error as Error
      this.#sheet?.stream.destroy(this.#failure)
    })
    this.#add('_rels/.rels', rootRelationshipsPart())
    this.#add('docProps/core.xml', corePart(context))
    this.#add('xl/styles.xml', stylesPart())
  }

  async write(rows: ExportRows): Promise<void> {
    for (const row of rows) {
      if (this.#sheet?.rows === this.#maxSheetEvents) await this.#closeSheet(this.#sheet)
      const sheet = (this.#sheet ??= await this.#openSheet())
      sheet.rows += 1
      await sheet.xml.text(rowXml(row, sheet.rows + 1, sheet.links))
    }
  }

  async end(): Promise<void> {
    // an export without events has its header all the same
    await this.#closeSheet((this.#sheet ??= await this.#openSheet()))
    this.#addSheet('About', aboutSheet(this.#context))
    const sheets = this.#sheetNames.length
    this.#add('xl/workbook.xml', workbookPart(this.#sheetNames))
    this.#add('xl/_rels/workbook.xml.rels', workbookRelationshipsPart(sheets))
    this.#add('[Content_Types].xml', contentTypesPart(sheets))
    this.#zip.end()
    await this.#written
  }

  async #openSheet(): Promise<OpenSheet> {
    if (this.#failure !== undefined) throw this.#failure
    const number = this.#sheetNames.length + 1
    this.#sheetNames.push(number === 1 ? 'Events' : `Events ${number}`)
    const stream = passThrough()
    this.#zip.addReadStream(stream, `xl/worksheets/sheet${number}.xml`, this.#zipOptions)
    const xml = new TextOutput(stream)
    await xml.text(sheetStart(eventColumnWidths, 1) + headerXml())
    return { stream, xml, rows: 0, links: [] }
  }

  async #closeSheet({ stream, xml, rows, links }: OpenSheet): Promise<void> {
    await xml.text(
      sheetEnd(
        `A1:${lastColumn}${rows + 1}`,
        links.map(({ cell }) => cell),
      ),
    )
    await xml.flush()
    stream.end()
    if (links.length > 0) {
      const addresses = links.map(({ address }) => address)
      this.#add(
        `xl/worksheets/_rels/sheet${this.#sheetNames.length}.xml.rels`,
        linkRelationshipsPart(addresses),
      )
    }
    this.#sheet = undefined
  }

  #addSheet(name: string, xml: string): void {
    this.#sheetNames.push(name)
    this.#add(`xl/worksheets/sheet${this.#sheetNames.length}.xml`, xml)
  }

  #add(path: string, xml: string): void {
    this.#zip.addBuffer(Buffer.from(xml, 'utf8'), path, this.#zipOptions)
  }
}

/** ZIP knows local time only, and this must not depend on whose: the fields of the UTC time, taken for local ones. */
function zipTime(instant: string): Date {
  const date = new Date(instant)
  return new Date(
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  )
}
