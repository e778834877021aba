/**
 * The one place where text becomes words, for documents and queries alike. The search stores only split at spaces
 * (ADR: one tokenizer), so whatever this file does decides what is found.
 *
 * A word is a run of letters and digits after NFKD, without marks, in lower case. There are no whole tokens for
 * `risk_assessment` or an e-mail address beside their parts: the same text in a query becomes the phrase of its parts.
 */

/**
 * Stands between two values of one field, so that no phrase crosses it. Words have letters and digits only, so punctuation
 * is free for such marks; that of ASCII keeps texts at one byte a character.
 */
export const VALUE_BREAK = '|'

/** First character of every path token: neither a word nor a prefix of one can begin with it. */
const PATH_START = '.'
const PATH_END = '|'
/** Stands for a character of a key that would split, or forge, a path token. */
const PATH_FILLER = '?'

/**
 * Longer words are cut into consecutive words of at most this many UTF-8 bytes: a query is cut alike and becomes
 * their phrase, so nothing is lost. With a path of the same bound a token stays within 255 bytes, the limit of
 * Elasticsearch's whitespace tokenizer.
 */
export const MAX_WORD_BYTES = 120

const ASCII = /^[\0-\x7f]*$/
const ASCII_WORD = /^[a-z0-9]*$/
const ASCII_SEPARATORS = /[^a-z0-9]+/g
const ASCII_OVERLONG = new RegExp(`[^ ]{${MAX_WORD_BYTES}}(?=[^ ])`, 'g')
const MARKS = /\p{M}+/gu
const SEPARATORS = /[^\p{L}\p{N}]+/gu
const FINAL_SIGMA = /ς/g

/** Words of a text, joined by single spaces: what SearchDocument holds. Empty when there is no letter or digit. */
export function normalise(text: string): string {
  if (text.length > LONGEST_REMEMBERED) return normaliseAny(text)
  const known = remembered.get(text)
  if (known !== undefined) return known
  const words = normaliseAny(text)
  if (remembered.size >= MOST_REMEMBERED) remembered.clear()
  remembered.set(text, words)
  return words
}

/** Most values are short and come again: users, actions, types, states. A bound keeps hostile ones from filling memory. */
const remembered = new Map<string, string>()
const LONGEST_REMEMBERED = 40
const MOST_REMEMBERED = 8192

function normaliseAny(text: string): string {
  if (!ASCII.test(text)) return normaliseUnicode(text)
  const lower = text.toLowerCase()
  const words = ASCII_WORD.test(lower) ? lower : lower.replace(ASCII_SEPARATORS, ' ').trim()
  return words.length > MAX_WORD_BYTES ? words.replace(ASCII_OVERLONG, '$& ') : words
}

/** Words of a text, in order. */
export function tokens(text: string): string[] {
  const words = normalise(text)
  return words === '' ? [] : words.split(' ')
}

function normaliseUnicode(text: string): string {
  const words = fold(text).replace(SEPARATORS, ' ').trim()
  // Three bytes is the most that one UTF-16 code unit takes.
  if (words.length * 3 <= MAX_WORD_BYTES) return words
  return words
    .split(' ')
    .flatMap((word) => (word.length * 3 <= MAX_WORD_BYTES ? [word] : cut(word)))
    .join(' ')
}

/** Final sigma is folded because lower case of `Σ` depends on its neighbours, which a prefix does not have. */
function fold(text: string): string {
  return text.normalize('NFKD').replace(MARKS, '').toLowerCase().replace(MARKS, '').replace(FINAL_SIGMA, 'σ')
}

function cut(word: string): string[] {
  const pieces: string[] = []
  let piece = ''
  let bytes = 0
  for (const character of word) {
    const size = utf8Length(character)
    if (bytes + size > MAX_WORD_BYTES) {
      pieces.push(piece)
      piece = ''
      bytes = 0
    }
    piece += character
    bytes += size
  }
  pieces.push(piece)
  return pieces
}

function utf8Length(character: string): number {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return code < 0x10000 ? 3 : 4
}

/**
 * Token of one word under `before.…`, `after.…` or `metadata.…`. `path` is the keys joined with dots (a dot inside a
 * key is not told apart from one between keys; arrays leave no trace); its case and marks don't matter.
 */
export function pathToken(path: string, token: string): string {
  return pathPrefix(path) + token
}

/** What every token of a path begins with. */
export function pathPrefix(path: string): string {
  return PATH_START + boundedPath(path) + PATH_END
}

// Whitespace and control characters would split the token, private use could forge its end, U+FFFD stands for whatever is no text.
const UNSAFE_IN_PATH = /[\p{Z}\p{C}|]/gu

/** A path too long to be kept is told apart from others by a hash behind its beginning. */
function boundedPath(path: string): string {
  const safe = fold(path).replace(UNSAFE_IN_PATH, PATH_FILLER)
  if (safe.length * 3 <= MAX_WORD_BYTES) return safe
  const [start = ''] = cut(safe)
  if (start === safe) return safe
  return Array.from(start).slice(0, 30).join('') + PATH_FILLER + hash(safe)
}

/** Two 32-bit FNV-1a hashes with different starts, in base 36: it keeps long keys apart, it protects nothing. */
function hash(text: string): string {
  let first = 0x811c9dc5
  let second = 0x9747b28c
  for (let at = 0; at < text.length; at++) {
    first = Math.imul(first ^ text.charCodeAt(at), 0x01000193)
    second = Math.imul(second ^ text.charCodeAt(at), 0x85ebca6b)
  }
  return (first >>> 0).toString(36) + '.' + (second >>> 0).toString(36)
}
