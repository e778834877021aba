import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import { once } from 'node:events'
import { join } from 'node:path'
import { runTrailseal, startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What operators rely on (contract §10), with real processes. */

const EVENTS = '/v1/workspaces/default/events'
const directory = temporaryDirectory()
const gateways: GatewayProcess[] = []

async function start(dataDir: string, more: Record<string, string> = {}): Promise<GatewayProcess> {
  const gateway = await startGateway(join(directory.path, dataDir), more)
  gateways.push(gateway)
  const body = JSON.stringify({ name: 'Default', plan: 'strategic' })
  const headers = { 'content-type': 'application/json' }
  await gateway.fetch('/v1/workspaces/default', { method: 'PUT', body, headers })
  return gateway
}

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.kill()
})

afterAll(() => directory[Symbol.dispose]())

function event(id: string, more: object = {}): object {
  return {
    id,
    timestamp: '2026-11-23T12:00:00.000Z',
    actor: { type: 'user', id: 'u_1' },
    action: 'evidence.uploaded',
    resource: { type: 'FILE', id },
    ...more,
  }
}

async function post(gateway: GatewayProcess, events: readonly object[]): Promise<Response> {
  const headers = { 'content-type': 'application/x-ndjson' }
  const body = events.map((each) => JSON.stringify(each)).join('\n')
  return await gateway.fetch(EVENTS, { method: 'POST', headers, body })
}

/** Sends one event after the other until the signal, or until nobody answers; gathers the ids that were acknowledged. */
async function write(
  gateway: GatewayProcess,
  name: string,
  acknowledged: string[],
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; !signal.aborted; at++) {
    try {
      const response = await post(gateway, [event(`${name}-${at}`)])
      await response.text()
      if (response.status === 201) acknowledged.push(`${name}-${at}`)
      else if (response.status !== 503) throw new Error(`answered ${response.status}`)
    } catch (error) {
      // Nobody answers any more. (Errors of Node's own fetch come from outside the test's realm: no `instanceof`.)
      if ((error as Error).message === 'fetch failed' || (error as Error).message === 'terminated') return
      throw error
    }
  }
}

async function size(gateway: GatewayProcess): Promise<number> {
  const response = await gateway.fetch('/v1/workspaces/default/integrity')
  return ((await response.json()) as { size: number }).size
}

async function until(condition: () => boolean, milliseconds = 10_000): Promise<number> {
  const started = performance.now()
  while (!condition()) {
    if (performance.now() - started > milliseconds) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - started
}

async function expectVerified(dataDir: string): Promise<void> {
  const { code, stdout } = await runTrailseal(join(directory.path, dataDir), ['verify', '--store'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/ok: nothing was changed\n$/) })
}

describe('what operators ask', () => {
  test('healthz, readyz, metrics, docs and an OpenAPI document that its specification accepts', async () => {
    const gateway = await start('questions')
    await post(gateway, [event('one')])
    const open = async (path: string) => await fetch(new URL(path, gateway.url))
    expect(await (await open('/healthz')).json()).toEqual({ ok: true })
    expect(await (await open('/readyz')).json()).toMatchObject({ ready: true })
    const metrics = await (await open('/metrics')).text()
    expect(metrics).toMatch(/^# TYPE \S+ histogram$/m)
    expect(metrics).toMatch(/route="\/v1\/workspaces\/\{workspace\}\/events"/)
    expect(metrics).not.toContain('u_1')
    const docs = await open('/docs')
    expect(docs.headers.get('content-type')).toMatch(/^text\/html/)
    const document = (await (await open('/openapi.json')).json()) as Record<string, unknown>
    expect(await new Validator().validate(document)).toEqual({ valid: true })
    const text = await docs.text()
    for (const path of Object.keys(document['paths'] as object)) expect(text).toContain(path.split('{')[0])
  })
})

describe('SIGTERM under load', () => {
  test('stops accepting, answers and keeps what it took, and is gone within 10 seconds', async () => {
    const gateway = await start('stopping')
    const acknowledged: string[] = []
    const stop = new AbortController()
    const writers = Array.from({ length: 12 }, (_, at) => write(gateway, `w${at}`, acknowledged, stop.signal))
    const stream = await gateway.fetch('/v1/workspaces/default/stream')
    await until(() => acknowledged.length > 200)
    const exited = once(gateway.child, 'exit')
    const started = performance.now()
    gateway.child.kill('SIGTERM')
    const [code] = (await exited) as [number | null]
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(code).toBe(0)
    expect(gateway.errors()).toBe('')
    await Promise.all(writers)
    expect(await stream.text()).toContain('event: event')
    await expect(gateway.fetch('/healthz')).rejects.toThrow('fetch failed')

    const next = await start('stopping')
    const before = await size(next)
    const again = await post(
      next,
      acknowledged.map((id) => event(id)),
    )
    const { events } = (await again.json()) as { events: { known?: true }[] }
    expect(events.filter(({ known }) => known !== true)).toEqual([])
    expect(await size(next)).toBe(before)
  })
})

/** Server-Sent Events: the data of each, as they come. */
async function follow(gateway: GatewayProcess, lastEventId: string | null, query = '') {
  const headers = lastEventId === null ? {} : { 'last-event-id': lastEventId }
  const response = await gateway.fetch(`/v1/workspaces/default/stream${query}`, { headers })
  expect(response.status).toBe(200)
  const seen: { id: string; name: string }[] = []
  const reading = (async () => {
    let text = ''
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true })
        const blocks = text.split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) {
          const [, id, data] = /^id: (\d+)\nevent: event\ndata: (.*)$/.exec(block) ?? []
          if (id !== undefined && data !== undefined)
            seen.push({ id, name: (JSON.parse(data) as { id: string }).id })
        }
      }
    } catch {
      // The gateway was killed.
    }
  })()
  return { seen, reading }
}

