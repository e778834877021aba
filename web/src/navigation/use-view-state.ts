import { useCallback, useMemo } from 'react'
import { navigate, useHref } from './location.ts'
import { formatViewState, parseViewState, type ViewState } from './view-state.ts'

export type ChangeView = (change: Partial<ViewState>) => void

/** The view of the address bar, and how to change it: each change is a step that "back" undoes. */
export function useViewState(): readonly [ViewState, ChangeView] {
  const [path = '', search = ''] = useHref().split('?', 2)
  const state = useMemo(() => parseViewState(search), [search])
  const change = useCallback(
    (part: Partial<ViewState>) =>
      navigate(path + formatViewState({ ...parseViewState(location.search), ...part })),
    [path],
  )
  return [state, change]
}
