import { useRef, useState, type PointerEvent } from 'react'
import type { HistogramAnswer } from '../api/types.ts'
import { formatDate, useUtc } from '../events/dates.ts'
import type { ChangeView } from '../navigation/use-view-state.ts'

interface HistogramProps {
  readonly change: ChangeView
  /** Null: not yet. */
  readonly answer: HistogramAnswer | null
}

interface Bar {
  readonly start: number
  readonly count: number
}

/** Events over time; a brush across it sets the date range. The range can be set by keyboard in the pill beside. */
export function Histogram({ change, answer }: HistogramProps) {
  if (answer && answer.buckets.length < 3) return null
  const bars = answer === null ? [] : barsOf(answer)
  const interval = answer?.interval_ms ?? 1
  return <Chart {...{ bars, interval }} onBrush={(from, to) => change({ range: '', from, to })} />
}

function barsOf({ interval_ms, buckets }: HistogramAnswer): Bar[] {
  const counts = new Map(buckets.map(({ key, count }) => [Date.parse(key), count]))
  const first = Date.parse(buckets[0]?.key ?? '')
  const last = Date.parse(buckets.at(-1)?.key ?? '')
  const length = Math.min(2_001, Math.round((last - first) / interval_ms) + 1)
  return Array.from({ length }, (_, at) => {
    const start = first + at * interval_ms
    return { start, count: counts.get(start) ?? 0 }
  })
}

interface ChartProps {
  readonly bars: readonly Bar[]
  readonly interval: number
  readonly onBrush: (from: string, to: string) => void
}

function Chart({ bars, interval, onBrush }: ChartProps) {
  const [utc] = useUtc()
  const place = useRef<HTMLDivElement>(null)
  const brush = useBrush(place, bars.length)
  const most = Math.max(1, ...bars.map(({ count }) => count))
  const [first, last] = [bars[0], bars.at(-1)]
  const date = (time: number): string => formatDate(new Date(time).toISOString(), utc)
  const shown = bars[brush.hovered]
  const finish = (): void => {
    const [start, end] = brush.end()
    const [from, to] = [bars[start], bars[end]]
    if (from && to)
      onBrush(new Date(from.start).toISOString(), new Date(to.start + interval - 1).toISOString())
  }
  return (
    <figure className="histogram">
      <div
        ref={place}
        className="bars"
        role="img"
        aria-label={
          first && last
            ? `Events from ${date(first.start)} to ${date(last.start + interval)}`
            : 'Events over time'
        }
        onPointerDown={brush.begin}
        onPointerMove={brush.move}
        onPointerUp={finish}
        onPointerLeave={brush.leave}
      >
        {bars.map(({ start, count }, at) => (
          <span
            key={start}
            className={brush.covers(at) ? 'bar bar-brushed' : 'bar'}
            style={{ height: count === 0 ? 0 : `${Math.max(4, (count / most) * 100)}%` }}
          />
        ))}
      </div>
      <figcaption className="soft">
        <span>{first ? date(first.start) : ' '}</span>
        <span>
          {shown ? `${date(shown.start)}: ${shown.count.toLocaleString()}` : 'drag to choose a range'}
        </span>
        <span>{last ? date(last.start + interval) : ''}</span>
      </figcaption>
    </figure>
  )
}

/** Indexes of the bars between pressing and letting go. */
function useBrush(place: React.RefObject<HTMLDivElement | null>, count: number) {
  const [from, setFrom] = useState<number | null>(null)
  const [hovered, setHovered] = useState(-1)
  const at = (event: PointerEvent): number => {
    const box = place.current?.getBoundingClientRect()
    if (!box) return 0
    return Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) / box.width) * count)))
  }
  return {
    hovered,
    covers: (bar: number) =>
      from !== null && bar >= Math.min(from, hovered) && bar <= Math.max(from, hovered),
    begin: (event: PointerEvent) => {
      event.currentTarget.setPointerCapture(event.pointerId)
      setFrom(at(event))
      setHovered(at(event))
    },
    move: (event: PointerEvent) => setHovered(at(event)),
    leave: () => {
      if (from === null) setHovered(-1)
    },
    end: (): readonly [number, number] => {
      setFrom(null)
      return from === null ? [-1, -1] : [Math.min(from, hovered), Math.max(from, hovered)]
    },
  }
}
