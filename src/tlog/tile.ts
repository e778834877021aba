import { concatBytes, malformed, parseDecimal } from './encoding.ts'
import { MAX_ENTRY_BYTES } from './leaf.ts'

/** Hashes of a full tile, entries of a full bundle (C2SP tlog-tiles: tile height 8). */
export const TILE_WIDTH = 256

/** Where a hash tile or an entry bundle is. `width` 256: full. */
export interface TileAddress {
  readonly level: number | 'entries'
  readonly index: number
  /** 1 to 256. */
  readonly width: number
}

const isIndex = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`, C2SP tlog-tiles. Throws `malformed_proof` on an impossible address. */
export function tilePath({ level, index, width }: TileAddress): string {
  const levelIsValid = level === 'entries' || (isIndex(level) && level <= 63)
  if (!levelIsValid || !isIndex(index) || !isIndex(width) || width < 1 || width > TILE_WIDTH) {
    throw malformed('There is no tile at this address.')
  }
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const groups = padded.replace(/\d{3}(?=\d)/g, 'x$&/')
  return `tile/${level}/${groups}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

const TILE_PATH = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/

/** Takes exactly what `tilePath` writes. Throws `malformed_proof`. */
export function parseTilePath(path: string): TileAddress {
  const [, level = '', groups = '', width = String(TILE_WIDTH)] = TILE_PATH.exec(path) ?? []
  const index = groups.replaceAll(/[x/]/g, '').replace(/^0+(?=\d)/, '')
  if (index === '') throw malformed('The path of the tile is not in the form of C2SP tlog-tiles.')
  const address: TileAddress = {
    level: level === 'entries' ? level : parseDecimal(level, 'tile level'),
    index: parseDecimal(index, 'tile index'),
    width: parseDecimal(width, 'tile width'),
  }
  // one tile, one path: x000/001 and .p/256 are other spellings
  if (tilePath(address) !== path)
    throw malformed('The path of the tile is not in the form of C2SP tlog-tiles.')
  return address
}

/** How many hashes level `level` holds in a tree of `size` leaves: ⌊size / 256^level⌋. */
export function hashesAtLevel(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}

/** Width of the partial tile at the end of a level; 0: there is none. */
export function partialWidth(level: number, size: number): number {
  return hashesAtLevel(level, size) % TILE_WIDTH
}

/** Width that tile `index` of a level has in a tree of `size` leaves; 0: there is no such tile. */
export function tileWidth(level: number, index: number, size: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, hashesAtLevel(level, size) - index * TILE_WIDTH))
}

/** uint16-BE length ‖ entry, for each of at most 256 entries (C2SP tlog-tiles). Throws `malformed_proof` when one is too long. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH) throw malformed('An entry bundle has at most 256 entries.')
  const parts = entries.flatMap((entry) => {
    if (entry.length > MAX_ENTRY_BYTES) throw malformed('An entry has at most 65,535 bytes.')
    return [Uint8Array.of(entry.length >> 8, entry.length & 255), entry]
  })
  return concatBytes(parts)
}

/** Exactly `width` entries and nothing behind them; the entries are views into `bundle`. Throws `malformed_proof`. */
export function decodeEntryBundle(bundle: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let at = 0
  while (entries.length < width && at + 2 <= bundle.length) {
    const start = at + 2
    // the lengths are attacker-controlled: never read behind the end
    at = start + (((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0))
    if (at > bundle.length) throw malformed('The entry bundle ends within an entry.')
    entries.push(bundle.subarray(start, at))
  }
  if (entries.length !== width || at !== bundle.length) {
    throw malformed(`The entry bundle does not hold exactly ${width} entries.`)
  }
  return entries
}
