import { useCallback, useEffect, useState } from 'react'
import { toProblem, type Problem } from './client.ts'

export interface Requested<Answer> {
  /** The last answer; it stays while a newer one is on its way. */
  readonly answer: Answer | null
  readonly problem: Problem | null
  readonly isLoading: boolean
  readonly retry: () => void
}

/**
 * Asks when `key` changes (null: not now) and again at `retry`. A request that is no longer wanted is aborted.
 * `ask` is called for the key of its render, so the key has to name everything that it depends on.
 */
export function useRequest<Answer>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Requested<Answer> {
  const [state, setState] = useState<{ key: string | null; answer: Answer | null; problem: Problem | null }>({
    ...{ key: null, answer: null, problem: null },
  })
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    if (key === null) return
    const controller = new AbortController()
    ask(controller.signal).then(
      (answer) => {
        if (!controller.signal.aborted) setState({ key, answer, problem: null })
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setState({ key, answer: null, problem: toProblem(error) })
      },
    )
    return () => controller.abort()
    // `key` stands for `ask`
  }, [key, attempt])
  const retry = useCallback(() => {
    setState((former) => ({ ...former, problem: null, key: null }))
    setAttempt((former) => former + 1)
  }, [])
  return { answer: state.answer, problem: state.problem, isLoading: key !== null && state.key !== key, retry }
}
