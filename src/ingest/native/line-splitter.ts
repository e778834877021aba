import { MAX_WIRE_EVENT_BYTES } from './limits.ts'
import { FrameBuffer, isSpace, NestingScan, tooDeep } from './splitter.ts'
import type { Frame, Splitter } from './splitter.ts'

const LINE_FEED = 0x0a

/** Newline-delimited JSON: one event a line, LF or CRLF, blank lines ignored. No JSON text contains a bare line feed, so no line is parsed to find its end. */
export class LineSplitter implements Splitter {
  private readonly buffer: FrameBuffer
  private index = 0
  /** Bytes of the body before the current chunk, and where the current line began. */
  private consumed = 0
  private lineStart = 0

  /** `limit`: longest line in bytes. */
  constructor(limit = MAX_WIRE_EVENT_BYTES) {
    this.buffer = new FrameBuffer(limit)
  }

  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = []
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.buffer.append(chunk.subarray(start, end), this.index)
      this.finishLine(frames)
      start = end + 1
      this.lineStart = this.consumed + start
    }
    this.buffer.append(chunk.subarray(start), this.index)
    this.consumed += chunk.length
    return frames
  }

  end(): Frame[] {
    const frames: Frame[] = []
    this.finishLine(frames)
    return frames
  }

  private finishLine(frames: Frame[]): void {
    if (this.buffer.isEmpty) return
    const bytes = this.buffer.take()
    if (bytes.every(isSpace)) return
    const nesting = new NestingScan()
    const end = nesting.run(bytes, 0, false)
    if (nesting.tooDeep) throw tooDeep(this.index, this.lineStart + end)
    frames.push({ bytes, index: this.index++, offset: this.lineStart })
  }
}
