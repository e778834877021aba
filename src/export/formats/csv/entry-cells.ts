import { encodeUtf8 } from '../../../tlog/encoding.ts'

/**
 * The members of a canonical entry that a table shows, in the order in which the canonical form has them (RFC 8785; docs/format.md,
 * Entry), and how their values are read. `json`: an object of any kind, taken as the text that was hashed.
 */
const LAYOUT = [
  ['action', 'text'],
  ['actor', [['email'], ['id'], ['name'], ['role'], ['type']]],
  ['after', 'json'],
  ['before', 'json'],
  ['category', 'text'],
  ['id', 'text'],
  ['justification', 'text'],
  ['log', 'text'],
  ['metadata', 'json'],
  ['outcome', 'text'],
  ['prev', 'text'],
  ['received_at', 'text'],
  ['redacted', 'number'],
  ['resource', [['id'], ['name'], ['type'], ['url']]],
  ['salt', 'text'],
  ['seq', 'number'],
  ['source', [['ip'], ['user_agent']]],
  ['timestamp', 'text'],
  ['v', 'number'],
  ['verb', 'text'],
] as const

interface Member {
  /** `"name":` */
  readonly key: Uint8Array
  readonly kind: 'text' | 'json' | 'number' | 'members'
  readonly slot: number
  readonly members: readonly Member[]
}

const SLOT_OF = new Map<string, number>()

function slotNamed(name: string): number {
  SLOT_OF.set(name, SLOT_OF.size)
  return SLOT_OF.size - 1
}

const MEMBERS: readonly Member[] = LAYOUT.map(([name, kind]): Member => {
  const key = encodeUtf8(`"${name}":`)
  if (typeof kind === 'string') return { key, kind, slot: slotNamed(name), members: [] }
  const members = kind.map(([inner]): Member => ({
    ...{ key: encodeUtf8(`"${inner}":`), kind: 'text', slot: slotNamed(`${name}.${inner}`), members: [] },
  }))
  return { key, kind: 'members', slot: -1, members }
})

/** Number of the place of a member, `actor.email`; throws for what tables do not show. */
export function slotOf(path: string): number {
  const slot = SLOT_OF.get(path)
  if (slot === undefined) throw new Error(`no such member: ${path}`)
  return slot
}

const QUOTE = 0x22
const COMMA = 0x2c
const ZERO = 0x30
const NINE = 0x39
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const UNDECIDED = -1

/**
 * Finds where the values of an entry stand in its bytes, several times faster than JSON.parse makes objects of them. It decides only what it
 * is sure of: the members above in their order and no others, no escapes. Whatever else an entry has is left to the parser.
 */
export class EntryCells {
  /** Of each slot, without quotation marks; 0 where the entry has no such member. */
  readonly starts = new Int32Array(SLOT_OF.size)
  readonly ends = new Int32Array(SLOT_OF.size)
  /** 1: the text has a comma. */
  readonly commas = new Uint8Array(SLOT_OF.size)

  /** Answers false for an entry that is left to the parser; places are then of no use. */
  find(entry: Uint8Array): boolean {
    this.starts.fill(0)
    return this.#object(entry, 0, MEMBERS) === entry.length
  }

  /** Offset behind the object at `at`. */
  #object(entry: Uint8Array, at: number, members: readonly Member[]): number {
    if (entry[at] !== OPEN_BRACE) return UNDECIDED
    at += 1
    for (const { key, kind, slot, members: inner } of members) {
      // behind the quotation mark: tells most members apart
      if (entry[at + 1] !== key[1] || !startsWith(entry, at, key)) continue
      at += key.length
      if (kind === 'text') at = this.#text(entry, at, slot)
      else if (kind === 'members') at = this.#object(entry, at, inner)
      else at = this.#plain(entry, at, slot, kind === 'json' ? endOfObject : endOfNumber)
      if (at === UNDECIDED) return UNDECIDED
      if (entry[at] === CLOSE_BRACE) return at + 1
      if (entry[at] !== COMMA) return UNDECIDED
      at += 1
    }
    return UNDECIDED
  }

  #text(entry: Uint8Array, at: number, slot: number): number {
    if (entry[at] !== QUOTE) return UNDECIDED
    const start = at + 1
    let comma = 0
    for (at = start; at < entry.length; at++) {
      const byte = entry[at] ?? 0
      // most are letters and digits, which are above all that is looked for but one
      if (byte > COMMA && byte !== BACKSLASH) continue
      if (byte === QUOTE) {
        this.starts[slot] = start
        this.ends[slot] = at
        this.commas[slot] = comma
        return at + 1
      }
      if (byte === BACKSLASH) return UNDECIDED
      if (byte === COMMA) comma = 1
    }
    return UNDECIDED
  }

  #plain(
    entry: Uint8Array,
    at: number,
    slot: number,
    endOf: (entry: Uint8Array, at: number) => number,
  ): number {
    const end = endOf(entry, at)
    this.starts[slot] = at
    this.ends[slot] = end
    return end
  }
}

function startsWith(entry: Uint8Array, at: number, key: Uint8Array): boolean {
  for (let index = 0; index < key.length; index++) if (entry[at + index] !== key[index]) return false
  return true
}

function endOfNumber(entry: Uint8Array, at: number): number {
  const start = at
  for (let byte = entry[at] ?? 0; byte >= ZERO && byte <= NINE; byte = entry[at] ?? 0) at += 1
  return at === start ? UNDECIDED : at
}

/** By its braces, those inside texts not counted; nothing else of it is looked at. */
function endOfObject(entry: Uint8Array, at: number): number {
  if (entry[at] !== OPEN_BRACE) return UNDECIDED
  let depth = 0
  let isText = false
  for (; at < entry.length; at++) {
    const byte = entry[at]
    if (byte === BACKSLASH) return UNDECIDED
    if (byte === QUOTE) isText = !isText
    else if (isText) continue
    else if (byte === OPEN_BRACE) depth += 1
    else if (byte === CLOSE_BRACE && --depth === 0) return at + 1
  }
  return UNDECIDED
}
