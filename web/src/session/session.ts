import { createContext, use } from 'react'
import type { Me, Role, Workspace } from '../api/types.ts'

export interface Session {
  readonly me: Me
  /** The active one: everything shown is of it. */
  readonly workspace: Workspace
}

export const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = use(SessionContext)
  if (!session) throw new Error('A place is shown inside a session.')
  return session
}

const ROLE_NAMES: Readonly<Record<Role, string>> = {
  admin: 'Operator',
  owner: 'Owner',
  member: 'Member',
  auditor: 'Auditor',
  ingest: 'Sender',
}

/** How a person would be addressed. */
export function nameOf({ member, role }: Me): string {
  return member?.name ?? member?.email ?? member?.id ?? ROLE_NAMES[role]
}
