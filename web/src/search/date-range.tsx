import { Button, Popover, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { formatDate, useUtc, zoneName } from '../events/dates.ts'
import { Icon } from '../icon.tsx'
import type { ChangeView } from '../navigation/use-view-state.ts'
import { PRESETS, type ViewState } from '../navigation/view-state.ts'

interface DateRangeProps {
  readonly state: ViewState
  readonly change: ChangeView
}

/** Presets that end now, and absolute bounds in the zone that the table shows. */
export function DateRange({ state, change }: DateRangeProps) {
  const [isOpen, setOpen] = useState(false)
  const [utc] = useUtc()
  const choose = (part: Partial<ViewState>): void => {
    change({ range: '', from: '', to: '', ...part })
    setOpen(false)
  }
  const isSet = state.range !== '' || state.from !== '' || state.to !== ''
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" width={330} trapFocus>
      <Popover.Target>
        <UnstyledButton
          className={`pill${isSet ? ' pill-set' : ''}`}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="calendar" size={14} />
          {rangeInWords(state, utc)}
          <Icon name="down" size={12} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label="Date range">
        {isOpen ? (
          <>
            <div className="presets">
              {PRESETS.map(({ id, name }) => (
                <Button
                  key={id}
                  variant={state.range === id ? 'filled' : 'default'}
                  onClick={() => choose({ range: id })}
                >
                  {name}
                </Button>
              ))}
              <Button variant={isSet ? 'default' : 'filled'} onClick={() => choose({})}>
                All times
              </Button>
            </div>
            <AbsoluteRange {...{ state, utc }} onChoose={choose} />
          </>
        ) : null}
      </Popover.Dropdown>
    </Popover>
  )
}

interface AbsoluteRangeProps {
  readonly state: ViewState
  readonly utc: boolean
  readonly onChoose: (part: Partial<ViewState>) => void
}

function AbsoluteRange({ state, utc, onChoose }: AbsoluteRangeProps) {
  const [from, setFrom] = useState(toField(state.from, utc))
  const [to, setTo] = useState(toField(state.to, utc))
  return (
    <form
      className="absolute-range"
      onSubmit={(event) => {
        event.preventDefault()
        onChoose({ from: fromField(from, utc), to: fromField(to, utc) })
      }}
    >
      <label>
        From
        <input
          type="datetime-local"
          step={1}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
      </label>
      <label>
        To
        <input
          type="datetime-local"
          step={1}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </label>
      <div className="absolute-end">
        <span className="soft">{zoneName(utc)}</span>
        <Button type="submit">Show this range</Button>
      </div>
    </form>
  )
}

function rangeInWords({ range, from, to }: ViewState, utc: boolean): string {
  const preset = PRESETS.find(({ id }) => id === range)
  if (preset) return preset.name
  const [start, end] = [from, to].map((time) => formatDate(time, utc))
  if (from !== '' && to !== '') return `${start} to ${end}`
  if (from !== '') return `Since ${start}`
  return to === '' ? 'All times' : `Until ${end}`
}

/** Value of a datetime-local field: wall-clock time without a zone. */
function toField(timestamp: string, utc: boolean): string {
  const date = new Date(timestamp)
  if (Number.isNaN(date.getTime())) return ''
  const shifted = utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 19)
}

function fromField(text: string, utc: boolean): string {
  const date = new Date(utc && text !== '' ? `${text}Z` : text)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}
