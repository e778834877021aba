import { aboutLines, HOW_TO_VERIFY } from '../about.ts'
import type { ExportContext } from '../export-format.ts'
import { textXml } from './sheet-rows.ts'
import { sheetEnd, sheetStart, STYLE } from './workbook-parts.ts'

/** The last sheet: what was asked for, by whom, and what vouches for it. */
export function aboutSheet(context: ExportContext): string {
  const lines: readonly (readonly [string, string])[] = [
    ...aboutLines(context),
    ['Viewer', context.viewerUrl],
    ['Checkpoint', context.checkpoint],
    ['How to verify', HOW_TO_VERIFY],
  ]
  const title = `<row r="1">${textXml('A1', 'Audit log export', STYLE.title)}</row>`
  const rows = lines.map(([label, value], at) => {
    const number = at + 3
    return `<row r="${number}">${textXml(`A${number}`, label, STYLE.label)}${textXml(`B${number}`, value, STYLE.wrapped)}</row>`
  })
  return `${sheetStart([24, 100], 0)}${title}${rows.join('')}${sheetEnd(null, [])}`
}
