import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { createGzip, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib'
import { event, EVENTS, expectProblem, JSON_TYPE, MEBIBYTE, NDJSON, Target } from '../support/target.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Bombs, floods, half uploads and what is no HTTP: refused, memory bounded, nothing half-stored, process alive. */

/** What a gateway with its worker threads may hold at its peak while it refuses. */
const MOST_MEMORY = 400 * MEBIBYTE
/**
 * Bodies of 32 MiB that are taken cost some 20 times their size, because words, path words and their way to the writer thread
 * are all in memory at once. The bound holds that more of them at the same time don't cost more: the intake lets two in.
 */
const MOST_MEMORY_OF_LARGE_BODIES = 1_536 * MEBIBYTE

const directory = temporaryDirectory()
let target: Target

beforeAll(async () => {
  target = await Target.start(directory.path)
})

afterAll(async () => {
  await target[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

/** Peak resident memory of the gateway, in bytes. */
function peakMemory(): number {
  const status = readFileSync(`/proc/${target.gateway.child.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

describe('hostile connections', () => {
  const token = 'admin-token-of-the-tests-0123456789'

  /** A body that is made while it is sent: answers may come before it is complete. */
  async function send(
    headers: Record<string, string>,
    body: Readable,
  ): Promise<{ status: number; text: string }> {
    const request = httpRequest(new URL(EVENTS, target.gateway.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': JSON_TYPE, ...headers },
    })
    // The gateway may stop reading; what counts is its answer.
    request.on('error', () => body.destroy())
    body.on('error', () => undefined)
    body.pipe(request)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    body.destroy()
    request.destroy()
    return { status: response.statusCode ?? 0, text }
  }

  function zeros(bytes: number, byte = 0x20): Readable {
    const block = Buffer.alloc(MEBIBYTE, byte)
    return Readable.from(
      (function* () {
        for (let sent = 0; sent < bytes; sent += block.length) yield block
      })(),
    )
  }

  async function packed(stream: NodeJS.ReadWriteStream): Promise<Buffer> {
    zeros(1024 * MEBIBYTE, 0).pipe(stream)
    return Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>))
  }

  test('bombs of 1 GiB are refused, and memory stays bounded', async () => {
    const before = await target.logSize()
    const bombs = [
      ['gzip', await packed(createGzip({ level: 1 }))],
      ['zstd', await packed(createZstdCompress())],
    ] as const
    for (const [encoding, bomb] of bombs) {
      for (const type of [JSON_TYPE, NDJSON]) {
        const headers = { 'content-type': type, 'content-encoding': encoding }
        const response = await target.post(bomb, headers)
        expect([400, 413]).toContain(response.status)
        expect(response.headers.get('content-type')).toBe('application/problem+json')
      }
    }
    // A bomb of blanks is JSON's white space: only the length can stop it.
    const blanks = gzipSync(Buffer.alloc(64 * MEBIBYTE, 0x20))
    const unpacked = await target.post(blanks, { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' })
    await expectProblem(unpacked, 413, 'body_too_large')
    expect(await target.logSize()).toBe(before)
    expect(peakMemory()).toBeLessThan(MOST_MEMORY)
  })

  test('a corrupt, cut off or wrongly named coding is bad_request', async () => {
    const before = await target.logSize()
    const body = JSON.stringify(event())
    const gzip = gzipSync(body)
    const broken = Buffer.from(gzip)
    broken[12] = (broken[12] ?? 0) ^ 0xff
    const cases: [string, Uint8Array][] = [
      ['gzip', gzip.subarray(0, gzip.length - 5)],
      ['gzip', broken],
      ['gzip', Buffer.from(body)],
      ['gzip', Buffer.alloc(0)],
      ['zstd', gzip],
      ['zstd', zstdCompressSync(body).subarray(0, 20)],
    ]
    for (const [encoding, bytes] of cases) {
      const response = await target.post(bytes, { 'content-type': JSON_TYPE, 'content-encoding': encoding })
      await expectProblem(response, 400, 'bad_request')
    }
    expect(await target.logSize()).toBe(before)
  })

  test('a body over 32 MiB is body_too_large, with and without a length, and the next request works', async () => {
    const blanks = () => zeros(40 * MEBIBYTE)
    const chunked = await send({}, blanks())
    expect(chunked.status).toBe(413)
    expect(JSON.parse(chunked.text)).toMatchObject({ code: 'body_too_large' })
    const long = await send({ 'content-length': String(40 * MEBIBYTE) }, blanks())
    expect(long.status).toBe(413)
    expect((await target.post(JSON.stringify(event()))).status).toBe(201)
  })

  test('20 bodies of 32 MiB at once: each is stored whole or refused with a reason, and memory stays bounded', async () => {
    const before = await target.logSize()
    const filler = 'word '.repeat(6_000)
    const batch = Array.from({ length: 1_000 }, () => JSON.stringify(event({ metadata: { filler } }))).join(
      '\n',
    )
    const body = Buffer.from(batch)
    expect(body.length).toBeGreaterThan(28 * MEBIBYTE)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send({ 'content-type': NDJSON }, Readable.from([body]))),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status !== 201 && status !== 429)).toEqual([])
    expect(statuses).toContain(201)
    expect(await target.logSize()).toBe(before + 1_000 * statuses.filter((status) => status === 201).length)
    expect(peakMemory()).toBeLessThan(MOST_MEMORY_OF_LARGE_BODIES)
  })

  test('uploads that stop half-way store nothing', async () => {
    const before = await target.logSize()
    const half = `[${JSON.stringify(event())},${JSON.stringify(event()).slice(0, 40)}`
    for (let round = 0; round < 20; round++) {
      const request = httpRequest(new URL(EVENTS, target.gateway.url), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': JSON_TYPE,
          ...(round % 2 === 0 ? { 'content-length': '100000' } : {}),
        },
      })
      request.on('error', () => undefined)
      request.write(half)
      await new Promise((resolve) => setImmediate(resolve))
      request.destroy()
    }
    expect(await target.logSize()).toBe(before)
    expect((await target.gateway.fetch('/healthz')).status).toBe(200)
  })

  test.each([
    ['huge headers', `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    [
      'two lengths',
      `POST ${EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      400,
    ],
    [
      'smuggling',
      `POST ${EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
  ])('%s: answered, and cut', async (_name, text, status) => {
    const { hostname, port } = new URL(target.gateway.url)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => undefined)
    socket.write(Buffer.from(text, 'latin1'))
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    await once(socket, 'close')
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect((await target.gateway.fetch('/healthz')).status).toBe(200)
  })
})

test('after all this the process is the same, and nothing counted as a fault of its own', async () => {
  expect(target.gateway.child.exitCode).toBeNull()
  expect(await (await target.gateway.fetch('/readyz')).json()).toMatchObject({ ready: true })
  expect(target.gateway.errors()).toBe('')
})
