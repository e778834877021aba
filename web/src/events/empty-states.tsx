import { Button } from '@mantine/core'
import { filtersInWords, type ViewState } from '../navigation/view-state.ts'
import type { ChangeView } from '../navigation/use-view-state.ts'
import { useSession } from '../session/session.ts'
import { Notice } from '../states/states.tsx'

const FIRST_EVENT = {
  actor: { type: 'user', id: 'u_7', name: 'Ada Lovelace' },
  action: 'evidence.uploaded',
  resource: { type: 'FILE', name: 'risk.pdf' },
}

/** What would appear here, and how to send the first event. */
export function EmptyLog({ isHome }: { readonly isHome: boolean }) {
  const { workspace } = useSession()
  const sentence = isHome
    ? 'Your own actions and sign-ins in this workspace appear here as they happen.'
    : 'Who did what, when and from where appears here as it happens: newest first, each event sealed into the log.'
  return (
    <Notice title={isHome ? 'Nothing yet from you' : 'No events from your product yet'}>
      <p>{sentence}</p>
      {isHome ? null : (
        <>
          <p>Send the first one, with a token that may append:</p>
          <pre tabIndex={0} aria-label="Command that sends an event">
            {`curl ${location.origin}/v1/workspaces/${workspace.id}/events \\
  -H 'Authorization: Bearer TOKEN' \\
  -H 'Content-Type: application/json' \\
  -d '${JSON.stringify(FIRST_EVENT)}'`}
          </pre>
        </>
      )}
    </Notice>
  )
}

interface NothingFoundProps {
  readonly state: ViewState
  readonly change: ChangeView
  readonly onLoosen: () => void
}

/** With the filters that could be loosened. */
export function NothingFound({ state, change, onLoosen }: NothingFoundProps) {
  const hasRange = state.range !== '' || state.from !== '' || state.to !== ''
  return (
    <Notice title="No event matches" icon="search">
      <p>Asked for: {filtersInWords(state).join('; ')}.</p>
      <p className="buttons">
        {state.q === '' ? null : (
          <Button variant="default" onClick={() => change({ q: '' })}>
            Clear the query
          </Button>
        )}
        {hasRange ? (
          <Button variant="default" onClick={() => change({ range: '', from: '', to: '' })}>
            All times
          </Button>
        ) : null}
        <Button variant="default" onClick={onLoosen}>
          Clear all filters
        </Button>
      </p>
    </Notice>
  )
}
