/**
 * The one syntax tree that every search in the product is written in: the user's `q`, the filters given as
 * parameters, an auditor's scope and a member's restriction to their own events are all nodes of it, joined
 * with `and`. Search indexes compile it; nothing else is ever sent to a store.
 */

/** Fields whose words can be searched with `field:value`; `before.*`, `after.*` and `metadata.*` take a path. */
export const TEXT_FIELDS = [
  'actor.email',
  'actor.id',
  'actor.name',
  'actor.type',
  'category',
  'action',
  'verb',
  'outcome',
  'resource.type',
  'resource.id',
  'resource.name',
  'source.ip',
  'justification',
] as const
export type TextField = (typeof TEXT_FIELDS)[number]

/** `before`, `after` or `metadata` followed by the path of object keys (arrays are looked through). */
export type PathField = `${'before' | 'after' | 'metadata'}.${string}`

/** One text for type and id of a resource; the type is escaped, so that no two resources share one. */
export function resourceKey(type: string, id: string): string {
  return `${encodeURIComponent(type.toWellFormed())}/${id}`
}

/** Fields whose values are counted for filters and charts. */
export const FACET_FIELDS = ['actor', 'category', 'action', 'verb', 'outcome', 'resource_type'] as const
export type FacetField = (typeof FACET_FIELDS)[number]

/** Fields that the API's filters name. */
export const FILTER_FIELDS = [...FACET_FIELDS, 'resource_id'] as const

/** Fields compared whole and byte by byte: the filters of the API, and what roles and scopes are made of. */
export const EXACT_FIELDS = [
  'id',
  ...FILTER_FIELDS,
  /** `resourceKey` of the resource and of each related one: what "View history" asks for. */
  'touches',
] as const
export type ExactField = (typeof EXACT_FIELDS)[number]

export type Query =
  /** Every event. */
  | { readonly type: 'all' }
  /** No event: a scope that allows nothing, an empty OR. */
  | { readonly type: 'none' }
  /**
   * Consecutive words of one text value, in normalised tokens (at least one). Without a field: anywhere in the
   * event. With `prefix`, the last token stands for every word that begins with it.
   */
  | {
      readonly type: 'words'
      readonly field: TextField | PathField | null
      readonly tokens: readonly string[]
      readonly prefix: boolean
    }
  /** The field is exactly one of the values (an empty list matches nothing). */
  | { readonly type: 'exact'; readonly field: ExactField; readonly values: readonly string[] }
  /** Inclusive bounds; `timestamp` in milliseconds since 1970, `seq` as it is. Null: open. */
  | {
      readonly type: 'range'
      readonly field: 'timestamp' | 'seq'
      readonly from: number | null
      readonly to: number | null
    }
  | { readonly type: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly type: 'not'; readonly part: Query }
