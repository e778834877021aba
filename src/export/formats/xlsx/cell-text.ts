/** Longest text that a cell holds, UTF-16 units (Excel's limit). */
const MAX_CELL_LENGTH = 32_767
// eslint-disable-next-line no-control-regex -- as below
const NEEDS_CARE = /[&<>"\u0000-\u001f\ufffe\uffff\ud800-\udfff_]/
// A control character, or what a reader would take for an escaped one (ECMA-376 §22.9.2.19, ST_Xstring).
// eslint-disable-next-line no-control-regex -- these are the characters that XML 1.0 does not have
const TO_ESCAPE = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)/g
const MARKUP = /[&<>"]/g
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** The text as a cell takes it at most; a longer one is cut and says so. */
export function cutToCell(text: string): string {
  if (text.length <= MAX_CELL_LENGTH) return text
  const mark = (left: number): string => ` … [cut: ${left} more characters, complete in the NDJSON export]`
  const kept = MAX_CELL_LENGTH - mark(text.length).length
  return text.slice(0, kept).toWellFormed() + mark(text.length - kept)
}

/** The text as XML of a cell: what XML can't hold is written `_xHHHH_`, as Excel does. */
export function cellXml(text: string): string {
  if (!NEEDS_CARE.test(text)) return text
  return text
    .toWellFormed()
    .replace(TO_ESCAPE, (unit) => `_x${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replace(MARKUP, (character) => ENTITIES[character] ?? character)
}

/** XML of an attribute: no line feeds or tabs to lose, markup escaped. */
export function attributeXml(text: string): string {
  return cellXml(text).replace(/[\t\n]/g, ' ')
}
