import { makeBidi } from './bidi.ts'
import type { Cluster, FontName, FontSet } from './fonts.ts'

/** A piece of a line in one font and one direction. */
export interface Run {
  readonly font: FontName
  readonly text: string
  /** In ems. */
  readonly width: number
  /** Right to left: laid out as a whole, so that its words don't change places. */
  readonly isRightToLeft: boolean
  /** Glyph numbers to draw as they are; undefined where the font's own layout has to find them. */
  readonly glyphs: string | undefined
}

export interface TextLayout {
  /** Runs of each line, left to right as they are seen. */
  readonly lines: readonly (readonly Run[])[]
  /** Characters (UTF-16 units) that did not fit into the lines allowed. */
  readonly cut: number
}

const bidi = makeBidi()
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}]/u
/** No line of a page takes more; a text that is far too long need not be measured to its end. */
const MAX_LINE_LENGTH = 400

/** Breaks a text into lines of a width in points. Tokens without a place to break are broken anywhere. */
export function layOut(
  text: string,
  fonts: FontSet,
  { size, width, maxLines, bold = false }: { size: number; width: number; maxLines: number; bold?: boolean },
): TextLayout {
  const ems = width / size
  const considered = text.slice(0, maxLines * MAX_LINE_LENGTH)
  const lines: (readonly Run[])[] = []
  let shown = 0
  for (const paragraph of considered.split(/\r\n|\n|\r/)) {
    if (lines.length === maxLines) break
    for (const clusters of breakLines(fonts.clusters(paragraph, bold), ems)) {
      if (lines.length === maxLines) break
      lines.push(visualRuns(clusters, fonts))
      for (const cluster of clusters) shown += cluster.text.length
    }
    shown += 1
  }
  return { lines, cut: lines.length < maxLines ? 0 : Math.max(0, text.length - shown + 1) }
}

function* breakLines(clusters: readonly Cluster[], ems: number): Generator<readonly Cluster[]> {
  let start = 0
  let used = 0
  let lastBreak = 0
  for (let at = 0; at < clusters.length; at++) {
    const cluster = clusters[at]
    if (cluster === undefined) continue
    if (cluster.breaksBefore && at > start) lastBreak = at
    // spaces may hang over the edge
    while (used + cluster.width > ems && !cluster.isSpace && at > start) {
      const end = lastBreak > start ? lastBreak : at
      yield clusters.slice(start, end)
      start = end
      used = 0
      for (let again = start; again < at; again++) used += clusters[again]?.width ?? 0
    }
    used += cluster.width
    if (cluster.breaksAfter) lastBreak = at + 1
  }
  yield clusters.slice(start)
}

function visualRuns(clusters: readonly Cluster[], fonts: FontSet): readonly Run[] {
  const levels = levelsOf(clusters)
  const runs: { run: { -readonly [Key in keyof Run]: Run[Key] }; level: number }[] = []
  for (const [at, { font, text, width, glyphs }] of clusters.entries()) {
    const level = levels[at] ?? 0
    const isRightToLeft = level % 2 === 1
    const last = runs.at(-1)
    if (last?.level !== level || last.run.font !== font) {
      runs.push({
        run: { font, text, width, isRightToLeft, glyphs: isRightToLeft ? undefined : glyphs },
        level,
      })
      continue
    }
    last.run.text += text
    last.run.width += width
    const before = last.run.glyphs
    last.run.glyphs = before === undefined || glyphs === undefined ? undefined : before + glyphs
  }
  return reorder(runs).map(({ run }) => {
    const drawn = run.isRightToLeft ? mirrored(run) : run
    // joined letters are narrower than the same ones alone
    return fonts.isJoined(run.font) ? { ...drawn, width: fonts.widthOf(drawn) } : drawn
  })
}

/** Embedding level of each cluster (Unicode Bidirectional Algorithm, UAX #9). */
function levelsOf(clusters: readonly Cluster[]): readonly number[] {
  const text = clusters.map((cluster) => cluster.text).join('')
  if (!RIGHT_TO_LEFT.test(text)) return []
  const { levels } = bidi.getEmbeddingLevels(text)
  let at = 0
  return clusters.map((cluster) => {
    const level = levels[at] ?? 0
    at += cluster.text.length
    return level
  })
}

/** UAX #9, rule L2: from the highest level down, turn around every sequence of that level or higher. */
function reorder<Item extends { readonly level: number }>(items: Item[]): Item[] {
  const highest = Math.max(0, ...items.map(({ level }) => level))
  for (let level = highest; level > 0; level--) {
    for (let start = 0; start < items.length; start++) {
      let end = start
      while ((items[end]?.level ?? -1) >= level) end += 1
      if (end > start + 1) items.splice(start, end - start, ...items.slice(start, end).reverse())
      start = end
    }
  }
  return items
}

/** Rule L4, and the order of what the font's own layout takes for left to right: spaces and punctuation. */
function mirrored(run: Run): Run {
  const characters = Array.from(run.text, (character) => bidi.getMirroredCharacter(character) ?? character)
  if (RIGHT_TO_LEFT.test(run.text)) return { ...run, text: characters.join('') }
  return { ...run, text: characters.reverse().join(''), isRightToLeft: false }
}
