import { connect, type Socket } from 'node:net'
import { startGateway } from '../test/support/gateway-process.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { submittedEvents } from './events.ts'

/** Requests a second of `clients` that each send one event after the other on a connection of its own. */
export async function singleEventRate(clients: number, requests: number): Promise<number> {
  using directory = temporaryDirectory()
  await using gateway = await startGateway(directory.path)
  const headers = { 'content-type': 'application/json' }
  const made = await gateway.fetch('/v1/workspaces/bench', {
    method: 'PUT',
    headers,
    body: JSON.stringify({ name: 'Bench', plan: 'strategic' }),
  })
  if (!made.ok) throw new Error(await made.text())
  const tokenAnswer = await gateway.fetch('/v1/tokens', {
    method: 'POST',
    headers,
    body: JSON.stringify({ role: 'ingest', workspace: 'bench' }),
  })
  const { token } = (await tokenAnswer.json()) as { token: string }
  const { hostname, port } = new URL(gateway.url)
  const bodies = [...submittedEvents(1000)].map((event) => {
    const body = JSON.stringify(event)
    return Buffer.from(
      `POST /v1/workspaces/bench/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  })
  const sockets = await Promise.all(Array.from({ length: clients }, () => opened(Number(port), hostname)))
  // A warm-up, so that the compiler of the gateway has seen its work.
  await Promise.all(sockets.map((socket, at) => send(socket, bodies, at, 50)))
  const started = performance.now()
  const each = Math.floor(requests / clients)
  await Promise.all(sockets.map((socket, at) => send(socket, bodies, at, each)))
  const seconds = (performance.now() - started) / 1000
  for (const socket of sockets) socket.destroy()
  return (each * clients) / seconds
}

function opened(port: number, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket))
    socket.setNoDelay(true)
    socket.once('error', reject)
  })
}

/** As little client as possible: two cores serve both sides. An answer is complete when its body has its length. */
function send(socket: Socket, bodies: readonly Buffer[], offset: number, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0
    let received = ''
    const next = () => socket.write(bodies[(offset * 31 + sent++) % bodies.length] ?? Buffer.alloc(0))
    const onData = (chunk: Buffer) => {
      received += chunk.toString('latin1')
      const head = received.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0)
      if (received.length < head + 4 + length) return
      if (!received.startsWith('HTTP/1.1 201')) {
        reject(new Error(received))
        return
      }
      received = ''
      if (sent < count) {
        next()
        return
      }
      socket.off('data', onData)
      resolve()
    }
    socket.on('data', onData)
    socket.once('error', reject)
    next()
  })
}
