import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import type { Problem } from '../api/client.ts'
import type { ListSource } from '../events/list-source.ts'
import { Icon } from '../icon.tsx'
import type { ChangeView } from '../navigation/use-view-state.ts'
import type { ViewState } from '../navigation/view-state.ts'
import { complete, keepRecent, keptQueries, toggleSaved } from './completion.ts'
import { useSuggestions, type Suggestion } from './use-suggestions.ts'

interface QueryBarProps {
  readonly state: ViewState
  readonly change: ChangeView
  readonly source: ListSource
  /** `bad_query`, with the position of what was not understood. */
  readonly problem: Problem | null
}

/** Free text and fields. Writing asks nothing of the log: Enter does. */
export function QueryBar({ state, change, source, problem }: QueryBarProps) {
  const input = useRef<HTMLInputElement>(null)
  const bar = useBar(state.q, input, source)
  const submit = (query: string): void => {
    keepRecent(query.trim())
    bar.close()
    change({ q: query.trim() })
  }
  const choose = (suggestion: Suggestion): void => {
    if (suggestion.kind === 'query') {
      bar.write(suggestion.text, suggestion.text.length)
      submit(suggestion.text)
      return
    }
    const completed = complete(bar.query, bar.caret, bar.completing, suggestion.text)
    bar.write(completed.query, completed.caret)
  }
  const clear = (): void => {
    bar.write('', 0)
    submit('')
  }
  const pressed = keysOf(bar, submit, choose)
  const isFaulty = problem !== null && bar.query === state.q
  return (
    <div className="query" role="search">
      <div className={`query-field${isFaulty ? ' query-faulty' : ''}`}>
        <Icon name="search" />
        <input
          ref={input}
          id="query"
          type="text"
          role="combobox"
          aria-label="Query"
          aria-expanded={bar.suggestions.length > 0}
          aria-controls="query-suggestions"
          aria-autocomplete="list"
          aria-activedescendant={bar.at >= 0 ? `suggestion-${bar.at}` : undefined}
          aria-invalid={isFaulty}
          aria-describedby={isFaulty ? 'query-problem' : undefined}
          placeholder='Search: words, "a phrase", action:uploaded, resource.id:o_1'
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={bar.query}
          onChange={({ currentTarget }) => bar.write(currentTarget.value, currentTarget.selectionStart ?? 0)}
          onSelect={({ currentTarget }) => bar.setCaret(currentTarget.selectionStart ?? 0)}
          onFocus={bar.open}
          onBlur={bar.close}
          onKeyDown={pressed}
        />
        <QueryButtons query={bar.query} onClear={clear} />
      </div>
      <Suggestions suggestions={bar.suggestions} at={bar.at} onChoose={choose} />
      {isFaulty ? <QueryProblem query={bar.query} problem={problem} /> : null}
    </div>
  )
}

/** What is in the bar, and what could be: the text follows the address bar when that changes. */
function useBar(q: string, input: React.RefObject<HTMLInputElement | null>, source: ListSource) {
  const [query, setQuery] = useState(q)
  const [caret, setCaret] = useState(q.length)
  const [isOpen, setOpen] = useState(false)
  const [at, setAt] = useState(-1)
  useEffect(() => setQuery(q), [q])
  const found = useSuggestions(query, caret, isOpen, source)
  const write = (text: string, position: number): void => {
    setQuery(text)
    setCaret(position)
    setAt(-1)
    setOpen(true)
    requestAnimationFrame(() => {
      if (input.current === document.activeElement) input.current?.setSelectionRange(position, position)
    })
  }
  const close = (): void => {
    setOpen(false)
    setAt(-1)
  }
  const step = (by: 1 | -1): void => {
    const count = found.suggestions.length
    setAt((former) => (former < 0 && by < 0 ? count - 1 : (former + by + count) % count))
  }
  return { query, caret, setCaret, at, step, write, close, open: () => setOpen(true), ...found }
}

/** Arrows walk the suggestions, Enter and Tab take one, Enter alone searches. */
function keysOf(
  bar: ReturnType<typeof useBar>,
  submit: (query: string) => void,
  choose: (suggestion: Suggestion) => void,
) {
  return (event: KeyboardEvent): void => {
    const chosen = bar.suggestions[bar.at]
    if (event.key === 'ArrowDown' && bar.suggestions.length > 0) bar.step(1)
    else if (event.key === 'ArrowUp' && bar.suggestions.length > 0) bar.step(-1)
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen) choose(chosen)
    else if (event.key === 'Enter') submit(bar.query)
    else if (event.key === 'Escape' && bar.suggestions.length > 0) bar.close()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
}

function QueryButtons({ query, onClear }: { readonly query: string; readonly onClear: () => void }) {
  const [saved, setSaved] = useState(() => keptQueries().saved)
  if (query === '') return <kbd className="key-hint">/</kbd>
  const isSaved = saved.includes(query)
  return (
    <>
      <button
        type="button"
        className={`query-button${isSaved ? ' is-saved' : ''}`}
        aria-pressed={isSaved}
        aria-label="Save this query"
        title={isSaved ? 'Saved in this browser' : 'Save this query in this browser'}
        onClick={() => setSaved(toggleSaved(query).saved)}
      >
        <Icon name="star" size={15} />
      </button>
      <button type="button" className="query-button" aria-label="Clear the query" onClick={onClear}>
        <Icon name="close" size={15} />
      </button>
    </>
  )
}

interface SuggestionsProps {
  readonly suggestions: readonly Suggestion[]
  readonly at: number
  readonly onChoose: (suggestion: Suggestion) => void
}

function Suggestions({ suggestions, at, onChoose }: SuggestionsProps) {
  return (
    <ul
      className="suggestions"
      id="query-suggestions"
      role="listbox"
      aria-label="Suggestions"
      hidden={suggestions.length === 0}
    >
      {suggestions.map((suggestion, index) => (
        <li
          key={suggestion.text}
          id={`suggestion-${index}`}
          role="option"
          aria-selected={index === at}
          onPointerDown={(event) => {
            event.preventDefault()
            onChoose(suggestion)
          }}
        >
          <code>{suggestion.text}</code>
          <span className="soft">{suggestion.hint}</span>
        </li>
      ))}
    </ul>
  )
}

/** The query again, with a mark where something else was expected. */
function QueryProblem({ query, problem }: { readonly query: string; readonly problem: Problem }) {
  const position = Math.min(problem.position ?? query.length, query.length)
  // A long query is shown from a little before its fault.
  const start = position > 60 ? position - 50 : 0
  const rest = query.slice(position)
  const [marked = ' '] = rest
  return (
    <div className="query-problem" id="query-problem" role="alert">
      <code aria-hidden="true">
        {start > 0 ? '…' : ''}
        {query.slice(start, position)}
        <mark data-position={position}>{marked}</mark>
        {rest.slice(marked.length, 60)}
      </code>
      <span>
        {problem.message} {problem.position === null ? '' : `(at character ${position + 1})`}
      </span>
    </div>
  )
}
