import { TrailsealError } from '../../errors.ts'
import { Slices } from '../../slices.ts'
import { decompress } from './decompress.ts'
import { codingOf, framingOf } from './headers.ts'
import type { Framing } from './headers.ts'
import type { IntakePlace } from './intake.ts'
import { JsonSplitter } from './json-splitter.ts'
import { MAX_BODY_BYTES, MAX_EVENTS, SCAN_BYTES } from './limits.ts'
import { LineSplitter } from './line-splitter.ts'
import { parseFrame } from './parse-frame.ts'
import type { Frame, Splitter } from './splitter.ts'

/** The request headers that say how to read a body; Node's `IncomingHttpHeaders` fits. */
export interface BodyHeaders {
  readonly 'content-type'?: string | undefined
  readonly 'content-encoding'?: string | undefined
}

/** Events of one request in their order. */
export interface SubmittedEvents extends Iterable<unknown> {
  readonly length: number
}

/**
 * Reads the submitted events of a request body: one JSON object, an array, or NDJSON, packed or not. Holds their bytes; each is parsed only
 * when it is iterated to, because a parsed event takes several times the memory of its text.
 *
 * Throws `overloaded`, `unsupported_media_type`, `body_too_large`, `event_too_large`, `bad_json`, and `bad_request` for a corrupt coding or a body without any
 * event. Iterating throws `bad_json` where an event is no JSON or no UTF-8.
 */
export async function readSubmittedEvents(
  body: AsyncIterable<Uint8Array>,
  headers: BodyHeaders,
  place: IntakePlace,
): Promise<SubmittedEvents> {
  const framing = framingOf(headers['content-type'])
  const coding = codingOf(headers['content-encoding'])
  return await splitEvents(counted(decompress(body, coding, MAX_BODY_BYTES), place), framing)
}

async function* counted(body: AsyncIterable<Uint8Array>, place: IntakePlace): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    place.take(chunk.length)
    yield chunk
  }
}

/** The events of an unpacked body. Gives the event loop a chance every few milliseconds, however large the chunks are. */
export async function splitEvents(
  body: AsyncIterable<Uint8Array> | Uint8Array,
  framing: Framing,
): Promise<SubmittedEvents> {
  const events: Frame[] = []
  const splitter = framing === 'lines' ? new LineSplitter() : new JsonSplitter()
  for await (const frames of frameBatches(body, splitter, new Slices())) {
    if (events.length + frames.length > MAX_EVENTS)
      throw new TrailsealError('body_too_large', `A request holds at most ${MAX_EVENTS} events.`)
    events.push(...frames)
  }
  if (events.length === 0) throw new TrailsealError('bad_request', 'The body holds no event.')
  return new ParsedWhenAsked(events)
}

class ParsedWhenAsked implements SubmittedEvents {
  readonly #frames: readonly Frame[]

  constructor(frames: readonly Frame[]) {
    this.#frames = frames
  }

  get length(): number {
    return this.#frames.length
  }

  *[Symbol.iterator](): Generator {
    for (const frame of this.#frames) yield parseFrame(frame)
  }
}

/** One line of a file: its bytes without the line end, and where it stands. */
export type Line = Frame

/**
 * The lines of a stream of any length that are not blank, in memory one chunk and one line at a time. `limit` is the longest line in bytes.
 * Throws `event_too_large`.
 */
export async function* lines(body: AsyncIterable<Uint8Array>, limit?: number): AsyncGenerator<Line> {
  for await (const frames of frameBatches(body, new LineSplitter(limit), new Slices())) yield* frames
}

async function* frameBatches(
  body: AsyncIterable<Uint8Array> | Uint8Array,
  splitter: Splitter,
  slices: Slices,
): AsyncGenerator<Frame[]> {
  for await (const piece of pieces(body)) {
    yield splitter.push(piece)
    if (slices.isOver()) await slices.next()
  }
  yield splitter.end()
}

/** The body in pieces that are scanned in far less than a turn, without the byte order mark that RFC 8259 §8.1 lets a parser ignore. */
async function* pieces(body: AsyncIterable<Uint8Array> | Uint8Array): AsyncGenerator<Uint8Array> {
  let atStart = true
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    const hasMark = atStart && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf
    if (chunk.length > 0) atStart = false
    for (let start = hasMark ? 3 : 0; start < chunk.length; start += SCAN_BYTES) {
      yield chunk.subarray(start, start + SCAN_BYTES)
    }
  }
}
