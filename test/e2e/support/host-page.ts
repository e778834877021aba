import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A page of another site that shows the viewer in a frame, as a product would that embeds it. */
export class HostPage implements AsyncDisposable {
  readonly origin: string
  /** Handed over when the frame asks; null: the host says nothing. */
  token: string | null = null
  /** Of the frame. */
  src = ''
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    // Not `localhost`, where the gateway is: cookies ignore ports, so that would be the same site.
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async open(): Promise<HostPage> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const page = new HostPage(server)
    server.on('request', (request, response) => {
      if (request.url === '/token') response.end(JSON.stringify(page.token))
      else response.setHeader('content-type', 'text/html').end(page.#html())
    })
    return page
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #html(): string {
    return `<!doctype html><title>Host</title><h1>A product</h1>
<iframe src="${this.src}" title="Audit log" style="width: 100%; height: 100px; border: 0"></iframe>
<script>
  const frame = document.querySelector('iframe')
  window.said = []
  addEventListener('message', async ({ source, origin, data }) => {
    if (source !== frame.contentWindow || origin !== new URL(frame.src).origin) return
    said.push(data.type)
    if (data.type === 'trailseal:height') frame.style.height = data.height + 'px'
    if (data.type !== 'trailseal:ready' && data.type !== 'trailseal:token-needed') return
    const token = await (await fetch('/token')).json()
    if (token !== null) source.postMessage({ type: 'trailseal:token', token }, origin)
  })
</script>`
  }
}
