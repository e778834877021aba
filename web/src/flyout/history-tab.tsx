import { Button } from '@mantine/core'
import { useState } from 'react'
import { address, getJson, workspacePath } from '../api/client.ts'
import type { EventPage, ListedEvent } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { actorName, Failed, VerbBadge } from '../events/cells.tsx'
import { formatDate, formatUtc, useUtc } from '../events/dates.ts'
import type { ChangeView } from '../navigation/use-view-state.ts'
import { maySeeTeam } from '../navigation/places.ts'
import { useSession } from '../session/session.ts'
import { ListSkeleton, ProblemState } from '../states/states.tsx'
import { FieldDiff } from './change-tab.tsx'
import { diffFields } from './field-diff.ts'

const PAGE_SIZE = 50

interface HistoryTabProps {
  readonly event: ListedEvent
  readonly change: ChangeView
}

/** All that ever happened to the resource, as far as one may see it, oldest first: who, when, why, and what changed. */
export function HistoryTab({ event, change }: HistoryTabProps) {
  const { me, workspace } = useSession()
  // The team's is for owners there; a member's own part of it is not.
  const isOwn = !maySeeTeam(me, workspace)
  const { type, id = '' } = event.resource
  const [limit, setLimit] = useState(PAGE_SIZE)
  const { answer, problem, retry } = useRequest(`${workspace.id} ${type} ${id} ${limit}`, (signal) => {
    if (!isOwn) {
      const path = workspacePath(workspace.id, 'resources', type, id, 'history')
      return getJson<EventPage>(address(path, { limit }), signal)
    }
    const own = { workspace: workspace.id, resource_type: type, resource_id: id, order: 'asc', limit }
    return getJson<EventPage>(address('/v1/me/events', own), signal)
  })
  if (problem) return <ProblemState problem={problem} onRetry={retry} />
  if (!answer) return <ListSkeleton label="Loading the history" rows={6} />
  return (
    <>
      <p className="soft">
        {answer.total.value.toLocaleString()} {isOwn ? 'of your own ' : ''}
        {answer.total.value === 1 && !isOwn ? 'event' : 'events'}, oldest first.
        {isOwn ? ' What others did is for owners of this workspace.' : ''}
      </p>
      <ol className="timeline">
        {answer.events.map((each) => (
          <li key={each.seq} aria-current={each.id === event.id ? 'true' : undefined}>
            <Moment event={each} onOpen={() => change({ event: each.id, tab: 'change' })} />
          </li>
        ))}
      </ol>
      {answer.next_cursor !== null && limit < 1_000 ? (
        <Button variant="default" onClick={() => setLimit(Math.min(1_000, limit * 4))}>
          Show later ones
        </Button>
      ) : null}
    </>
  )
}

function Moment({ event, onOpen }: { readonly event: ListedEvent; readonly onOpen: () => void }) {
  const [utc] = useUtc()
  const changes = diffFields(event.before, event.after)
  return (
    <article>
      <header>
        <button type="button" className="moment" title={formatUtc(event.timestamp)} onClick={onOpen}>
          {formatDate(event.timestamp, utc)}
        </button>
        <bdi>{actorName(event.actor)}</bdi>
        <VerbBadge verb={event.verb} />
        <bdi className="soft">{event.action}</bdi>
        {event.outcome === 'failure' ? <Failed /> : null}
        {event.tampered ? <strong className="tampered-word">TAMPERED</strong> : null}
      </header>
      {event.justification ? (
        <blockquote className="justification">
          <bdi>{event.justification}</bdi>
        </blockquote>
      ) : null}
      {changes.length > 0 ? <FieldDiff changes={changes} /> : null}
    </article>
  )
}
