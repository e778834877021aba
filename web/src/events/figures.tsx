import { address, getJson } from '../api/client.ts'
import type { HistogramAnswer } from '../api/types.ts'
import { useRequest } from '../api/use-request.ts'
import type { ChangeView } from '../navigation/use-view-state.ts'
import type { ListFilter, ViewState } from '../navigation/view-state.ts'
import type { ListSource } from './list-source.ts'

interface Figure {
  readonly name: string
  readonly filters: Partial<Record<ListFilter, readonly string[]>>
}

const FIGURES: readonly Figure[] = [
  { name: 'Events', filters: {} },
  { name: 'Failed sign-ins', filters: { verb: ['LOGIN'], outcome: ['failure'] } },
  { name: 'Changes', filters: { verb: ['CREATE', 'UPDATE', 'DELETE', 'REVOKE'] } },
  { name: 'Exports', filters: { verb: ['EXPORT'] } },
]

interface FiguresProps {
  readonly state: ViewState
  readonly change: ChangeView
  /** Null: not yet. */
  readonly requestKey: string | null
  readonly source: ListSource
}

/** Four plain figures over the filters of the view; a click on one shows its events. */
export function Figures({ state, change, requestKey, source }: FiguresProps) {
  return (
    <div className="figures">
      {FIGURES.map((figure) => (
        <FigureButton
          key={figure.name}
          {...{ figure, requestKey, source }}
          onClick={() => change({ filters: { ...state.filters, ...figure.filters } })}
        />
      ))}
    </div>
  )
}

interface FigureProps {
  readonly figure: Figure
  /** Null: not yet. */
  readonly requestKey: string | null
  readonly source: ListSource
  readonly onClick: () => void
}

function FigureButton({ figure, requestKey, source, onClick }: FigureProps) {
  const { answer } = useRequest(requestKey === null ? null : `${figure.name} ${requestKey}`, (signal) =>
    getJson<HistogramAnswer>(
      address(source.path('histogram'), { ...source.parameters, ...figure.filters }),
      signal,
    ),
  )
  const counts = answer === null ? [] : steadyCounts(answer)
  const sum = counts.reduce((total, count) => total + count, 0)
  return (
    <button type="button" className="figure" onClick={onClick}>
      <span className="soft">{figure.name}</span>
      <strong>{answer === null ? '…' : sum.toLocaleString()}</strong>
      <Sparkline counts={counts} />
    </button>
  )
}

/** With the empty intervals between, which the interface leaves out. */
function steadyCounts({ interval_ms, buckets }: HistogramAnswer): number[] {
  const first = Date.parse(buckets[0]?.key ?? '')
  const counts: (number | undefined)[] = []
  for (const { key, count } of buckets) counts[Math.round((Date.parse(key) - first) / interval_ms)] = count
  return Array.from(counts, (count) => count ?? 0)
}

function Sparkline({ counts }: { readonly counts: readonly number[] }) {
  const most = Math.max(1, ...counts)
  const step = 100 / Math.max(1, counts.length - 1)
  const points = counts.map(
    (count, at) => `${(at * step).toFixed(1)},${(22 - (count / most) * 20).toFixed(1)}`,
  )
  return (
    <svg className="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      {counts.length > 1 ? <polyline points={points.join(' ')} /> : null}
    </svg>
  )
}
