import { workspacePath, type Parameters } from '../api/client.ts'
import type { Place } from '../navigation/places.ts'

/** The events that a place is about, those of the team or on Home one's own: where the interface is asked for them, and how. */
export interface ListSource {
  readonly path: (what: 'events' | 'stream' | 'facets' | 'histogram') => string
  readonly parameters: Parameters
}

export function listSource(place: Place, workspace: string, filters: Parameters): ListSource {
  if (place === 'home') return { path: (what) => `/v1/me/${what}`, parameters: { ...filters, workspace } }
  return { path: (what) => workspacePath(workspace, what), parameters: filters }
}
