import { TrailsealError } from '../../errors.ts'
import { MAX_WIRE_DEPTH } from './limits.ts'

/** The bytes of one event and where they begin in the unpacked body. */
export interface Frame {
  readonly bytes: Uint8Array
  /** Counted from 0: its place among the events. */
  readonly index: number
  readonly offset: number
}

/** Cuts a body into the bytes of its events while it arrives. Both throw `bad_json` and `event_too_large`. */
export interface Splitter {
  push(chunk: Uint8Array): Frame[]
  /** The body is complete: what is left, or the error that something is missing. */
  end(): Frame[]
}

/** The parts of one event, which may have arrived in several chunks. */
export class FrameBuffer {
  private readonly limit: number
  private parts: Uint8Array[] = []
  private length = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get isEmpty(): boolean {
    return this.length === 0
  }

  append(bytes: Uint8Array, index: number): void {
    this.length += bytes.length
    if (this.length > this.limit) {
      throw new TrailsealError('event_too_large', `Event ${index} is longer than ${this.limit} bytes.`)
    }
    if (bytes.length > 0) this.parts.push(bytes)
  }

  take(): Uint8Array {
    const bytes = this.parts.length === 1 ? (this.parts[0] as Uint8Array) : Buffer.concat(this.parts)
    this.parts = []
    this.length = 0
    return bytes
  }
}

export function badJson(what: string, index: number, offset: number): TrailsealError {
  return new TrailsealError('bad_json', `Event ${index}, at byte ${offset} of the body: ${what}`)
}

export function tooDeep(index: number, offset: number): TrailsealError {
  return badJson(`arrays and objects are nested more than ${MAX_WIRE_DEPTH} levels deep.`, index, offset)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
export const COMMA = 0x2c
export const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
/** `[` and `{` differ in this bit alone, as `]` and `}` do. */
const CASE_BIT = 0x20

/** JSON white space, RFC 8259 §2. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Where the scan of one JSON value stands; survives the end of a chunk. Counts brackets outside strings and understands nothing else. */
export class NestingScan {
  private depth = 0
  private inString = false
  private escaped = false
  tooDeep = false

  /**
   * Scans on from `from` and returns where it stopped: at a comma or closing bracket that ends the value, where the array around it goes on (`untilItemEnd`);
   * at the bracket that nests too deeply (`tooDeep`); else behind the last byte.
   */
  run(bytes: Uint8Array, from: number, untilItemEnd: boolean): number {
    let { depth, inString, escaped } = this
    let position = from
    for (; position < bytes.length; position++) {
      const byte = bytes[position] as number
      if (inString) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inString = false
      } else if (byte === QUOTE) {
        inString = true
      } else if (untilItemEnd && depth === 0 && (byte === COMMA || byte === CLOSE_ARRAY)) {
        break
      } else if ((byte | CASE_BIT) === OPEN_OBJECT) {
        if (++depth > MAX_WIRE_DEPTH) {
          this.tooDeep = true
          break
        }
      } else if ((byte | CASE_BIT) === CLOSE_OBJECT) {
        depth--
      }
    }
    this.depth = depth
    this.inString = inString
    this.escaped = escaped
    return position
  }
}
