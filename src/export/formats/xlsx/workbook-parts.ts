import { EVENT_COLUMNS } from '../event-columns.ts'
import type { ExportContext } from '../export-format.ts'
import { attributeXml, cellXml } from './cell-text.ts'

/** The parts of an Office Open XML workbook (ECMA-376 part 1, §12 and §18) that are not rows. */

const DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** Indices into `cellXfs` of the style sheet. */
export const STYLE = { date: 1, header: 2, link: 3, label: 4, wrapped: 5, title: 6 } as const

export function stylesPart(): string {
  const border = '<border><left/><right/><top/><bottom/><diagonal/></border>'
  const font = (more: string, size = 10): string =>
    `<font>${more}<sz val="${size}"/><name val="Calibri"/><family val="2"/></font>`
  const xf = (id: number, more: string, inner = ''): string =>
    `<xf numFmtId="${id}" ${more} borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyAlignment="1">${inner}</xf>`
  const top = '<alignment vertical="top"/>'
  return (
    `${DECLARATION}<styleSheet xmlns="${MAIN}">` +
    `<numFmts count="1"><numFmt numFmtId="164" formatCode="mm/dd/yyyy\\ hh:mm:ss"/></numFmts>` +
    `<fonts count="4">${font('', 10)}${font('<b/>').replace('<name', '<color rgb="FFFFFFFF"/><name')}` +
    `${font('<u/>').replace('<name', '<color rgb="FF0B5CAD"/><name')}${font('<b/>', 14)}</fonts>` +
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>' +
    '<fill><patternFill patternType="solid"><fgColor rgb="FF1F2A44"/><bgColor indexed="64"/></patternFill></fill></fills>' +
    `<borders count="1">${border}</borders>` +
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
    '<cellXfs count="7">' +
    xf(0, 'fontId="0" fillId="0"') +
    xf(164, 'fontId="0" fillId="0"', '<alignment horizontal="left"/>') +
    xf(0, 'fontId="1" fillId="2"') +
    xf(0, 'fontId="2" fillId="0"') +
    xf(0, 'fontId="0" fillId="0"', top) +
    xf(0, 'fontId="0" fillId="0"', '<alignment vertical="top" wrapText="1"/>') +
    xf(0, 'fontId="3" fillId="0"') +
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
  )
}

export function corePart({ workspace, requester, generatedAt }: ExportContext): string {
  const instant = `${generatedAt.slice(0, 19)}Z`
  const date = (name: string): string =>
    `<dcterms:${name} xsi:type="dcterms:W3CDTF">${instant}</dcterms:${name}>`
  return (
    `${DECLARATION}<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" ` +
    'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
    `<dc:title>${cellXml(`Audit log of ${workspace.name}`)}</dc:title><dc:creator>${cellXml(requester)}</dc:creator>` +
    `${date('created')}${date('modified')}</cp:coreProperties>`
  )
}

export function rootRelationshipsPart(): string {
  return relationshipsPart([
    { type: `${RELATIONSHIPS}/officeDocument`, target: 'xl/workbook.xml' },
    { type: `${PACKAGE}/relationships/metadata/core-properties`, target: 'docProps/core.xml' },
  ])
}

export function workbookRelationshipsPart(sheets: number): string {
  const ofSheets = Array.from({ length: sheets }, (_, at) => ({
    type: `${RELATIONSHIPS}/worksheet`,
    target: `worksheets/sheet${at + 1}.xml`,
  }))
  return relationshipsPart([...ofSheets, { type: `${RELATIONSHIPS}/styles`, target: 'styles.xml' }])
}

export function linkRelationshipsPart(addresses: readonly string[]): string {
  return relationshipsPart(
    addresses.map((target) => ({ type: `${RELATIONSHIPS}/hyperlink`, target, isExternal: true })),
  )
}

function relationshipsPart(
  relationships: readonly { readonly type: string; readonly target: string; readonly isExternal?: boolean }[],
): string {
  const items = relationships.map(({ type, target, isExternal = false }, at) => {
    const mode = isExternal ? ' TargetMode="External"' : ''
    return `<Relationship Id="rId${at + 1}" Type="${type}" Target="${attributeXml(target)}"${mode}/>`
  })
  return `${DECLARATION}<Relationships xmlns="${PACKAGE}/relationships">${items.join('')}</Relationships>`
}

export function workbookPart(names: readonly string[]): string {
  const sheets = names.map(
    (name, at) => `<sheet name="${attributeXml(name)}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`,
  )
  return `${DECLARATION}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONSHIPS}"><sheets>${sheets.join('')}</sheets></workbook>`
}

export function contentTypesPart(sheets: number): string {
  const override = (part: string, type: string): string =>
    `<Override PartName="${part}" ContentType="${type}"/>`
  const ofSheets = Array.from({ length: sheets }, (_, at) =>
    override(`/xl/worksheets/sheet${at + 1}.xml`, `${SPREADSHEET}.worksheet+xml`),
  )
  return (
    `${DECLARATION}<Types xmlns="${PACKAGE}/content-types">` +
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
    '<Default Extension="xml" ContentType="application/xml"/>' +
    override('/xl/workbook.xml', `${SPREADSHEET}.sheet.main+xml`) +
    override('/xl/styles.xml', `${SPREADSHEET}.styles+xml`) +
    override('/docProps/core.xml', 'application/vnd.openxmlformats-package.core-properties+xml') +
    `${ofSheets.join('')}</Types>`
  )
}

/** A sheet up to its first row: the header stays in view. */
export function sheetStart(widths: readonly number[], frozenRows: number): string {
  const columns = widths.map(
    (width, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`,
  )
  const pane =
    frozenRows === 0
      ? ''
      : `<pane ySplit="${frozenRows}" topLeftCell="A${frozenRows + 1}" activePane="bottomLeft" state="frozen"/>`
  return (
    `${DECLARATION}<worksheet xmlns="${MAIN}" xmlns:r="${RELATIONSHIPS}"><sheetViews><sheetView workbookViewId="0">${pane}</sheetView></sheetViews>` +
    `<sheetFormatPr defaultRowHeight="14"/><cols>${columns.join('')}</cols><sheetData>`
  )
}

/** Behind the last row: filter and links, in the order that the schema wants. */
export function sheetEnd(filter: string | null, linkedCells: readonly string[]): string {
  const links = linkedCells.map((cell, at) => `<hyperlink ref="${cell}" r:id="rId${at + 1}"/>`)
  return (
    `</sheetData>${filter === null ? '' : `<autoFilter ref="${filter}"/>`}` +
    `${links.length === 0 ? '' : `<hyperlinks>${links.join('')}</hyperlinks>`}</worksheet>`
  )
}

export const eventColumnWidths: readonly number[] = EVENT_COLUMNS.map(({ width }) => width)
