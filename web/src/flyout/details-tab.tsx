import { Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ListedEvent } from '../api/types.ts'
import { actorName, safeUrl, TargetCell } from '../events/cells.tsx'
import { formatUtc } from '../events/dates.ts'
import type { ChangeView } from '../navigation/use-view-state.ts'
import { parseViewState } from '../navigation/view-state.ts'
import { quoteValue } from '../search/completion.ts'
import { diffFields } from './field-diff.ts'
import { Value } from './change-tab.tsx'

interface DetailsTabProps {
  readonly event: ListedEvent
  readonly change: ChangeView
}

/** Every field of the event, with ways to what has the same actor, resource or address. */
export function DetailsTab({ event, change }: DetailsTabProps) {
  const { actor, resource, source } = event
  const find = (part: Parameters<ChangeView>[0]): void => change({ ...parseViewState(''), ...part })
  const none = parseViewState('').filters
  const [actorId, resourceId] = [actor.id, resource.id]
  return (
    <dl className="details">
      <Detail name="Happened">{formatUtc(event.timestamp)}</Detail>
      <Detail name="Received">{formatUtc(event.received_at)}</Detail>
      <Detail
        name="User"
        same={actorId === undefined ? null : () => find({ filters: { ...none, actor: [actorId] } })}
        sameLabel="All by this user"
      >
        {[actorName(actor), actor.email, actor.id, actor.role, actor.type].filter(isNews).join(' · ')}
      </Detail>
      <Detail
        name="Action"
        same={() => find({ filters: { ...none, action: [event.action] } })}
        sameLabel="All of this action"
      >
        {event.action} ({event.category}, {event.outcome})
      </Detail>
      <Detail
        name="Resource"
        same={
          resourceId === undefined
            ? null
            : () => find({ resourceId: [resourceId], filters: { ...none, resource_type: [resource.type] } })
        }
        sameLabel="All on this resource"
      >
        {[resource.type, resource.id].filter(isNews).join(' · ')}
      </Detail>
      <Detail name="Target">
        <Target resource={resource} />
      </Detail>
      {event.related?.map((related) => (
        <Detail key={`${related.type} ${related.id ?? related.name ?? ''}`} name="Related">
          {related.type} <TargetCell resource={related} />
        </Detail>
      ))}
      <Detail
        name="Address"
        same={source?.ip === undefined ? null : () => find({ q: `source.ip:${quoteValue(source.ip ?? '')}` })}
        sameLabel="All from this address"
      >
        {source?.ip ?? ''}
      </Detail>
      <Rest event={event} />
    </dl>
  )
}

/** What leads nowhere else. */
function Rest({ event }: { readonly event: ListedEvent }) {
  return (
    <>
      <Detail name="Browser">{event.source?.user_agent ?? ''}</Detail>
      <Detail name="Justification">{event.justification ?? ''}</Detail>
      {diffFields(undefined, event.metadata).map(({ path, after }) => (
        <Detail key={path} name={path}>
          <Value text={after ?? ''} />
        </Detail>
      ))}
      {event.redacted ? (
        <Detail name="Taken out">{event.redacted} secret values, before sealing</Detail>
      ) : null}
      <Detail name="Event id">{event.id}</Detail>
      <Detail name="Place in the log">{event.seq}</Detail>
    </>
  )
}

function Target({ resource }: { readonly resource: ListedEvent['resource'] }) {
  const isNoLink = resource.url !== undefined && safeUrl(resource.url) === null
  return (
    <>
      <TargetCell resource={resource} />
      {isNoLink ? <span className="soft"> (its address is not a web address: {resource.url})</span> : null}
    </>
  )
}

function isNews(part: string | undefined, at: number, parts: readonly (string | undefined)[]): boolean {
  return part !== undefined && part !== '' && parts.indexOf(part) === at
}

interface DetailProps {
  readonly name: string
  readonly same?: (() => void) | null
  readonly sameLabel?: string
  readonly children: ReactNode
}

function Detail({ name, same, sameLabel, children }: DetailProps) {
  if (children === '') return null
  return (
    <div>
      <dt>
        <bdi>{name}</bdi>
      </dt>
      <dd>
        <bdi>{children}</bdi>
        {same ? (
          <Anchor component="button" type="button" size="xs" className="same" onClick={same}>
            {sameLabel}
          </Anchor>
        ) : null}
      </dd>
    </div>
  )
}
