import type { Json, JsonObject, LogEntry } from '../../../event/audit-event.ts'
import { labelOf } from '../event-columns.ts'

/** Why it was done, what it changed, what else it was about: a paragraph each. */
export function detailsOf(event: LogEntry): readonly string[] {
  const { justification, related = [] } = event
  return [
    ...(justification === undefined ? [] : [`“${justification}”`]),
    ...changesOf(event.before, event.after),
    ...(related.length === 0 ? [] : [`Related: ${related.map(labelOf).join(', ')}`]),
  ]
}

export function metadataOf({ metadata }: LogEntry): string | undefined {
  return metadata === undefined || Object.keys(metadata).length === 0 ? undefined : plainText(metadata)
}

/** Field by field: what a value was and what it became. */
function changesOf(before: JsonObject | undefined, after: JsonObject | undefined): readonly string[] {
  if (before === undefined && after === undefined) return []
  const keys = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
  return [...keys].flatMap((key) => {
    const old = before?.[key]
    const current = after?.[key]
    const [oldText, text] = [valueText(old), valueText(current)]
    if (oldText === text) return []
    if (before === undefined || old === undefined) return [`${key}: ${text}`]
    if (after === undefined || current === undefined) return [`${key}: ${oldText} → removed`]
    return [`${key}: ${oldText} → ${text}`]
  })
}

function valueText(value: Json | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : plainText(value)
}

/** JSON without what only a parser needs: easier to read, and to break into lines. */
function plainText(value: Json): string {
  if (typeof value === 'string') return value === '' ? '""' : value
  if (typeof value !== 'object' || value === null) return String(value)
  if (isArray(value)) return `[${value.map(plainText).join(', ')}]`
  const members = Object.entries(value).map(([key, member]) => `${key}: ${nested(member)}`)
  return members.join(', ')
}

function nested(value: Json): string {
  const text = plainText(value)
  return typeof value === 'object' && value !== null && !isArray(value) ? `{${text}}` : text
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
