import type { Filters } from '../query/query-facade.ts'
import type { Principal } from '../workspaces/workspace-store.ts'

const NAMES: readonly (readonly [name: Exclude<keyof Filters, 'q' | 'from' | 'to'>, label: string])[] = [
  ['actor', 'user'],
  ['category', 'action type'],
  ['action', 'action'],
  ['verb', 'verb'],
  ['outcome', 'outcome'],
  ['resource_type', 'resource'],
  ['resource_id', 'resource id'],
]

/** What was asked for, as people read it. */
export function filtersInWords(filters: Filters): string {
  const { q = '', from, to } = filters
  const parts = [
    ...(q.trim() === '' ? [] : [`query: ${q.trim()}`]),
    ...NAMES.flatMap(([name, label]) =>
      filters[name]?.length ? [`${label}: ${filters[name].join(' or ')}`] : [],
    ),
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
  ]
  return parts.length === 0 ? 'all events' : parts.join('; ')
}

/** What the requester may see at all; null: the whole workspace. */
export function scopeInWords({ scope }: Principal, everything: boolean): string | null {
  if (scope !== null) return filtersInWords(scope)
  return everything ? null : 'own events'
}

/** Who asked, as people know them. */
export function requesterInWords({ member, role, tokenId }: Principal): string {
  if (member === null) return `${role} (${tokenId})`
  const { id, name, email } = member
  const who = name ?? email ?? id
  return `${who}${email !== undefined && email !== who ? ` <${email}>` : ''} (${role})`
}
