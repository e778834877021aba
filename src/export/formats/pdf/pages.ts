import { aboutLines, HOW_TO_VERIFY, utcText } from '../about.ts'
import type { ExportContext } from '../export-format.ts'
import { COLUMNS, SMALL_SIZE } from './event-block.ts'
import type { EventBlock, Tone } from './event-block.ts'
import type { FontSet } from './fonts.ts'
import type { PdfReference, SignablePdf } from './signable-pdf.ts'
import { layOut } from './text-layout.ts'
import type { Run } from './text-layout.ts'

const COLOURS: Readonly<Record<Tone | 'ink' | 'rule' | 'stripe' | 'white', string>> = {
  ink: '#1f2a44',
  text: '#1c1f26',
  muted: '#5b6270',
  link: '#0b5cad',
  failure: '#b3261e',
  rule: '#d9dce3',
  stripe: '#f5f6f9',
  white: '#ffffff',
}

/** A4 landscape, points. */
const PAGE_WIDTH = 841.89
const PAGE_HEIGHT = 595.28
const MARGIN = 27.9
const TEXT_WIDTH = PAGE_WIDTH - 2 * MARGIN
const BOTTOM = PAGE_HEIGHT - 38
const HEADER_HEIGHT = 17
const TOTAL_FORM = 'PageTotal'

interface TextStyle {
  readonly size: number
  readonly tone: keyof typeof COLOURS
  readonly bold?: boolean
  readonly maxLines?: number
}

/** The pages of the document: title, table header and footer on each, rows as they come. */
export class Pages {
  readonly #pdf: SignablePdf
  readonly #fonts: FontSet
  readonly #context: ExportContext
  /** Drawn by every page, written last: only then is the number of pages known. */
  readonly #total: PdfReference
  #count = 0
  #y = 0
  #isStriped = false

  constructor(pdf: SignablePdf, fonts: FontSet, context: ExportContext) {
    this.#pdf = pdf
    this.#fonts = fonts
    this.#context = context
    this.#total = pdf.newReference({ Type: 'XObject', Subtype: 'Form', BBox: [0, -3, 60, 12] })
    this.#startPage()
    this.#title()
    this.#tableHeader()
  }

  row(block: EventBlock): void {
    if (this.#y + block.height > BOTTOM) {
      this.#startPage()
      this.#tableHeader()
    }
    const top = this.#y
    if (this.#isStriped) this.#box(MARGIN - 5, top, TEXT_WIDTH + 10, block.height, 'stripe')
    this.#isStriped = !this.#isStriped
    for (const { runs, x, y, size, tone } of block.lines) this.#runs(runs, MARGIN + x, top + y, size, tone)
    if (block.link !== undefined) {
      const { x, y, width, height, address } = block.link
      this.#pdf.link(MARGIN + x, top + y, width, height, address)
    }
    this.#y += block.height
    this.#rule(this.#y)
  }

  /** What stands instead of rows where there are none. */
  nothing(): void {
    this.#y += 8
    this.#paragraph('No events match.', MARGIN, TEXT_WIDTH, { size: 9, tone: 'muted' })
  }

  /** The checkpoint and how to check it, and the total on every page. */
  finish(): void {
    const note = this.#context.checkpoint.trimEnd().split('\n')
    const height = 64 + note.length * 9
    if (this.#y + height > BOTTOM) this.#startPage()
    this.#y += 16
    this.#paragraph('Checkpoint', MARGIN, TEXT_WIDTH, { size: 10, tone: 'ink', bold: true })
    this.#y += 2
    for (const line of note) {
      if (line === '') this.#y += 4
      else this.#paragraph(line, MARGIN, TEXT_WIDTH, { size: 7, tone: 'text', maxLines: 4 })
    }
    this.#y += 6
    const about = `Every event above is in the log under this signed checkpoint. ${HOW_TO_VERIFY} The digital signature of this document shows any change made to it.`
    this.#paragraph(about, MARGIN, TEXT_WIDTH, { size: 7, tone: 'muted' })
    this.#endTotal()
  }

  #startPage(): void {
    this.#pdf.addPage()
    this.#count += 1
    this.#y = MARGIN
    this.#isStriped = false
    const { workspace, exportId, generatedAt } = this.#context
    const foot = PAGE_HEIGHT - 22
    this.#rule(foot - 10)
    const left = `Audit log of ${workspace.name}   ·   export ${exportId}   ·   generated ${utcText(generatedAt)}`
    this.#oneLine(left, MARGIN, foot, TEXT_WIDTH - 120)
    const page = `Page ${this.#count} of `
    const width = this.#widthOf(page, SMALL_SIZE)
    const end = PAGE_WIDTH - MARGIN - 26
    this.#oneLine(page, end - width, foot, width + 10)
    this.#pdf.drawForm(TOTAL_FORM, this.#total, end, foot)
  }

  #title(): void {
    this.#paragraph('Audit log export', MARGIN, TEXT_WIDTH, { size: 17, tone: 'ink', bold: true })
    this.#y += 6
    // two columns of facts, the longer ones on the left
    const facts = aboutLines(this.#context)
    const half = Math.ceil(facts.length / 2)
    const top = this.#y
    const left = this.#facts(facts.slice(0, half), MARGIN)
    this.#y = top
    const right = this.#facts(facts.slice(half), MARGIN + TEXT_WIDTH / 2 + 10)
    this.#y = Math.max(left, right) + 10
  }

  #facts(facts: readonly (readonly [string, string])[], x: number): number {
    const labelWidth = 100
    for (const [label, value] of facts) {
      const top = this.#y
      this.#paragraph(label, x, labelWidth, { size: 8, tone: 'muted' })
      this.#y = top
      const width = TEXT_WIDTH / 2 - labelWidth - 10
      this.#paragraph(value, x + labelWidth, width, { size: 8, tone: 'text', maxLines: 8 })
    }
    return this.#y
  }

