import { badJson } from './splitter.ts'
import type { Frame } from './splitter.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The value of one frame, whose nesting the splitter has checked. Throws `bad_json` for invalid UTF-8 and invalid JSON. */
export function parseFrame(frame: Frame): unknown {
  const text = decodeText(frame)
  try {
    return JSON.parse(text)
  } catch (cause) {
    // the parser's own message quotes the text, which may hold a secret: only its position is passed on
    throw badJson(describeSyntax(cause), frame.index, frame.offset)
  }
}

function decodeText(frame: Frame): string {
  try {
    return decoder.decode(frame.bytes)
  } catch {
    throw badJson('the text is not UTF-8.', frame.index, frame.offset)
  }
}

function describeSyntax(cause: unknown): string {
  const position = /at position (\d+)/.exec(String(cause))?.[1]
  return position === undefined ? 'this is not JSON.' : `this is not JSON, from its character ${position} on.`
}
