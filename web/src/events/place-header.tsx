import { ActionIcon, Title, Tooltip } from '@mantine/core'
import type { Total } from '../api/types.ts'
import { ExportButton } from '../exports/export-button.tsx'
import { Icon } from '../icon.tsx'
import { useUtc, zoneName } from './dates.ts'
import type { Place } from '../navigation/places.ts'
import type { ViewState } from '../navigation/view-state.ts'
import type { Density } from './event-table.tsx'
import type { LiveState } from './live-feed.ts'

interface PlaceHeaderProps {
  readonly place: Place
  readonly title: string
  readonly state: ViewState
  readonly total: Total | null
  readonly live: LiveState
  /** Nothing is shown: then there is nothing to follow or to export. */
  readonly isRefused: boolean
  readonly isLive: boolean
  readonly setLive: (isLive: boolean) => void
  readonly density: Density
  readonly setDensity: (density: Density) => void
}

const LIVE_WORDS: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  refused: 'Not live',
  off: 'Paused',
}

export function PlaceHeader(props: PlaceHeaderProps) {
  const { total } = props
  return (
    <header className="place-header">
      <div className="place-title">
        <Title order={1}>{props.title}</Title>
        <p className="soft" role="status">
          {total === null ? '\u00a0' : totalInWords(total)}
        </p>
      </div>
      {props.isRefused ? null : <Controls {...props} />}
    </header>
  )
}

function Controls(props: PlaceHeaderProps) {
  const { live, density } = props
  const isCompact = density === 'compact'
  return (
    <>
      <button
        type="button"
        className={`live live-${live}`}
        aria-pressed={props.isLive}
        title={props.isLive ? 'Pause the live feed' : 'Follow the log live'}
        onClick={() => props.setLive(!props.isLive)}
      >
        <span className="live-dot" />
        {LIVE_WORDS[live]}
      </button>
      <NarrowZone />
      <Tooltip label={isCompact ? 'Two lines a row' : 'One line a row'}>
        <ActionIcon
          className="density"
          variant="default"
          size={30}
          aria-label={isCompact ? 'Two lines a row' : 'One line a row'}
          onClick={() => props.setDensity(isCompact ? 'comfortable' : 'compact')}
        >
          <Icon name={isCompact ? 'rows' : 'compact'} />
        </ActionIcon>
      </Tooltip>
      <ExportButton state={props.state} isHome={props.place === 'home'} />
    </>
  )
}

/** On a narrow screen the table has no header that the switch could be in. */
function NarrowZone() {
  const [utc, setUtc] = useUtc()
  return (
    <button
      type="button"
      className="live zone-narrow"
      aria-label={`Times are in ${zoneName(utc)}. ${utc ? 'Show them in your own zone' : 'Show them in UTC'}`}
      onClick={() => setUtc(!utc)}
    >
      {zoneName(utc)}
    </button>
  )
}

function totalInWords({ value, relation }: Total): string {
  const count = value.toLocaleString()
  if (relation === 'gte') return `${count} events or more`
  return value === 1 ? '1 event' : `${count} events`
}
