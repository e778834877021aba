import { memo } from 'react'
import type { Actor, Resource } from '../../../src/event/audit-event.ts'
import { Icon } from '../icon.tsx'

/** Verbs by what they mean for the one who reads: the colour repeats the word, it never replaces it. */
const TONES: Readonly<Record<string, string>> = {
  CREATE: 'good',
  SHARE: 'blue',
  UPDATE: 'blue',
  START: 'good',
  DELETE: 'bad',
  REVOKE: 'bad',
  STOP: 'bad',
  EXPORT: 'warn',
  UNREADABLE: 'bad',
}

export function VerbBadge({ verb }: { readonly verb: string }) {
  return <span className={`verb verb-${TONES[verb] ?? 'plain'}`}>{verb}</span>
}

export function Failed() {
  return (
    <span className="failed">
      <Icon name="failure" size={13} />
      Failed
    </span>
  )
}

const ACTOR_TYPES = { user: 'User', api_token: 'API token', system: 'System' } as const

/** Ids that this product gives to its own tokens: they say nothing to a person. */
const OWN_TOKEN = /^(?:tok|env|admin)_[0-9a-f-]{36}$/

export function actorName({ name, email, id, type }: Actor): string {
  const isOwnToken = type === 'api_token' && OWN_TOKEN.test(id ?? '')
  return name || email || (isOwnToken ? ACTOR_TYPES[type] : id) || ACTOR_TYPES[type]
}

/** The line below the name: whatever of address, role and id is not said yet. */
function actorDetail(actor: Actor): string {
  const name = actorName(actor)
  const type = actor.type === 'user' ? undefined : ACTOR_TYPES[actor.type]
  const parts = [actor.email, actor.role, type, name === type ? actor.id : undefined]
  const said = parts.filter((part) => part !== undefined && part !== '' && part !== name)
  return said.length > 0 ? said.join(' · ') : actor.id !== undefined && actor.id !== name ? actor.id : ''
}

export const ActorCell = memo(function ActorCell({ actor }: { readonly actor: Actor }) {
  const detail = actorDetail(actor)
  return (
    <span className="actor">
      <span className="actor-icon" title={ACTOR_TYPES[actor.type]}>
        <Icon name={actor.type} size={15} />
      </span>
      <span className="two-lines">
        <bdi>{actorName(actor)}</bdi>
        {detail === '' ? null : <bdi className="soft">{detail}</bdi>}
      </span>
    </span>
  )
})

/** Only web addresses become links: an event's URL is whatever its sender wrote, `javascript:` included. */
export function safeUrl(url: string | undefined): string | null {
  const parsed = url === undefined ? null : URL.parse(url)
  return parsed && (parsed.protocol === 'https:' || parsed.protocol === 'http:') ? parsed.href : null
}

export const TargetCell = memo(function TargetCell({ resource }: { readonly resource: Resource }) {
  const name = resource.name || resource.id || ''
  const url = safeUrl(resource.url)
  if (name === '') return <span className="soft">none</span>
  if (url === null) return <bdi>{name}</bdi>
  return (
    <a
      href={url}
      target="_blank"
      rel="noopener noreferrer"
      tabIndex={-1}
      onClick={(event) => event.stopPropagation()}
    >
      <bdi>{name}</bdi>
    </a>
  )
})
