import { describe, expect, test } from '@jest/globals'
import { fromEcs } from '../../../../src/ingest/ecs/ecs.ts'
import { prepareEvent } from '../../../../src/ingest/prepare/prepare-event.ts'

const NOW = Date.parse('2026-11-23T12:00:00.000Z')
const prepare = (document: unknown) => prepareEvent(fromEcs(document), 0, NOW)

const nested = {
  '@timestamp': '2026-11-22T10:00:00.000Z',
  message: 'User anna changed the file',
  event: {
    id: 'e-1',
    action: 'file.renamed',
    category: ['file'],
    type: ['change'],
    outcome: 'failure',
    reason: 'tidy',
  },
  user: {
    id: 'u_7',
    name: 'anna',
    full_name: 'Anna A',
    email: 'anna@example.com',
    roles: ['editor', 'owner'],
  },
  file: { name: 'a.pdf', path: '/x/a.pdf' },
  source: { ip: '203.0.113.7', address: '203.0.113.7', port: 4_711 },
  client: { ip: '203.0.113.7' },
  related: { ip: ['203.0.113.7'], user: ['anna'] },
  user_agent: { original: 'curl/8.5.0', version: '8.5.0' },
  labels: { team: 'blue' },
}

describe('an ECS document', () => {
  const event = prepare(nested)

  test('becomes an event with its own words', () => {
    expect(event).toMatchObject({
      id: 'e-1',
      timestamp: '2026-11-22T10:00:00.000Z',
      actor: { type: 'user', id: 'u_7', name: 'Anna A', email: 'anna@example.com', role: 'editor' },
      action: 'file.renamed',
      category: 'file',
      outcome: 'failure',
      resource: { type: 'FILE', id: '/x/a.pdf', name: 'a.pdf' },
      justification: 'tidy',
      source: { ip: '203.0.113.0', user_agent: 'curl 8' },
      metadata: {
        message: 'User anna changed the file',
        labels: { team: 'blue' },
        source: { port: 4_711 },
        related: { user: ['anna'] },
      },
    })
  })

  test('keeps no copy of the full address', () => {
    expect(JSON.stringify(event)).not.toContain('203.0.113.7')
  })

  test('may be written with dotted names, or with both', () => {
    const dotted = {
      '@timestamp': '2026-11-22T10:00:00.000Z',
      'event.action': 'file.renamed',
      'event.outcome': 'failure',
      event: { id: 'e-1' },
      'user.id': 'u_7',
      'file.path': '/x/a.pdf',
      'source.ip': '203.0.113.7',
    }
    expect(prepare(dotted)).toMatchObject({
      id: 'e-1',
      action: 'file.renamed',
      outcome: 'failure',
      actor: { type: 'user', id: 'u_7' },
      resource: { type: 'FILE', id: '/x/a.pdf' },
      source: { ip: '203.0.113.0' },
    })
  })

  test('may say very little', () => {
    expect(prepare({ message: 'hello' })).toMatchObject({
      timestamp: '2026-11-23T12:00:00.000Z',
      actor: { type: 'system' },
      action: 'event.recorded',
      outcome: 'success',
      resource: { type: 'UNKNOWN' },
      metadata: { message: 'hello' },
    })
  })

  test('may give its time in milliseconds', () => {
    expect(prepare({ '@timestamp': NOW }).timestamp).toBe('2026-11-23T12:00:00.000Z')
  })

  test('cannot reach a prototype with its names', () => {
    prepare(
      JSON.parse('{"__proto__.polluted":1,"constructor.prototype.polluted":1,"__proto__":{"polluted":1}}'),
    )
    expect({}).not.toHaveProperty('polluted')
  })

  test.each([null, 'x', []])('%j is refused as any invalid event is', (document) => {
    expect(() => prepare(document)).toThrow(expect.objectContaining({ code: 'invalid_event' }))
  })
})
