import { connect } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { TrailsealError } from '../../../src/errors.ts'
import { ADMIN_TOKEN, listedEvent, openGateway, type Gateway } from './gateway.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await openGateway()
})
beforeEach(() => gateway.reset())
afterAll(() => gateway.close())

const STREAM = '/v1/workspaces/acme/stream'

async function readUntil(response: Response, text: string): Promise<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let read = ''
  while (!read.includes(text)) {
    const { value, done } = await reader.read()
    if (done) break
    read += value
  }
  await reader.cancel()
  return read
}

test('events come with their seq as id, from behind Last-Event-ID, which wins over the address', async () => {
  gateway.query.feed = [listedEvent(0), listedEvent(1), listedEvent(2)]
  const response = await gateway.fetch(`${STREAM}?actor=u_1&after=0`, {
    token: ADMIN_TOKEN,
    headers: { 'last-event-id': '1' },
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const text = await readUntil(response, 'id: 2')
  expect(text).toBe(`: connected\n\nid: 2\nevent: event\ndata: ${JSON.stringify(listedEvent(2))}\n\n`)
  expect(gateway.query.asked[0]?.request).toEqual({ filters: { actor: ['u_1'] }, after: 1 })
})

test.each([
  ['a malformed Last-Event-ID', { 'last-event-id': '1e3' }, 400],
  ['no token', { authorization: 'Bearer none' }, 401],
])('%s is a problem document', async (_, headers, status) => {
  expect(
    (await gateway.fetch(STREAM, { token: ADMIN_TOKEN, headers: headers as Record<string, string> })).status,
  ).toBe(status)
})

test('a refusal is a status, not a stream', async () => {
  gateway.query.failure = new TrailsealError('plan_required', 'The plan does not show events.')
  expect((await gateway.fetch(STREAM, { token: ADMIN_TOKEN })).status).toBe(403)
})

test('a slow reader stops the reading of the log', async () => {
  const many = 4_000
  gateway.query.feed = Array.from({ length: many }, (_, seq) => listedEvent(seq, 'x'.repeat(10_000)))
  gateway.query.taken = 0
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  socket.write(
    `GET ${STREAM}?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`,
  )
  await once(socket, 'readable')
  // Nothing is read: the count stands still once the buffers of both sides are full.
  let before = -1
  while (gateway.query.taken !== before) {
    before = gateway.query.taken
    await gateway.fetch('/healthz')
    await gateway.fetch('/healthz')
  }
  expect(gateway.query.taken).toBeLessThan(many - 1)
  socket.destroy()
})

test('streams end when the server closes', async () => {
  gateway.query.feed = [listedEvent(0)]
  const response = await gateway.fetch(`${STREAM}?after=0`, { token: ADMIN_TOKEN })
  const ended = response.text()
  await gateway.server.close()
  expect(await ended).toBe(': connected\n\n')
})
