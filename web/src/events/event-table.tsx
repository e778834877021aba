import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { ActorCell, Failed, TargetCell, VerbBadge } from './cells.tsx'
import { formatDate, formatUtc, useUtc, zoneName } from './dates.ts'
import type { EventRow } from './event-row.ts'
import type { RowList } from './row-list.ts'

export type Density = 'comfortable' | 'compact'

interface EventTableProps {
  readonly label: string
  readonly rows: RowList
  readonly hasMore: boolean
  readonly density: Density
  /** Of the event that is open in the flyout. */
  readonly openId: string
  readonly onOpen: (row: EventRow) => void
  /** The rows that are in the document now; the list fetches what is missing of them and around them. */
  readonly onShown: (first: number, last: number) => void
  readonly onAtTop: (isAtTop: boolean) => void
  /** To a list of its own of what is not newer than the last row that this one can show. */
  readonly onGoOn: (to: string) => void
}

/** Height in CSS pixels of what stands below the last row that can be shown. */
const LEADING_ON = 60
const NARROW = '(max-width: 799px)'
/**
 * Chromium cuts off an element at 2^25 device pixels, which the zoom of the page counts into; behind that no row could be
 * scrolled to. A margin for the header and the row that leads on is taken off.
 */
const MOST_PIXELS = 2 ** 25 - 2 ** 16
const HEIGHTS = { comfortable: 44, compact: 22, narrow: 84 } as const

/** Newest first, endless, only the visible rows in the document. Arrows move, Enter opens. */
export function EventTable(props: EventTableProps) {
  const { rows, hasMore, density, onShown, onAtTop } = props
  const place = useRef<HTMLDivElement>(null)
  const isNarrow = useMedia(NARROW)
  const height = isNarrow ? HEIGHTS.narrow : HEIGHTS[density]
  const count = Math.min(rows.length, Math.floor(MOST_PIXELS / devicePixelRatio / height))
  const isCut = count < rows.length
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => place.current,
    estimateSize: () => height,
    overscan: 12,
    paddingStart: isNarrow ? 0 : 30,
    paddingEnd: isCut ? LEADING_ON : 0,
    scrollPaddingEnd: isCut ? LEADING_ON : 0,
  })
  useEffect(() => virtual.measure(), [virtual, height])
  const items = virtual.getVirtualItems()
  const firstShown = items[0]?.index ?? 0
  const lastShown = items.at(-1)?.index ?? 0
  useEffect(() => onShown(firstShown, lastShown), [firstShown, lastShown, rows, onShown])
  const { active, move } = useActiveRow(props, count, (at) => virtual.scrollToIndex(at))
  return (
    <div
      ref={place}
      className={`table table-${isNarrow ? 'narrow' : density}`}
      role="grid"
      aria-label={props.label}
      aria-rowcount={hasMore || isCut ? -1 : count + 1}
      aria-colcount={5}
      aria-activedescendant={items.some(({ index }) => index === active) ? `row-${active}` : undefined}
      tabIndex={0}
      onKeyDown={move}
      onScroll={(event) => onAtTop(event.currentTarget.scrollTop < height)}
    >
      <div className="table-body" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        <HeaderRow />
        {items.map(({ index, start }) => {
          const row = rows.at(index)
          return row === undefined ? (
            <ComingRow key={`row ${index}`} {...{ index, start, height }} />
          ) : (
            <Row
              key={row.seq}
              {...{ row, index, start, height }}
              isActive={index === active}
              isOpen={row.id === props.openId}
              onOpen={props.onOpen}
            />
          )
        })}
        {isCut && lastShown === count - 1 ? (
          <LeadingOn last={rows.at(lastShown)} onGoOn={props.onGoOn} {...{ count }} />
        ) : null}
      </div>
    </div>
  )
}

interface LeadingOnProps {
  readonly last: EventRow | undefined
  readonly count: number
  readonly onGoOn: (to: string) => void
}

/** Below the last row that one list can show. */
function LeadingOn({ last, count, onGoOn }: LeadingOnProps) {
  const [utc] = useUtc()
  return (
    <div className="table-row leading-on" role="row" aria-rowindex={count + 2} style={{ height: LEADING_ON }}>
      <span role="gridcell">
        One list shows {count.toLocaleString()} events at most.{' '}
        {last ? (
          <button type="button" onClick={() => onGoOn(last.timestamp)}>
            Go on with those up to {formatDate(last.timestamp, utc)}
          </button>
        ) : null}
      </span>
    </div>
  )
}

