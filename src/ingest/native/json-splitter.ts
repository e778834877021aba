import { MAX_WIRE_EVENT_BYTES } from './limits.ts'
import { badJson, CLOSE_ARRAY, COMMA, FrameBuffer, isSpace, NestingScan, tooDeep } from './splitter.ts'
import type { Frame, Splitter } from './splitter.ts'

const OPEN_ARRAY = 0x5b

/** Where the scan of the body stands. */
type State = 'start' | 'single' | 'first-item' | 'item-start' | 'item' | 'end'

/**
 * One JSON value, or an array of values: cuts out each item as soon as its last byte is there. It only counts brackets and quotes; whether an item is
 * JSON is for the parser to say.
 */
export class JsonSplitter implements Splitter {
  private readonly buffer = new FrameBuffer(MAX_WIRE_EVENT_BYTES)
  private state: State = 'start'
  private nesting = new NestingScan()
  private index = 0
  private consumed = 0
  private frameStart = 0

  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = []
    let position = 0
    while (position < chunk.length) {
      if (this.state === 'item' || this.state === 'single') {
        position = this.scanItem(chunk, position, frames)
      } else {
        const byte = chunk[position] as number
        // the byte that begins an item is scanned as part of it
        if (isSpace(byte) || !this.beginsItem(byte, this.consumed + position)) position++
      }
    }
    this.consumed += chunk.length
    return frames
  }

  end(): Frame[] {
    switch (this.state) {
      case 'start':
      case 'end':
        return []
      case 'single':
        return [this.takeFrame()]
      case 'first-item':
      case 'item-start':
      case 'item':
        throw badJson('the array does not end.', this.index, this.consumed)
    }
  }

  /** Returns where to go on: behind the comma or bracket that ends the item, or the end of the chunk. */
  private scanItem(chunk: Uint8Array, start: number, frames: Frame[]): number {
    const end = this.nesting.run(chunk, start, this.state === 'item')
    if (this.nesting.tooDeep) throw tooDeep(this.index, this.consumed + end)
    this.buffer.append(chunk.subarray(start, end), this.index)
    if (end === chunk.length) return end
    frames.push(this.takeFrame())
    this.state = chunk[end] === COMMA ? 'item-start' : 'end'
    return end + 1
  }

  /** The first byte that is no white space, where an item, the array or nothing more is expected. */
  private beginsItem(byte: number, offset: number): boolean {
    if (this.state === 'end') throw badJson('something follows the end of the array.', this.index, offset)
    if (this.state === 'start' && byte === OPEN_ARRAY) {
      this.state = 'first-item'
      return false
    }
    if (byte === CLOSE_ARRAY && this.state === 'first-item') {
      this.state = 'end'
      return false
    }
    if (byte === COMMA || byte === CLOSE_ARRAY)
      throw badJson('an event is expected here.', this.index, offset)
    this.state = this.state === 'start' ? 'single' : 'item'
    this.frameStart = offset
    this.nesting = new NestingScan()
    return true
  }

  private takeFrame(): Frame {
    return { bytes: this.buffer.take(), index: this.index++, offset: this.frameStart }
  }
}
