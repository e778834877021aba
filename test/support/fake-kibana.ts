import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeKibana extends AsyncDisposable {
  readonly url: string
  readonly requests: { message: IncomingMessage; file: string; fileName: string }[]
}

/** Not a real Kibana: a server that takes what the saved objects API documents, and answers what a test wants. */
export async function fakeKibana(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<FakeKibana> {
  const requests: FakeKibana['requests'] = []
  const server = createServer((message, response) => {
    const chunks: Buffer[] = []
    message
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        requests.push({ message, ...partOf(message, Buffer.concat(chunks).toString()) })
        response.writeHead(status, headers)
        response.end(typeof body === 'string' ? body : JSON.stringify(body))
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

/** RFC 7578: one part, named `file`. */
function partOf({ headers }: IncomingMessage, body: string): { file: string; fileName: string } {
  const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1] ?? ''
  const [before, part = '', after] = body.split(`--${boundary}`)
  if (before !== '' || after !== '--\r\n') throw new Error('not one part')
  const [head = '', file = ''] = part.split('\r\n\r\n')
  const [, fileName = ''] =
    /^Content-Disposition: form-data; name="file"; filename="([^"]+)"$/im.exec(head) ?? []
  return { file: file.replace(/\r\n$/, ''), fileName }
}
