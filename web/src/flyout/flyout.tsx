import { CloseButton, Drawer, Tabs } from '@mantine/core'
import { getJson, workspacePath, type Problem } from '../api/client.ts'
import type { ListedEvent } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { Failed, VerbBadge } from '../events/cells.tsx'
import { formatDate, useUtc, zoneName } from '../events/dates.ts'
import type { EventRow } from '../events/event-row.ts'
import { Icon } from '../icon.tsx'
import type { ChangeView } from '../navigation/use-view-state.ts'
import { FLYOUT_TABS, type FlyoutTab, type ViewState } from '../navigation/view-state.ts'
import { useSession } from '../session/session.ts'
import { ListSkeleton, ProblemState } from '../states/states.tsx'
import { ChangeTab } from './change-tab.tsx'
import { DetailsTab } from './details-tab.tsx'
import { HistoryTab } from './history-tab.tsx'
import { JsonTab } from './json-tab.tsx'
import { ProofTab } from './proof-tab.tsx'
import { sentenceOf } from './sentence.ts'

interface FlyoutProps {
  readonly state: ViewState
  readonly change: ChangeView
  /** What the table knows of the event, for one that can not be fetched any more. */
  readonly row: EventRow | null
}

/** One event: what changed, every detail, its JSON, its proof, and the history of what it is about. */
export default function Flyout({ state, change, row }: FlyoutProps) {
  const { workspace } = useSession()
  const { answer, problem, isLoading, retry } = useRequest(`${workspace.id} ${state.event}`, (signal) =>
    getJson<ListedEvent>(workspacePath(workspace.id, 'events', state.event), signal),
  )
  const event = isLoading ? null : answer
  return (
    <Drawer
      opened
      onClose={() => change({ event: '', tab: 'change' })}
      position="right"
      size={620}
      padding={0}
      withCloseButton={false}
      title="Event"
      overlayProps={{ backgroundOpacity: 0.25 }}
      transitionProps={{ duration: 0 }}
      classNames={{ header: 'hidden', body: 'flyout', content: 'flyout-content' }}
    >
      <CloseButton
        className="flyout-close"
        size="lg"
        aria-label="Close"
        onClick={() => change({ event: '', tab: 'change' })}
      />
      {event ? <EventView {...{ event, state, change }} /> : null}
      {!event && problem && !isLoading ? <Lost {...{ problem, row }} onRetry={retry} /> : null}
      {isLoading ? <ListSkeleton label="Loading the event" rows={6} /> : null}
    </Drawer>
  )
}

function Lost({ problem, row, onRetry }: { problem: Problem; row: EventRow | null; onRetry: () => void }) {
  return (
    <>
      {row?.tampered ? <Tampered /> : null}
      <ProblemState problem={problem} onRetry={onRetry} />
    </>
  )
}

function Tampered() {
  return (
    <div className="tampered" role="alert">
      <Icon name="failure" size={22} />
      <div>
        <strong>This event was tampered with</strong>
        What is stored is not what was sealed into the log. Do not rely on anything shown here; the Proof tab
        says what does not match.
      </div>
    </div>
  )
}

const TAB_NAMES: Readonly<Record<FlyoutTab, string>> = {
  change: 'Change',
  details: 'Details',
  json: 'JSON',
  proof: 'Proof',
  history: 'View history',
}

function EventView({ event, state, change }: { event: ListedEvent; state: ViewState; change: ChangeView }) {
  const [utc] = useUtc()
  return (
    <>
      <div className="flyout-header">
        <h2>
          <bdi>{sentenceOf(event)}</bdi>
        </h2>
        <p className="soft">
          <VerbBadge verb={event.verb} />
          {event.outcome === 'failure' ? <Failed /> : null}
          <time dateTime={event.timestamp}>{formatDate(event.timestamp, utc)}</time> {zoneName(utc)}
        </p>
      </div>
      {event.tampered ? <Tampered /> : null}
      <Tabs
        value={state.tab}
        onChange={(tab) => change({ tab: FLYOUT_TABS.find((each) => each === tab) ?? 'change' })}
        keepMounted={false}
        className="flyout-tabs"
      >
        <Tabs.List>
          {FLYOUT_TABS.filter((tab) => tab !== 'history' || event.resource.id !== undefined).map((tab) => (
            <Tabs.Tab key={tab} value={tab}>
              {TAB_NAMES[tab]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="change">
          <ChangeTab event={event} />
        </Tabs.Panel>
        <Tabs.Panel value="details">
          <DetailsTab event={event} change={change} />
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <JsonTab event={event} />
        </Tabs.Panel>
        <Tabs.Panel value="proof">
          <ProofTab event={event} />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <HistoryTab event={event} change={change} />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}
