import { parseTimestamp } from '../../../event/timestamp.ts'
import { EVENT_COLUMNS, webAddress } from '../event-columns.ts'
import type { ExportRow } from '../export-format.ts'
import { cellXml, cutToCell } from './cell-text.ts'
import { STYLE } from './workbook-parts.ts'

/** Excel's limits of a sheet. */
const MAX_SHEET_LINKS = 65_530
const MAX_LINK_LENGTH = 2_079
/** A text inside a formula, and the address that HYPERLINK takes. */
const MAX_LITERAL_LENGTH = 255

const MS_PER_SECOND = 1_000
const MS_PER_DAY = 86_400_000
/** Day number of 1970-01-01 in the calendar of 1900. */
const EPOCH_DAY = 25_569

const COLUMN_NAMES = EVENT_COLUMNS.map((_, index) => columnName(index))
/** `A1:AB1048576` and the like. */
export const lastColumn = columnName(EVENT_COLUMNS.length - 1)

/** A link of a cell, told apart from its text because a sheet lists its links behind its rows. */
export interface SheetLink {
  readonly cell: string
  readonly address: string
}

/** XML of the first row of every sheet. */
export function headerXml(): string {
  const cells = EVENT_COLUMNS.map(({ header }, at) =>
    textXml(`${COLUMN_NAMES[at] ?? ''}1`, header, STYLE.header),
  )
  return `<row r="1">${cells.join('')}</row>`
}

/** XML of one row; its link, where the sheet has room for one more, goes to `links`. */
export function rowXml(row: ExportRow, number: number, links: SheetLink[]): string {
  const { event } = row
  let xml = `<row r="${number}">`
  for (const [index, { kind, value }] of EVENT_COLUMNS.entries()) {
    const content = value(event, row)
    if (content === undefined || content === '') continue
    const cell = `${COLUMN_NAMES[index] ?? ''}${number}`
    if (typeof content === 'number') xml += `<c r="${cell}"><v>${content}</v></c>`
    else if (kind === 'date') xml += dateXml(cell, content)
    else if (kind === 'target') xml += targetXml(cell, content, webAddress(event.resource.url), links)
    else xml += textXml(cell, content)
  }
  return `${xml}</row>`
}

export function textXml(cell: string, text: string, style = 0): string {
  const styled = style === 0 ? '' : ` s="${style}"`
  return `<c r="${cell}"${styled} t="inlineStr"><is><t xml:space="preserve">${cellXml(cutToCell(text))}</t></is></c>`
}

/** A real date: days since 1900 in UTC, to the second: programs for tables round what they show, so that 0.7 s would be another second than the viewer's. */
function dateXml(cell: string, timestamp: string): string {
  const instant = parseTimestamp(timestamp)
  if (instant === null) return textXml(cell, timestamp)
  return `<c r="${cell}" s="${STYLE.date}"><v>${(Math.floor(instant / MS_PER_SECOND) * MS_PER_SECOND) / MS_PER_DAY + EPOCH_DAY}</v></c>`
}

function targetXml(cell: string, text: string, address: string | undefined, links: SheetLink[]): string {
  if (address === undefined || address.length > MAX_LINK_LENGTH) return textXml(cell, text)
  if (links.length < MAX_SHEET_LINKS) {
    links.push({ cell, address })
    return textXml(cell, text, STYLE.link)
  }
  // a sheet lists no more links than that: the rest are formulas, as far as those can hold them
  const fits = address.length <= MAX_LITERAL_LENGTH && text.length <= MAX_LITERAL_LENGTH
  const isPlain = fits && text.isWellFormed() && !/[\p{Cc}\ufffe\uffff]/u.test(text)
  if (!isPlain) return textXml(cell, text)
  const formula = `HYPERLINK(${literal(address)},${literal(text)})`
  return `<c r="${cell}" s="${STYLE.link}" t="str"><f>${cellXml(formula)}</f><v>${cellXml(text)}</v></c>`
}

function literal(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

/** 0 → A, 25 → Z, 26 → AA. */
function columnName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : columnName(Math.floor(index / 26) - 1) + last
}
