import { request } from './client.ts'

export interface StreamMessage {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** The server writes something at least every 15 s; a connection that is quiet for longer is dead, a closed laptop's for one. */
const LONGEST_SILENCE_MS = 40_000

/**
 * Reads Server-Sent Events until the connection ends. Not the browser's EventSource: that sends no token and tells no status.
 * Throws `Problem` where the stream is refused, and whatever ends the connection.
 */
export async function readEventStream(
  path: string,
  signal: AbortSignal,
  on: { readonly open: () => void; readonly message: (message: StreamMessage) => void },
): Promise<void> {
  const silent = new AbortController()
  const headers = { Accept: 'text/event-stream' }
  const response = await request(path, { headers, signal: AbortSignal.any([signal, silent.signal]) })
  on.open()
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let timer = 0
  let rest = ''
  try {
    for (;;) {
      clearTimeout(timer)
      timer = window.setTimeout(() => silent.abort(), LONGEST_SILENCE_MS)
      const read = await reader?.read()
      if (!read || read.done) return
      const blocks = (rest + read.value).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const message = readMessage(block)
        if (message.data !== '') on.message(message)
      }
    }
  } finally {
    clearTimeout(timer)
  }
}

/** Fields as HTML §9.2.6 has them; lines that begin with a colon are comments. */
function readMessage(block: string): StreamMessage {
  const field = (name: string): string =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
      .join('\n')
  return { id: field('id'), event: field('event'), data: field('data') }
}
