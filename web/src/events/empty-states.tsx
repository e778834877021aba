import { Button } from '@mantine/core'
import { FILTER_NAMES, filtersInWords, LIST_FILTERS, type ViewState } from '../navigation/view-state.ts'
import type { ChangeView } from '../navigation/use-view-state.ts'
import { useSession } from '../session/session.ts'
import { Notice } from '../states/states.tsx'
import { LoadSample } from './load-sample.tsx'

const FIRST_EVENT = {
  actor: { type: 'user', id: 'u_7', name: 'Ada Lovelace' },
  action: 'evidence.uploaded',
  resource: { type: 'FILE', name: 'risk.pdf' },
}

/** What would appear here, and how to send the first event. */
export function EmptyLog({ isHome, onLoaded }: { readonly isHome: boolean; readonly onLoaded: () => void }) {
  const { workspace } = useSession()
  const sentence = isHome
    ? 'Your own actions and sign-ins in this workspace appear here as they happen.'
    : 'Who did what, when and from where appears here as it happens: newest first, each event sealed into the log.'
  return (
    <Notice title={isHome ? 'Nothing yet from you' : 'No events from your product yet'}>
      <p>{sentence}</p>
      {isHome ? null : (
        <div className="first-steps">
          <section>
            <h3>Send the first one</h3>
            <p>With a token that may append:</p>
            <pre tabIndex={0} aria-label="Command that sends an event">
              {`curl ${location.origin}/v1/workspaces/${workspace.id}/events \\
  -H 'Authorization: Bearer TOKEN' \\
  -H 'Content-Type: application/json' \\
  -d '${JSON.stringify(FIRST_EVENT)}'`}
            </pre>
          </section>
          <LoadSample onLoaded={onLoaded} />
        </div>
      )}
    </Notice>
  )
}

interface NothingFoundProps {
  readonly state: ViewState
  readonly change: ChangeView
  readonly onLoosen: () => void
}

/** With the filters that could be loosened, one by one. */
export function NothingFound({ state, change, onLoosen }: NothingFoundProps) {
  const loosening = waysToLoosen(state)
  return (
    <Notice title="No event matches" icon="search">
      <p>Asked for: events {filtersInWords(state).join('; ')}.</p>
      <p className="buttons">
        {loosening.map(({ name, without }) => (
          <Button key={name} variant="default" onClick={() => change(without)}>
            {name}
          </Button>
        ))}
        {loosening.length > 1 ? (
          <Button variant="default" onClick={onLoosen}>
            Clear all filters
          </Button>
        ) : null}
      </p>
    </Notice>
  )
}

interface Loosening {
  readonly name: string
  readonly without: Partial<ViewState>
}

function waysToLoosen(state: ViewState): readonly Loosening[] {
  const { q, filters, resourceId, range, from, to } = state
  return [
    ...(q === '' ? [] : [{ name: 'Clear the query', without: { q: '' } }]),
    ...LIST_FILTERS.filter((filter) => filters[filter].length > 0).map((filter) => ({
      name: `Any ${FILTER_NAMES[filter].toLowerCase()}`,
      without: { filters: { ...filters, [filter]: [] } },
    })),
    ...(resourceId.length === 0 ? [] : [{ name: 'Any resource id', without: { resourceId: [] } }]),
    ...(range === '' && from === '' && to === ''
      ? []
      : [{ name: 'All times', without: { range: '', from: '', to: '' } }]),
  ]
}
