import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { startGateway, runTrailseal, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** The whole path with real events: 2,900 CloudTrail records of a simulated attack. */
const FILE = join(import.meta.dirname, '../vectors/cloudtrail-stratus.ndjson.gz')

interface Record {
  readonly eventID: string
  readonly eventName: string
  readonly errorCode?: string
  readonly userIdentity: { readonly userName?: string }
}

const directory = temporaryDirectory()
const records: Record[] = []
let gateway: GatewayProcess

async function count(parameters: { readonly [name: string]: string }): Promise<number> {
  const query = new URLSearchParams({ ...parameters, limit: '1' })
  const response = await gateway.fetch(`/v1/workspaces/default/events?${query.toString()}`)
  const body = (await response.json()) as { total: { value: number; relation: string } }
  expect(body.total.relation).toBe('eq')
  return body.total.value
}

beforeAll(async () => {
  for await (const line of createInterface({ input: createReadStream(FILE).pipe(createGunzip()) }))
    records.push(JSON.parse(line) as Record)
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

describe('import, search and verification of real events', () => {
  test('the import lands every record, and a second run adds none', async () => {
    const args = ['import', FILE, '--format', 'cloudtrail', '--json']
    const first = await runTrailseal(directory.path, args)
    expect(JSON.parse(first.stdout)).toMatchObject({ read: 2900, added: 2900, known: 0, invalid: 0 })
    expect(first.code).toBe(0)
    const second = await runTrailseal(directory.path, args)
    expect(JSON.parse(second.stdout)).toMatchObject({ read: 2900, added: 0, known: 2900 })
    gateway = await startGateway(directory.path)
  })

  test('failed calls are failures, and every action is counted as in the raw file', async () => {
    expect(await count({ outcome: 'failure' })).toBe(
      records.filter(({ errorCode }) => errorCode !== undefined).length,
    )
    const response = await gateway.fetch('/v1/workspaces/default/facets?field=action')
    const { buckets } = (await response.json()) as { buckets: { key: string; count: number }[] }
    const raw = Map.groupBy(records, ({ eventName }) => eventName)
    expect(raw.size).toBe(260)
    const shown = new Map(buckets.map(({ key, count: events }) => [key, events]))
    expect(shown.size).toBeGreaterThanOrEqual(100)
    shown.delete('workspace.created')
    for (const [name, events] of shown) expect(events).toBe(raw.get(name)?.length)
  })

  test('queries give the counts that the raw file gives', async () => {
    const deletions = records.filter(({ eventName }) => eventName === 'DeleteParameter')
    expect(await count({ q: 'action:DeleteParameter' })).toBe(deletions.length)
    const failed = deletions.filter(({ errorCode }) => errorCode !== undefined).length
    expect(await count({ q: 'action:DeleteParameter outcome:failure' })).toBe(failed)
    expect(await count({ q: 'action:DeleteParameter -outcome:failure' })).toBe(deletions.length - failed)
    expect(await count({ q: 'action:DeleteParameter', outcome: 'failure' })).toBe(failed)
    const byName = records.filter(({ userIdentity }) => userIdentity.userName === 'benjamin').length
    expect(byName).toBeGreaterThan(0)
    expect(await count({ q: 'actor.name:benjamin' })).toBe(byName)
    expect(await count({ q: 'actor.name:benj*' })).toBe(byName)
    expect(await count({ q: 'ThrottlingException' })).toBe(
      records.filter((record) => JSON.stringify(record).includes('ThrottlingException')).length,
    )
  })

  test('a search in pages gives each event once, newest first', async () => {
    const seen: string[] = []
    let before = Number.POSITIVE_INFINITY
    for (let cursor: string | null = ''; cursor !== null;) {
      const suffix: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const response = await gateway.fetch(`/v1/workspaces/default/events?q=ssm&limit=400${suffix}`)
      const page = (await response.json()) as {
        events: { id: string; timestamp: string }[]
        next_cursor: string | null
      }
      for (const { id, timestamp } of page.events) {
        expect(Date.parse(timestamp)).toBeLessThanOrEqual(before)
        before = Date.parse(timestamp)
        seen.push(id)
      }
      cursor = page.next_cursor
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBe(await count({ q: 'ssm' }))
  })

  test('no secret of the raw file is in the log', async () => {
    const secrets = new Set<string>()
    JSON.stringify(records, (key, value: unknown) => {
      if (
        typeof value === 'string' &&
        /^(secretAccessKey|sessionToken|password|masterUserPassword|newPassword)$/i.test(key)
      )
        secrets.add(value)
      return value
    })
    const response = await gateway.fetch('/v1/workspaces/default/events?limit=1000&q=metadata')
    expect(response.status).toBe(200)
    const plain = [...secrets].filter((secret) => !secret.startsWith('HIDDEN') && secret.length > 5)
    for (const secret of plain) expect(await count({ q: JSON.stringify(secret) })).toBe(0)
  })

  test('the log verifies: over HTTP, from the store, and one event with its proof alone', async () => {
    const online = await runTrailseal(
      directory.path,
      ['verify', '--url', gateway.url, '--workspace', 'default', '--json'],
      {
        environment: { TRAILSEAL_TOKEN: 'admin-token-of-the-tests-0123456789' },
      },
    )
    expect(online.stderr).toBe('')
    expect(JSON.parse(online.stdout)).toMatchObject({ ok: true })
    const offline = await runTrailseal(directory.path, ['verify', '--store', '--json'])
    expect(JSON.parse(offline.stdout)).toMatchObject({ ok: true, findings: [] })
  })
})
