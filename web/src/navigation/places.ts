import type { Me, Workspace } from '../api/types.ts'
import { isEmbedded } from '../embed/host-page.ts'

const PLACES = ['home', 'dashboard', 'audit-log', 'exports', 'integrity', 'settings'] as const
export type Place = (typeof PLACES)[number]

export const PLACE_NAMES: Readonly<Record<Place, string>> = {
  home: 'Home',
  dashboard: 'Dashboard',
  'audit-log': 'Audit log',
  exports: 'Exports',
  integrity: 'Integrity',
  settings: 'Settings',
}

/** Where places are: `/w/WORKSPACE/PLACE`, in a frame `/embed/WORKSPACE/PLACE`. */
const BASE = isEmbedded ? 'embed' : 'w'
/** Tokens are not made inside of other people's pages. */
const SHOWN = isEmbedded ? PLACES.filter((place) => place !== 'settings') : PLACES

/** Nulls where the address names none. */
export function parsePlace(pathname: string): {
  readonly workspace: string | null
  readonly place: Place | null
} {
  const [, first, workspace, place] = pathname.split('/')
  if (first !== BASE || !workspace) return { workspace: null, place: null }
  return { workspace: decoded(workspace), place: SHOWN.find((each) => each === place) ?? null }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

export function placePath(workspace: string, place: Place): string {
  return `/${BASE}/${encodeURIComponent(workspace)}/${place}`
}

/** Whether the events of others are shown, too: in some workspaces a member sees only their own. */
export function maySeeTeam({ role }: Me, { dashboard }: Workspace): boolean {
  return role !== 'member' || dashboard === 'members'
}

/** What the sidebar offers; the server decides again at each request. */
export function placesFor(me: Me, workspace: Workspace): readonly Place[] {
  const { role, member } = me
  if (role === 'member')
    return maySeeTeam(me, workspace) ? ['home', 'dashboard', 'exports', 'integrity'] : ['home', 'integrity']
  const own: readonly Place[] = member ? ['home'] : []
  if (role === 'auditor') return [...own, 'dashboard', 'audit-log', 'exports', 'integrity']
  return [...own, 'dashboard', 'audit-log', 'exports', 'integrity', 'settings']
}
