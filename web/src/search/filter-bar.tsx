import { Button, Checkbox, Popover, TextInput, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { address, getJson } from '../api/client.ts'
import type { Bucket } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import { Icon } from '../icon.tsx'
import type { ChangeView } from '../navigation/use-view-state.ts'
import {
  FILTER_NAMES,
  hasFilters,
  withoutFilters,
  type ListFilter,
  type ViewState,
} from '../navigation/view-state.ts'
import type { ListSource } from '../events/list-source.ts'
import { DateRange } from './date-range.tsx'

interface FilterBarProps {
  readonly state: ViewState
  readonly change: ChangeView
  readonly isHome: boolean
  /** Of the actors in sight, by id. */
  readonly names: ReadonlyMap<string, string>
  readonly source: ListSource
  readonly requestKey: string
}

const SHOWN: readonly ListFilter[] = ['actor', 'category', 'action', 'verb', 'resource_type', 'outcome']

/** Filters as pills: each opens the values that there are under the other filters, with their counts. */
export function FilterBar({ state, change, isHome, names, source, requestKey }: FilterBarProps) {
  return (
    <div className="filters" role="group" aria-label="Filters">
      <DateRange state={state} change={change} />
      {SHOWN.filter((name) => !(isHome && name === 'actor')).map((name) => (
        <FilterPill
          key={name}
          {...{ name, source, requestKey }}
          names={name === 'actor' ? names : name === 'category' ? CATEGORY_NAMES : NO_NAMES}
          chosen={state.filters[name]}
          onChange={(values) => change({ filters: { ...state.filters, [name]: values } })}
        />
      ))}
      {state.resourceId.map((id) => (
        <Button
          key={id}
          size="compact-sm"
          variant="light"
          rightSection={<Icon name="close" size={12} />}
          aria-label={`Remove the filter resource ${id}`}
          onClick={() => change({ resourceId: state.resourceId.filter((each) => each !== id) })}
        >
          {id}
        </Button>
      ))}
      {hasFilters(state) ? (
        <Button size="compact-sm" variant="subtle" onClick={() => change(withoutFilters(state))}>
          Clear all
        </Button>
      ) : null}
    </div>
  )
}

const NO_NAMES: ReadonlyMap<string, string> = new Map()
/** What people call the action types. */
const CATEGORY_NAMES: ReadonlyMap<string, string> = new Map([
  ['account', 'Accounts and sign-ins'],
  ['assessment', 'Assessments'],
  ['evidence', 'Evidence'],
  ['obligation', 'Obligations'],
  ['passport', 'Passports'],
  ['billing', 'Billing'],
  ['api', 'API calls'],
  ['certification', 'Certifications'],
  ['file', 'Files'],
  ['workspace', 'Workspace'],
  ['audit', 'Audit log'],
  ['other', 'Other'],
])

interface FilterPillProps {
  readonly name: ListFilter
  readonly names: ReadonlyMap<string, string>
  readonly chosen: readonly string[]
  readonly source: ListSource
  readonly requestKey: string
  readonly onChange: (values: readonly string[]) => void
}

function FilterPill({ name, names, chosen, source, requestKey, onChange }: FilterPillProps) {
  const [isOpen, setOpen] = useState(false)
  const label = FILTER_NAMES[name]
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" width={280} trapFocus>
      <Popover.Target>
        <UnstyledButton
          className={`pill${chosen.length > 0 ? ' pill-set' : ''}`}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {label}
          {chosen.length > 0 ? (
            <strong>{summary(chosen.map((value) => names.get(value) ?? value))}</strong>
          ) : null}
          <Icon name="down" size={12} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={`Filter by ${label.toLowerCase()}`} className="filter-values">
        {isOpen ? <FilterValues {...{ name, names, chosen, source, requestKey, onChange }} /> : null}
      </Popover.Dropdown>
    </Popover>
  )
}

function summary(chosen: readonly string[]): string {
  return chosen.length > 2 ? `${chosen.length} chosen` : chosen.join(', ')
}

function FilterValues({ name, names, chosen, source, requestKey, onChange }: FilterPillProps) {
  const [part, setPart] = useState('')
  const { answer, problem } = useRequest(`${name} ${requestKey}`, (signal) => {
    // The values beside those chosen stay in sight: its own choice does not narrow a filter.
    const parameters = { ...source.parameters, [name]: [], field: name }
    return getJson<{ buckets: readonly Bucket[] }>(address(source.path('facets'), parameters), signal)
  })
  const buckets = answer?.buckets ?? []
  const missing = chosen.filter((value) => !buckets.some(({ key }) => key === value))
  const values = [...missing.map((key) => ({ key, count: 0 })), ...buckets].filter(({ key }) =>
    `${key} ${names.get(key) ?? ''}`.toLowerCase().includes(part.toLowerCase()),
  )
  return (
    <>
      {buckets.length > 8 ? (
        <TextInput
          aria-label="Find a value"
          placeholder="Find a value"
          value={part}
          onChange={(event) => setPart(event.currentTarget.value)}
        />
      ) : null}
      <div className="filter-list" role="group" aria-label="Values">
        {values.map(({ key, count }) => (
          <Checkbox
            key={key}
            size="xs"
            checked={chosen.includes(key)}
            label={
              <>
                <bdi title={key}>{names.get(key) ?? key}</bdi>
                <span className="soft">{count.toLocaleString()}</span>
              </>
            }
            onChange={({ currentTarget }) =>
              onChange(currentTarget.checked ? [...chosen, key] : chosen.filter((each) => each !== key))
            }
          />
        ))}
        {answer === null && !problem ? <p className="soft">Counting …</p> : null}
        {problem ? <p className="soft">{problem.message}</p> : null}
        {answer && values.length === 0 ? <p className="soft">No values.</p> : null}
      </div>
    </>
  )
}
