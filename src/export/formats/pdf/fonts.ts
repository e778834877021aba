import { fileURLToPath } from 'node:url'
import type { SignablePdf } from './signable-pdf.ts'

export type FontName = 'sans' | 'semibold' | 'hebrew' | 'arabic' | 'thai' | 'han' | 'hangul' | 'emoji'

/** Noto fonts (assets/fonts/README.md); a document embeds the glyphs that it uses. */
const FONT_FILES: Readonly<Record<FontName, string>> = {
  sans: 'NotoSans-Regular.ttf',
  semibold: 'NotoSans-SemiBold.ttf',
  hebrew: 'NotoSansHebrew-Regular.ttf',
  arabic: 'NotoSansArabic-Regular.ttf',
  thai: 'NotoSansThai-Regular.ttf',
  han: 'NotoSansSC-Regular.ttf',
  hangul: 'NotoSansKR-Hangul.ttf',
  emoji: 'NotoEmoji-Regular.ttf',
}

const folder = new URL('../../../../assets/fonts/', import.meta.url)

/** What a reader sees as one character, with the font that has it. */
export interface Cluster {
  /** As drawn. */
  readonly text: string
  readonly font: FontName
  /** In ems: times the size it is points. */
  readonly width: number
  /** Glyph numbers in the embedded font, hexadecimal; undefined where neighbours decide what is drawn. */
  readonly glyphs: string | undefined
  readonly isSpace: boolean
  /** Whether a line may end behind it, or before it. */
  readonly breaksAfter: boolean
  readonly breaksBefore: boolean
}

const ASCII = /^[\x20-\x7e]*$/
/** Shown by number: control characters, invisible ones, and those that turn the order of a text around to deceive. */
const SHOWN_BY_NUMBER =
  /^[\p{Cc}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u
const VARIATION_OR_JOINER = /\u200d|[\ufe00-\ufe0f]/gu
/** One code point whose look does not depend on its neighbours. */
const STANDS_ALONE =
  /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{N}\p{P}\p{S}\p{Z}]$/u
const BREAKS_AFTER = /[\s\-/\\._,;:@&=?|)\]}>]$/
const IDEOGRAPHIC = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u

const OTHER_SCRIPTS: readonly (readonly [RegExp, FontName])[] = [
  [/\p{Script=Arabic}/u, 'arabic'],
  [/\p{Script=Hebrew}/u, 'hebrew'],
  [/\p{Script=Thai}/u, 'thai'],
  [/\p{Script=Hangul}/u, 'hangul'],
  [/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u, 'han'],
  [/\p{Extended_Pictographic}|\p{Regional_Indicator}/u, 'emoji'],
]
const EVERY_FONT: readonly FontName[] = ['sans', 'han', 'hangul', 'emoji']

/** Clusters that are remembered: more than a document of one language has, and a bound for hostile ones. */
const MAX_KNOWN = 20_000

/** Chooses for each character the font that has it, and knows how wide it is. */
export class FontSet {
  readonly #pdf: SignablePdf
  readonly #known = new Map<string, Cluster>()
  readonly #segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

  constructor(pdf: SignablePdf) {
    this.#pdf = pdf
    for (const [name, file] of Object.entries(FONT_FILES)) {
      pdf.registerFont(name, fileURLToPath(new URL(file, folder)))
    }
  }

  /** `bold`: semi-bold where that has the character. */
  clusters(text: string, bold = false): Cluster[] {
    const clusters: Cluster[] = []
    if (ASCII.test(text)) {
      for (const character of text) clusters.push(this.#cluster(character, bold))
    } else {
      for (const { segment } of this.#segmenter.segment(text)) clusters.push(this.#cluster(segment, bold))
    }
    return clusters
  }

  /** Whether the letters of the font's script change with their neighbours. */
  isJoined(font: FontName): boolean {
    return font === 'arabic'
  }

  /** Of a text laid out as a whole, in ems. */
  widthOf({ font, text }: { readonly font: FontName; readonly text: string }): number {
    return this.#pdf.fontNamed(font).widthOfString(text, 1, [])
  }

  #cluster(grapheme: string, bold: boolean): Cluster {
    const key = bold ? `\0${grapheme}` : grapheme
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = this.#make(grapheme, bold)
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(key, made)
    return made
  }

  #make(grapheme: string, bold: boolean): Cluster {
    const first = bold ? ['semibold' as const] : []
    const bare = grapheme.replace(VARIATION_OR_JOINER, '')
    // half of a surrogate pair has no number of its own worth showing
    const drawable = bare.isWellFormed() ? bare : bare.toWellFormed()
    const font = SHOWN_BY_NUMBER.test(grapheme)
      ? undefined
      : [...first, ...candidates(drawable)].find((name) => this.#hasAll(name, drawable))
    const text = font === undefined ? numbersOf(grapheme) : drawable
    const drawn = font ?? first[0] ?? 'sans'
    return {
      text,
      font: drawn,
      width: this.#pdf.fontNamed(drawn).widthOfString(text, 1),
      glyphs: this.#glyphsOf(drawn, text, font === undefined),
      isSpace: /^\s$/u.test(grapheme),
      breaksAfter: BREAKS_AFTER.test(grapheme) || IDEOGRAPHIC.test(grapheme),
      breaksBefore: IDEOGRAPHIC.test(grapheme),
    }
  }

  #glyphsOf(font: FontName, text: string, isNumber: boolean): string | undefined {
    if (!isNumber && !STANDS_ALONE.test(text)) return undefined
    // each by itself: "fi" must not become a ligature here and not there
    return Array.from(text, (character) => this.#pdf.fontNamed(font).encode(character)[0].join('')).join('')
  }

  #hasAll(name: FontName, text: string): boolean {
    if (text === '') return false
    const { font } = this.#pdf.fontNamed(name)
    return Array.from(text).every((character) => font.hasGlyphForCodePoint(character.codePointAt(0) ?? 0))
  }
}

function candidates(text: string): readonly FontName[] {
  const own = OTHER_SCRIPTS.find(([script]) => script.test(text))?.[1]
  return own === undefined ? EVERY_FONT : [own, ...EVERY_FONT.filter((name) => name !== own)]
}

/** Nothing is left out of a record because no font has it. */
function numbersOf(grapheme: string): string {
  return Array.from(grapheme, (character) => {
    const number = character.codePointAt(0) ?? 0
    return `[U+${number.toString(16).toUpperCase().padStart(4, '0')}]`
  }).join('')
}