  #tableHeader(): void {
    this.#box(MARGIN - 5, this.#y, TEXT_WIDTH + 10, HEADER_HEIGHT, 'ink')
    for (const { header, x } of COLUMNS) {
      const [runs = []] = layOut(header, this.#fonts, { size: 8, width: 200, maxLines: 1, bold: true }).lines
      this.#runs(runs, MARGIN + x, this.#y + 11.5, 8, 'white')
    }
    this.#y += HEADER_HEIGHT
  }

  #endTotal(): void {
    const font = this.#pdf.fontNamed('sans')
    const [glyphs] = font.encode(String(this.#count))
    this.#total.data['Resources'] = { Font: { [font.id]: font.ref() } }
    const colour = [0x5b, 0x62, 0x70].map((part) => (part / 255).toFixed(3)).join(' ')
    this.#total.end(`BT /${font.id} ${SMALL_SIZE} Tf ${colour} rg <${glyphs.join('')}> Tj ET`)
  }

  #paragraph(
    text: string,
    x: number,
    width: number,
    { size, tone, bold = false, maxLines = 12 }: TextStyle,
  ): void {
    const { lines, cut } = layOut(text, this.#fonts, { size, width, maxLines, bold })
    for (const runs of lines) {
      this.#y += size * 1.35
      this.#runs(runs, x, this.#y, size, tone)
    }
    if (cut > 0) this.#paragraph(`… ${cut} more characters`, x, width, { size, tone: 'failure' })
  }

  #oneLine(text: string, x: number, baseline: number, width: number): void {
    const [runs = []] = layOut(text, this.#fonts, { size: SMALL_SIZE, width, maxLines: 1 }).lines
    this.#runs(runs, x, baseline, SMALL_SIZE, 'muted')
  }

  #widthOf(text: string, size: number): number {
    return this.#fonts.clusters(text).reduce((width, cluster) => width + cluster.width, 0) * size
  }

  #runs(runs: readonly Run[], x: number, baseline: number, size: number, tone: keyof typeof COLOURS): void {
    this.#pdf.fillColor(COLOURS[tone]).fontSize(size)
    let at = x
    for (const { font, text, width, isRightToLeft, glyphs } of runs) {
      const embedded = this.#pdf.fontNamed(font)
      if (glyphs !== undefined) {
        this.#pdf.drawGlyphs(embedded, glyphs, at, baseline, size)
        at += width * size
        continue
      }
      this.#pdf.font(font)
      const options = { lineBreak: false, baseline: 'alphabetic' } as const
      // with features given, even none, pdfkit lays the run out as a whole instead of word by word
      this.#pdf.text(text, at, baseline, isRightToLeft ? { ...options, features: [] } : options)
      at += width * size
    }
  }

  #box(x: number, y: number, width: number, height: number, colour: keyof typeof COLOURS): void {
    this.#pdf.rect(x, y, width, height).fill(COLOURS[colour])
  }

  #rule(y: number): void {
    this.#pdf
      .moveTo(MARGIN - 5, y)
      .lineTo(PAGE_WIDTH - MARGIN + 5, y)
      .lineWidth(0.4)
      .stroke(COLOURS.rule)
  }
}

/** Options of pdfkit for such pages. */
export const PAGE_OPTIONS: PDFKit.PDFDocumentOptions = {
  size: [PAGE_HEIGHT, PAGE_WIDTH],
  layout: 'landscape',
  margin: 0,
}
