import type { LogEntry } from '../../../event/audit-event.ts'
import { dateText } from '../about.ts'
import { targetOf, userOf, webAddress } from '../event-columns.ts'
import { detailsOf, metadataOf } from './event-details.ts'
import type { FontSet } from './fonts.ts'
import { layOut } from './text-layout.ts'
import type { Run, TextLayout } from './text-layout.ts'

/** Columns of the table: points from the left edge of the text area, and width without the gap. */
export const COLUMNS = [
  { header: 'Date (UTC)', x: 0, width: 62 },
  { header: 'User', x: 70, width: 118 },
  { header: 'Action', x: 196, width: 112 },
  { header: 'Resource', x: 316, width: 84 },
  { header: 'Target', x: 408, width: 134 },
  { header: 'Change and reason', x: 550, width: 236 },
] as const

const TEXT_SIZE = 7.5
export const SMALL_SIZE = 6.2
const LINE = 10
const SMALL_LINE = 8.4
/** Even the tallest row leaves room for the header of its page. */
const MAX_LINES = 12
const MAX_DETAIL_LINES = 36
const MAX_METADATA_LINES = 6
const PADDING = 4.5

export type Tone = 'text' | 'muted' | 'link' | 'failure'

interface PlacedLine {
  readonly runs: readonly Run[]
  readonly x: number
  /** Of the base line, from the top of the block. */
  readonly y: number
  readonly size: number
  readonly tone: Tone
}

/** An event laid out: what is drawn, and how high it is. */
export interface EventBlock {
  readonly lines: readonly PlacedLine[]
  readonly height: number
  readonly link:
    | {
        readonly address: string
        readonly x: number
        readonly y: number
        readonly width: number
        readonly height: number
      }
    | undefined
}

/** Lays out one event: its cells beside each other, and below them its identity and metadata across the table. */
export function eventBlock(event: LogEntry, fonts: FontSet): EventBlock {
  const block = new BlockBuilder(fonts)
  block.column(0).add(dateText(event.timestamp).replace(' ', '\n'))
  block.column(1).add(userOf(event))
  for (const text of [event.actor.email, event.actor.role]) {
    if (text !== undefined && text !== userOf(event)) block.addSmall(text)
  }
  if (event.actor.type !== 'user' && userOf(event) !== event.actor.type)
    block.addSmall(event.actor.type.replace('_', ' '))
  block.column(2).add(event.action)
  if (event.outcome === 'failure') block.addSmall('FAILED', 'failure')
  else block.addSmall(event.verb)
  block.column(3).add(event.resource.type)
  const address = webAddress(event.resource.url)
  block.column(4).add(targetOf(event) ?? '–', address === undefined ? 'text' : 'link')
  const targetHeight = block.height
  if (event.resource.id !== undefined && event.resource.id !== targetOf(event))
    block.addSmall(event.resource.id)
  block.column(5)
  const details = detailsOf(event)
  for (const [at, detail] of details.entries()) {
    if (block.addSmall(detail, 'text')) continue
    block.mark(`${details.length - at} more changes`)
    break
  }
  block.below(`#${event.seq}`, identityOf(event), MAX_DETAIL_LINES)
  const metadata = metadataOf(event)
  if (metadata !== undefined) block.below('Metadata', metadata, MAX_METADATA_LINES)
  const [x, width] = [COLUMNS[4].x, COLUMNS[4].width]
  return {
    lines: block.lines,
    height: block.tallest + PADDING,
    link:
      address === undefined ? undefined : { address, x, y: PADDING, width, height: targetHeight - PADDING },
  }
}

function identityOf({ id, category, received_at, source, redacted, actor }: LogEntry): string {
  const parts = [
    `id ${id}`,
    category,
    actor.id === undefined ? undefined : `user ${actor.id}`,
    source?.ip,
    source?.user_agent,
    redacted === undefined ? undefined : `${redacted} values redacted`,
    `received ${dateText(received_at)}`,
  ]
  return parts.filter((part) => part !== undefined).join('   ')
}

class BlockBuilder {
  readonly lines: PlacedLine[] = []
  readonly #fonts: FontSet
  #x = 0
  #width = 0
  height = 0
  tallest = 0

  constructor(fonts: FontSet) {
    this.#fonts = fonts
  }

  column(index: 0 | 1 | 2 | 3 | 4 | 5): this {
    const { x, width } = COLUMNS[index]
    this.#x = x
    this.#width = width
    this.height = PADDING
    return this
  }

  add(text: string, tone: Tone = 'text'): void {
    const size = TEXT_SIZE
    this.#place(
      layOut(text, this.#fonts, { size, width: this.#width, maxLines: MAX_LINES }),
      size,
      LINE,
      tone,
    )
  }

  /** Secondary text; false where the column is as high as a page takes. */
  addSmall(text: string, tone: Tone = 'muted'): boolean {
    // a hostile event may have any number of them
    const maxLines = MAX_DETAIL_LINES - Math.floor(this.height / SMALL_LINE)
    if (maxLines <= 0) return false
    this.#small(text, maxLines, tone)
    return true
  }

  /** Says what was left out, and where it is. */
  mark(what: string): void {
    this.#small(`… ${what}: see the NDJSON export`, 2, 'failure')
  }

  /** Under all cells, as wide as the table but for the first column, which has the label: an id is found in one piece. */
  below(label: string, text: string, maxLines: number): void {
    const top = this.tallest + 1
    this.column(0).height = top
    this.#small(label, 1, 'muted')
    this.#x = COLUMNS[1].x
    this.#width = COLUMNS[5].x + COLUMNS[5].width - COLUMNS[1].x
    this.height = top
    this.#small(text, maxLines, 'muted')
  }

  #small(text: string, maxLines: number, tone: Tone): void {
    const size = SMALL_SIZE
    this.#place(layOut(text, this.#fonts, { size, width: this.#width, maxLines }), size, SMALL_LINE, tone)
  }

  #place({ lines, cut }: TextLayout, size: number, step: number, tone: Tone): void {
    for (const runs of lines) {
      this.lines.push({ runs, x: this.#x, y: this.height + size, size, tone })
      this.height += step
    }
    if (cut > 0) this.mark(`${cut.toLocaleString('en-US')} more characters`)
    this.tallest = Math.max(this.tallest, this.height)
  }
}
