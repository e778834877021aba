import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import type { AuditEvent } from '../../../../src/event/audit-event.ts'
import { canonicalParts, MAX_ENTRY_BYTES } from '../../../../src/event/entry.ts'
import { fromCloudTrail } from '../../../../src/ingest/cloudtrail/cloudtrail.ts'
import { prepareEvent } from '../../../../src/ingest/prepare/prepare-event.ts'

type JsonRecord = Record<string, unknown>

const text = gunzipSync(readFileSync('test/vectors/cloudtrail-stratus.ndjson.gz')).toString()
const records = text
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as JsonRecord)
const prepare = (record: unknown): AuditEvent => prepareEvent(fromCloudTrail(record), 0, 0)
const events = records.map(prepare)

/** All texts of a value with the path of field names that leads to them. */
function* texts(value: unknown, path = ''): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value]
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value))
    yield* texts(member, Array.isArray(value) ? path : `${path}.${key}`)
}

const base = {
  eventID: 'e-1',
  eventTime: '2023-07-10T11:42:18Z',
  eventName: 'DeleteParameter',
  eventSource: 'ssm.amazonaws.com',
  userIdentity: { type: 'IAMUser', principalId: 'AIDA1', userName: 'bob' },
}

describe('the 2,900 records of a simulated attack', () => {
  test('all become events, with their own ids, none too long', () => {
    expect(events).toHaveLength(2_900)
    expect(new Set(events.map((event) => event.id)).size).toBe(2_900)
    expect(Math.max(...events.map((event) => canonicalParts(event).bytes))).toBeLessThan(MAX_ENTRY_BYTES)
  })

  test('failed exactly where the record has an error code', () => {
    const failed = events.filter((event) => event.outcome === 'failure').map((event) => event.id)
    expect(failed).toEqual(
      records.filter((record) => 'errorCode' in record).map((record) => record['eventID']),
    )
    expect(failed).toHaveLength(300)
  })

  test('keep action and principal, so that counts are those of the raw file', () => {
    for (const [index, record] of records.entries()) {
      const event = events[index]!
      expect(event.action).toBe(record['eventName'])
      const userName = (record['userIdentity'] as JsonRecord)['userName']
      expect(userName === undefined || event.actor.name === userName).toBe(true)
    }
    const deleted = events.filter(
      (event) => event.action === 'DeleteParameter' && event.outcome === 'failure',
    )
    const raw = records.filter((record) => record['eventName'] === 'DeleteParameter' && 'errorCode' in record)
    expect(deleted).toHaveLength(raw.length)
  })

  test('land on any plan: none is an API-call event', () => {
    expect(events.filter((event) => event.category === 'api')).toEqual([])
    expect(events.filter((event) => event.category === 'account').length).toBeGreaterThan(50)
  })

  test('lose every secret, and nothing else but addresses and agents in full', () => {
    const taken = new Map<string, number>()
    for (const [index, record] of records.entries()) {
      const kept = new Map([...texts(events[index])].map(([path, value]) => [value, path]))
      for (const [path, value] of texts(record)) {
        if (value === '' || kept.has(value) || path === '.userAgent') continue
        if (path === '.eventTime' || path === '.sourceIPAddress') continue
        taken.set(path, (taken.get(path) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries(taken)).toEqual({ '.responseElements.credentials.sessionToken': 36 })
    expect(events.reduce((sum, event) => sum + (event.redacted ?? 0), 0)).toBe(36)
  })

  test('hold nothing that looks like a secret any more', () => {
    const all = JSON.stringify(events)
    expect(all).not.toMatch(/IQoJb3JpZ2lu|PRIVATE KEY|eyJ[\w-]+\.eyJ/)
    const named = /(?:password|secretaccesskey|sessiontoken|secretstring|userdata)$/i
    const left = events
      .flatMap((event) => [...texts(event)])
      .filter(
        ([path, value]) => named.test(path) && !/^\[redacted|^HIDDEN_DUE_TO_SECURITY_REASONS$/.test(value),
      )
    expect(left).toEqual([])
    // an access key id names a key: the search for a stolen one starts with it
    expect(all).toContain('AKIATFQR7NSCQLA2F4OD')
  })

  test('hold no full address of a caller', () => {
    const addresses = new Set(
      records.map((record) => record['sourceIPAddress'] as string).filter((ip) => /^\d/.test(ip)),
    )
    expect(addresses.size).toBeGreaterThan(5)
    for (const event of events) {
      const { ip } = event.source ?? {}
      expect(ip === undefined || /^\d+\.\d+\.\d+\.0$/.test(ip)).toBe(true)
      expect(addresses).not.toContain(event.metadata?.['sourceIPAddress'])
    }
  })
})

describe('a CloudTrail record', () => {
  test.each<[string, JsonRecord, object]>([
    ['a user', base.userIdentity, { type: 'user', id: 'AIDA1', name: 'bob' }],
    [
      'the root user',
      { type: 'Root', principalId: '123', accountId: '123' },
      { type: 'user', id: '123', name: 'root' },
    ],
    [
      'a role',
      {
        type: 'AssumedRole',
        principalId: 'AROA1:session',
        arn: 'arn:aws:sts::123:assumed-role/admin/session',
        sessionContext: { sessionIssuer: { userName: 'admin' } },
      },
      { type: 'user', id: 'AROA1:session', name: 'admin/session', role: 'admin' },
    ],
    [
      'a service',
      { type: 'AWSService', invokedBy: 'ec2.amazonaws.com' },
      { type: 'system', id: 'ec2.amazonaws.com', name: 'ec2.amazonaws.com' },
    ],
    ['an account', { type: 'AWSAccount', accountId: '123' }, { type: 'api_token', id: '123', name: '123' }],
    [
      'no type',
      { accountId: '123', invokedBy: 'x.amazonaws.com' },
      { type: 'system', id: 'x.amazonaws.com', name: 'x.amazonaws.com' },
    ],
    ['nobody', {}, { type: 'system' }],
  ])('of %s names the actor', (_who, userIdentity, actor) => {
    expect(prepare({ ...base, userIdentity }).actor).toEqual(actor)
  })

  test.each<[string, JsonRecord, object]>([
    [
      'listed',
      { resources: [{ ARN: 'arn:aws:s3:::b', type: 'AWS::S3::Bucket' }] },
      { type: 'AWS::S3::Bucket', id: 'arn:aws:s3:::b', name: 'b' },
    ],
    [
      'requested',
      { requestParameters: { name: '/db/user' } },
      { type: 'AWS::SSM::Parameter', id: '/db/user', name: '/db/user' },
    ],
    [
      'neither',
      { requestParameters: null },
      { type: 'AWS::Service', id: 'ssm.amazonaws.com', name: 'ssm.amazonaws.com' },
    ],
  ])('names its resource when it is %s', (_how, fields, resource) => {
    expect(prepare({ ...base, ...fields }).resource).toEqual(resource)
  })

  test('with several resources relates the others', () => {
    const resources = ['a', 'b', 'c'].map((name) => ({
      ARN: `arn:aws:iam::1:role/${name}`,
      type: 'AWS::IAM::Role',
    }))
    expect(prepare({ ...base, resources }).related?.map((resource) => resource.name)).toEqual(['b', 'c'])
  })

  test('of a failed console sign-in is a failure without an error code', () => {
    const record = { ...base, eventName: 'ConsoleLogin', responseElements: { ConsoleLogin: 'Failure' } }
    expect(prepare(record)).toMatchObject({ verb: 'LOGIN', category: 'account', outcome: 'failure' })
  })

  test('too deep, too long or with broken texts still becomes an event, and loses no secret to it', () => {
    const deep = (levels: number): unknown =>
      levels === 0 ? { password: 'hunter2' } : { a: deep(levels - 1) }
    const hostile = JSON.parse('{"__proto__":{"a":1},"x\\u0000":"\\ud800\\u0000"}') as JsonRecord
    const event = prepare({
      ...base,
      deep: deep(40),
      long: 'word '.repeat(40_000),
      requestParameters: hostile,
    })
    expect(event.metadata?.['long']).toMatch(/^\[left out: \d+ characters of JSON\]$/)
    expect(JSON.stringify(event)).not.toContain('hunter2')
    expect(event.metadata?.['requestParameters']).toEqual({ _proto_: { a: 1 }, 'x\ufffd': '\ufffd\ufffd' })
  })

  test.each([null, 7, 'x', [], {}])('%j is refused as any invalid event is', (record) => {
    expect(() => prepare(record)).toThrow(expect.objectContaining({ code: 'invalid_event' }))
  })
})
