/** Everything that a view shows is in the query of its address, so that a link shows a colleague the same. */
import type { Parameters } from '../api/client.ts'

export const LIST_FILTERS = ['actor', 'category', 'action', 'verb', 'outcome', 'resource_type'] as const
export type ListFilter = (typeof LIST_FILTERS)[number]

export const FLYOUT_TABS = ['change', 'details', 'json', 'proof', 'history'] as const
export type FlyoutTab = (typeof FLYOUT_TABS)[number]

export const PRESETS = [
  { id: '1h', name: 'Last hour', milliseconds: 3_600_000 },
  { id: '24h', name: 'Last 24 hours', milliseconds: 86_400_000 },
  { id: '7d', name: 'Last 7 days', milliseconds: 7 * 86_400_000 },
  { id: '30d', name: 'Last 30 days', milliseconds: 30 * 86_400_000 },
  { id: '90d', name: 'Last 90 days', milliseconds: 90 * 86_400_000 },
  { id: '365d', name: 'Last 12 months', milliseconds: 365 * 86_400_000 },
] as const

export interface ViewState {
  readonly q: string
  readonly filters: Readonly<Record<ListFilter, readonly string[]>>
  readonly resourceId: readonly string[]
  /** Id of a preset; then `from` and `to` are empty. */
  readonly range: string
  /** RFC 3339, or empty. */
  readonly from: string
  readonly to: string
  /** Id of the event in the flyout, or empty. */
  readonly event: string
  readonly tab: FlyoutTab
}

export function parseViewState(search: string): ViewState {
  const query = new URLSearchParams(search)
  const one = (name: string): string => query.get(name) ?? ''
  const all = (name: string): string[] => [...new Set(query.getAll(name).filter((value) => value !== ''))]
  const range = PRESETS.some(({ id }) => id === one('range')) ? one('range') : ''
  return {
    q: one('q'),
    filters: Object.fromEntries(
      LIST_FILTERS.map((name) => [name, all(name)]),
    ) as unknown as ViewState['filters'],
    resourceId: all('resource_id'),
    range,
    from: range ? '' : one('from'),
    to: range ? '' : one('to'),
    event: one('event'),
    tab: FLYOUT_TABS.find((tab) => tab === one('tab')) ?? 'change',
  }
}

/** Inverse of `parseViewState`; defaults are left out. Begins with `?`, or is empty. */
export function formatViewState(state: ViewState): string {
  const query = new URLSearchParams()
  const put = (name: string, value: string): void => {
    if (value !== '') query.append(name, value)
  }
  put('q', state.q)
  for (const name of LIST_FILTERS) for (const value of state.filters[name]) put(name, value)
  for (const value of state.resourceId) put('resource_id', value)
  put('range', state.range)
  put('from', state.from)
  put('to', state.to)
  put('event', state.event)
  if (state.event !== '' && state.tab !== 'change') put('tab', state.tab)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** Parameters of the interface; a preset counts from `now`. */
export function filterParameters(state: ViewState, now: number): Parameters {
  const preset = PRESETS.find(({ id }) => id === state.range)
  const from = preset ? new Date(now - preset.milliseconds).toISOString() : state.from
  return { q: state.q, ...state.filters, resource_id: state.resourceId, from, to: state.to }
}

/** The same filters for one member's own events, as Home has them: an API token may carry the id of a member. */
export function ownFilters(filters: Parameters, memberId: string): Parameters {
  const q = typeof filters['q'] === 'string' && filters['q'] !== '' ? `(${filters['q']}) AND ` : ''
  return { ...filters, actor: [memberId], q: `${q}actor.type:user` }
}

export function hasFilters(state: ViewState): boolean {
  return formatViewState({ ...state, event: '' }) !== ''
}

export function withoutFilters(state: ViewState): ViewState {
  return { ...parseViewState(''), event: state.event, tab: state.tab }
}

/** The filters of a view in words, for exports and empty lists. */
export function filtersInWords(state: ViewState): readonly string[] {
  const words: string[] = []
  if (state.q !== '') words.push(`matching ${state.q}`)
  for (const name of LIST_FILTERS)
    if (state.filters[name].length > 0)
      words.push(`${FILTER_NAMES[name].toLowerCase()} is ${state.filters[name].join(' or ')}`)
  if (state.resourceId.length > 0) words.push(`resource id is ${state.resourceId.join(' or ')}`)
  const preset = PRESETS.find(({ id }) => id === state.range)
  if (preset) words.push(preset.name.toLowerCase())
  if (state.from !== '') words.push(`from ${state.from}`)
  if (state.to !== '') words.push(`to ${state.to}`)
  return words
}

export const FILTER_NAMES: Readonly<Record<ListFilter, string>> = {
  actor: 'User',
  category: 'Action type',
  action: 'Action',
  verb: 'Verb',
  outcome: 'Outcome',
  resource_type: 'Resource',
}
