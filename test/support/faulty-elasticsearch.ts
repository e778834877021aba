import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to one request. `lost before`: never arrives. `lost after`: is carried out, and its answer is lost. */
type Fault = 'none' | 'lost before' | 'lost after' | { readonly status: number; readonly body: string }

export interface FaultyElasticsearch extends AsyncDisposable {
  readonly url: string
  /** Asked for each request; the test sets it. */
  decide: (request: { readonly path: string; readonly body: string }) => Fault
  /** The body that is passed on instead; null: as it came. */
  rewrite: (request: { readonly path: string; readonly body: string }) => string | null
}

/** A real cluster behind a connection that fails where the test wants it to. */
export async function faultyElasticsearch(target: string): Promise<FaultyElasticsearch> {
  const faulty: FaultyElasticsearch = {
    url: '',
    decide: () => 'none',
    rewrite: () => null,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  const server = createServer((incoming, outgoing) => {
    void bodyOf(incoming).then((body) => {
      const asked = { path: incoming.url ?? '', body: body.toString() }
      const fault = faulty.decide(asked)
      if (fault === 'lost before') return incoming.socket.destroy()
      if (typeof fault === 'object') {
        outgoing.writeHead(fault.status, {
          'content-type': 'application/json',
          'x-elastic-product': 'Elasticsearch',
        })
        return outgoing.end(fault.body)
      }
      const { method, headers } = incoming
      const passedOn = faulty.rewrite(asked) ?? body
      delete headers.host
      // Where there is a body, it may have another length now.
      if (headers['content-length']) headers['content-length'] = String(Buffer.byteLength(passedOn))
      const options = { headers, ...(method === undefined ? {} : { method }) }
      const onward = request(new URL(incoming.url ?? '/', target), options, (answer) => {
        if (fault === 'lost after') {
          answer.resume().on('end', () => incoming.socket.destroy())
          return
        }
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      })
      return onward.end(passedOn)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(faulty, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