describe('the live feed', () => {
  test('an event arrives within a second, and Last-Event-ID leaves no gap across a crash', async () => {
    const first = await start('live')
    const feed = await follow(first, null, '?resource_type=FILE')
    const sent = performance.now()
    expect((await post(first, [event('live-0'), event('live-1')])).status).toBe(201)
    await until(() => feed.seen.length === 2)
    expect(performance.now() - sent).toBeLessThan(1_000)
    await post(
      first,
      Array.from({ length: 250 }, (_, at) => event(`live-${at + 2}`)),
    )
    await until(() => feed.seen.length >= 100)
    await first.kill()
    await feed.reading

    const second = await start('live')
    await post(second, [event('live-252')])
    const resumed = await follow(second, feed.seen.at(-1)?.id ?? '', '?resource_type=FILE')
    await until(() => resumed.seen.at(-1)?.name === 'live-252')
    const names = [...feed.seen, ...resumed.seen].map(({ name }) => name)
    expect(names).toEqual(Array.from({ length: 253 }, (_, at) => `live-${at}`))
  })
})

describe('several at once', () => {
  test('two gateways and the command line append to one log without loss, and it verifies', async () => {
    const two = [await start('shared'), await start('shared')] as const
    const before = await size(two[0])
    const acknowledged: string[] = []
    const stop = new AbortController()
    const writers = two.flatMap((gateway, number) =>
      Array.from({ length: 4 }, (_, at) => write(gateway, `g${number}-${at}`, acknowledged, stop.signal)),
    )
    const made = []
    for (let round = 0; round < 3; round++)
      made.push(
        await runTrailseal(join(directory.path, 'shared'), [
          'token',
          'create',
          '--role',
          'owner',
          '--workspace',
          'default',
        ]),
      )
    await until(() => acknowledged.length > 300)
    stop.abort()
    await Promise.all(writers)
    expect(made.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      made.map(() => ({ code: 0, stderr: expect.stringMatching(/^id tok_/) })),
    )
    expect(new Set(acknowledged).size).toBe(acknowledged.length)
    for (const gateway of two) {
      expect(await size(gateway)).toBe(before + acknowledged.length + made.length)
      expect(gateway.errors()).toBe('')
    }
    // Each sees at once what the other wrote.
    const theirs = acknowledged.find((id) => id.startsWith('g1-')) ?? ''
    expect((await two[0].fetch(`${EVENTS}/${theirs}`)).status).toBe(200)
    await expectVerified('shared')
  })

  test('ingest goes on while the store is verified and searched', async () => {
    const gateway = await start('busy')
    const filler = Array.from({ length: 2_000 }, (_, at) =>
      event(`f-${at}`, { metadata: { text: `word${at} common` } }),
    )
    for (let batch = 0; batch < 5; batch++)
      await post(
        gateway,
        filler.map((each, at) => ({ ...each, id: `b${batch}-${at}` })),
      )
    const verification = { done: false }
    const verifying = runTrailseal(join(directory.path, 'busy'), ['verify', '--store']).finally(
      () => (verification.done = true),
    )
    const searches = Array.from({ length: 3 }, async () => {
      while (!verification.done) {
        const response = await gateway.fetch(`${EVENTS}?q=com*+NOT+word7&limit=200`)
        expect(response.status).toBe(200)
        await response.text()
      }
    })
    const waits: number[] = []
    for (let at = 0; !verification.done; at++) {
      const started = performance.now()
      expect((await post(gateway, [event(`during-${at}`)])).status).toBe(201)
      waits.push(performance.now() - started)
    }
    await Promise.all(searches)
    const { code, stdout } = await verifying
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/ok: nothing was changed\n$/) })
    expect(waits.length).toBeGreaterThan(10)
    expect(Math.max(...waits)).toBeLessThan(2_000)
  })
})