/** The row that the keys act on; it stays on its event when others slide in above. */
function useActiveRow({ rows, onOpen }: EventTableProps, count: number, show: (at: number) => void) {
  const [chosen, setChosen] = useState<{ readonly at: number; readonly seq: number | null } | null>(null)
  const found = chosen?.seq === null || !chosen ? -1 : rows.indexOf(chosen.seq)
  const active = found >= 0 ? found : (chosen?.at ?? -1)
  const go = (to: number): void => {
    const at = Math.max(0, Math.min(count - 1, to))
    setChosen({ at, seq: rows.at(at)?.seq ?? null })
    show(at)
  }
  const move = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return
    const row = rows.at(active)
    if (event.key === 'Enter' && row) onOpen(row)
    else if (event.key === 'ArrowDown') go(active + 1)
    else if (event.key === 'ArrowUp') go(active - 1)
    else if (event.key === 'PageDown') go(active + 15)
    else if (event.key === 'PageUp') go(active - 15)
    else if (event.key === 'Home') go(0)
    else if (event.key === 'End') go(count - 1)
    else return
    event.preventDefault()
  }
  return { active, move }
}

function HeaderRow() {
  const [utc, setUtc] = useUtc()
  const zone = zoneName(utc)
  return (
    <div className="table-row table-header" role="row" aria-rowindex={1}>
      <span role="columnheader">
        Date{' '}
        <button
          type="button"
          className="zone"
          title={utc ? 'Show times in your own zone' : 'Show times in UTC'}
          aria-label={`Times are in ${zone}. ${utc ? 'Show them in your own zone' : 'Show them in UTC'}`}
          onClick={() => setUtc(!utc)}
        >
          {zone}
        </button>
      </span>
      <span role="columnheader">User</span>
      <span role="columnheader">Action</span>
      <span role="columnheader">Resource</span>
      <span role="columnheader">Target</span>
    </div>
  )
}

interface RowProps {
  readonly row: EventRow
  readonly index: number
  readonly start: number
  readonly height: number
  readonly isActive: boolean
  readonly isOpen: boolean
  readonly onOpen: (row: EventRow) => void
}

const Row = memo(function Row({ row, index, start, height, isActive, isOpen, onOpen }: RowProps) {
  const [utc] = useUtc()
  const classes = [
    'table-row',
    ...(isActive ? ['is-active'] : []),
    ...(isOpen ? ['is-open'] : []),
    ...(row.tampered ? ['is-tampered'] : []),
    ...(row.isNew ? ['is-new'] : []),
  ]
  return (
    <div
      id={`row-${index}`}
      className={classes.join(' ')}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isOpen}
      style={{ height, transform: `translateY(${start}px)` }}
      onClick={() => onOpen(row)}
    >
      <span role="gridcell" className="cell-date" title={formatUtc(row.timestamp)}>
        <time dateTime={row.timestamp}>{formatDate(row.timestamp, utc)}</time>
      </span>
      <span role="gridcell" className="cell-user">
        <ActorCell actor={row.actor} />
      </span>
      <span role="gridcell" className="cell-action">
        <VerbBadge verb={row.verb} />
        <bdi title={row.action}>{row.action}</bdi>
        {row.outcome === 'failure' ? <Failed /> : null}
        {row.tampered ? <strong className="tampered-word">TAMPERED</strong> : null}
      </span>
      <span role="gridcell" className="cell-resource">
        <bdi title={row.resource.type}>{row.resource.type}</bdi>
      </span>
      <span role="gridcell" className="cell-target" title={row.resource.name ?? row.resource.id}>
        <TargetCell resource={row.resource} />
      </span>
    </div>
  )
})

interface ComingRowProps {
  readonly index: number
  readonly start: number
  readonly height: number
}

/** Stands for a row that is on its way. */
function ComingRow({ index, start, height }: ComingRowProps) {
  return (
    <div
      className="table-row is-coming"
      role="row"
      aria-rowindex={index + 2}
      aria-busy="true"
      style={{ height, transform: `translateY(${start}px)` }}
    >
      <span role="gridcell">Loading</span>
    </div>
  )
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const changed = (): void => setMatches(list.matches)
    list.addEventListener('change', changed)
    return () => list.removeEventListener('change', changed)
  }, [query])
  return matches
}
