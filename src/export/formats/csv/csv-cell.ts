const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/
const EVERY_QUOTE = /"/g
/** What makes a spreadsheet calculate a cell, full-width forms included (OWASP, CSV injection). */
const FORMULA_STARTS = new Set('=+-@\t\r＝＋－＠')

/**
 * One cell of RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front; white space at the ends is
 * quoted, since some readers drop it.
 */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = FORMULA_STARTS.has(value.charAt(0)) ? `'${value}` : value
  return NEEDS_QUOTES.test(text) ? `"${text.replace(EVERY_QUOTE, '""')}"` : text
}
