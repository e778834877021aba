import type { Json, JsonObject } from '../../../src/event/audit-event.ts'

export interface FieldChange {
  /** Keys from the top, with dots. */
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed' | 'same'
  readonly before: string | null
  readonly after: string | null
}

/** Before and after, field by field: objects are looked into, anything else is compared whole. */
export function diffFields(
  before: JsonObject | undefined,
  after: JsonObject | undefined,
): readonly FieldChange[] {
  const left = flatten(before ?? {})
  const right = flatten(after ?? {})
  return [...new Set([...left.keys(), ...right.keys()])].map((path) => {
    const old = left.get(path)
    const now = right.get(path)
    const kind =
      old === undefined ? 'added' : now === undefined ? 'removed' : old === now ? 'same' : 'changed'
    return { path, kind, before: old ?? null, after: now ?? null }
  })
}

function flatten(object: JsonObject): Map<string, string> {
  const fields = new Map<string, string>()
  // A stack of its own: the depth is that of whatever was sent.
  const waiting: [string, Json][] = Object.entries(object).reverse()
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [path, value] = next
    if (isFilled(value))
      waiting.push(
        ...Object.entries(value)
          .map(([key, each]): [string, Json] => [`${path}.${key}`, each])
          .reverse(),
      )
    else fields.set(path, typeof value === 'string' ? value : JSON.stringify(value))
  }
  return fields
}

function isFilled(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
}
