const BAR_WIDTH = 28
const REDRAW_MS = 100
const LINE_MS = 5_000

/** What a bar needs of standard error. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export interface ProgressTarget {
  readonly stream: ProgressStream
  /** Milliseconds; a test passes its own. */
  readonly now?: () => number
}

/**
 * Shows how far long work is: a bar that redraws itself on a terminal, a plain line every few seconds elsewhere (logs, CI).
 * Always on standard error: standard output belongs to reports.
 */
export class Progress implements Disposable {
  readonly #label: string
  readonly #unit: string | null
  readonly #target: ProgressTarget
  readonly #now: () => number
  readonly #started: number
  #shown = Number.NEGATIVE_INFINITY
  #done = 0
  #total: number | null = null

  /** `unit` null: only a part of the whole is known, so nothing is counted. */
  constructor(label: string, unit: string | null, target: ProgressTarget = { stream: process.stderr }) {
    this.#label = label
    this.#unit = unit
    this.#target = target
    this.#now = target.now ?? (() => performance.now())
    this.#started = this.#now()
    if (!this.#isTerminal) this.#shown = this.#started
  }

  /** `total` null: not known, a count is shown instead of a bar. */
  update(done: number, total: number | null): void {
    this.#done = done
    this.#total = total
    const every = this.#isTerminal ? REDRAW_MS : LINE_MS
    if (this.#now() - this.#shown < every) return
    this.#shown = this.#now()
    this.#target.stream.write(this.#isTerminal ? `\r\u001b[K${this.#line()}` : `${this.#line()}\n`)
  }

  /** Removes the bar, so that what follows starts on a clean line. */
  [Symbol.dispose](): void {
    if (this.#isTerminal) this.#target.stream.write('\r\u001b[K')
  }

  get #isTerminal(): boolean {
    return this.#target.stream.isTTY === true
  }

  #line(): string {
    const seconds = (this.#now() - this.#started) / 1000
    const rate = seconds > 0 ? this.#done / seconds : 0
    const whole = this.#total === null ? '' : ` of ${format(this.#total)}`
    const count =
      this.#unit === null
        ? ''
        : `  ${format(this.#done)}${whole} ${this.#unit}, ${format(Math.round(rate))}/s`
    if (this.#total === null || this.#total === 0) return `${this.#label}${count}`
    const part = Math.min(1, this.#done / this.#total)
    const percent = `${Math.floor(part * 100)} %`.padStart(5)
    const left = rate > 0 ? `, ${duration((this.#total - this.#done) / rate)} left` : ''
    if (!this.#isTerminal) return `${this.#label} ${percent}${count}${left}`
    const filled = Math.round(part * BAR_WIDTH)
    const bar = '━'.repeat(filled) + '─'.repeat(BAR_WIDTH - filled)
    const line = `${this.#label} ${bar} ${percent}${count}${left}`
    return line.slice(0, (this.#target.stream.columns ?? 120) - 1)
  }
}

export function format(count: number): string {
  return count.toLocaleString('en-US')
}

export function counted(count: number, noun: string): string {
  return `${format(count)} ${noun}${count === 1 ? '' : 's'}`
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
