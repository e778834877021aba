import { expect, test } from '@jest/globals'
import type { AuditEvent } from '../../../src/event/audit-event.ts'
import { MAX_PATH_TOKENS, searchDocument } from '../../../src/projection/search-document.ts'
import { pathToken, VALUE_BREAK } from '../../../src/search/tokenizer.ts'

const event: AuditEvent = {
  id: 'client-1',
  timestamp: '2026-11-23T12:00:00.123Z',
  actor: { type: 'user', id: 'u_7', email: 'a@example.com', name: 'Ana', role: 'owner' },
  action: 'evidence.uploaded',
  verb: 'CREATE',
  category: 'evidence',
  outcome: 'success',
  resource: { type: 'FILE', id: 'f_9', name: 'risk.pdf', url: 'https://x.example/f9' },
  related: [
    { type: 'OBLIGATION', id: 'o_1', name: 'Art. 13' },
    { type: 'FILE', id: 'f_9' },
    { type: 'NOTE' },
  ],
  before: { status: 'Gap' },
  after: { status: 'Partial', list: [1.5, true, null, { Deep: 'Down' }] },
  justification: 'As asked',
  source: { ip: '203.0.113.0', user_agent: 'Firefox 140' },
  metadata: { 'a.b': 'x' },
}

test('every text of an event is somewhere, keys are not', () => {
  const { texts, paths, ...rest } = searchDocument('ws', 3, 'client-1', event)
  const break_ = ` ${VALUE_BREAK} `
  expect(texts).toEqual({
    'actor.email': 'a example com',
    'actor.id': 'u 7',
    'actor.name': 'ana',
    'actor.type': 'user',
    category: 'evidence',
    action: 'evidence uploaded',
    verb: 'create',
    outcome: 'success',
    'resource.type': 'file',
    'resource.id': 'f 9',
    'resource.name': 'risk pdf',
    'source.ip': '203 0 113 0',
    justification: 'as asked',
    before: 'gap',
    after: ['1 5', 'true', 'down', 'partial'].join(break_),
    metadata: 'x',
    other: [
      'client 1',
      'owner',
      'https x example f9',
      'firefox 140',
      'obligation',
      'o 1',
      'art 13',
      'file',
      'f 9',
      'note',
    ].join(break_),
  })
  expect(paths.split(break_)).toEqual([
    pathToken('before.status', 'gap'),
    `${pathToken('after.list', '1')} ${pathToken('after.list', '5')}`,
    pathToken('after.list', 'true'),
    pathToken('after.list.deep', 'down'),
    pathToken('after.status', 'partial'),
    pathToken('metadata.a.b', 'x'),
  ])
  expect(rest).toEqual({
    workspace: 'ws',
    seq: 3,
    timestamp: Date.parse(event.timestamp),
    exact: {
      id: ['client-1'],
      actor: ['u_7'],
      category: ['evidence'],
      action: ['evidence.uploaded'],
      verb: ['CREATE'],
      outcome: ['success'],
      resource_type: ['FILE'],
      resource_id: ['f_9'],
      touches: ['FILE/f_9', 'OBLIGATION/o_1'],
    },
  })
})

test('an event and its entry, read back from the log, give the same document', () => {
  const anonymous: AuditEvent = { ...event, metadata: { b: 'x', a: { d: 1, c: [2] } } }
  Reflect.deleteProperty(anonymous, 'id')
  const entry: AuditEvent = { ...anonymous, id: 'seq_3', metadata: { a: { c: [2], d: 1 }, b: 'x' } }
  const document = searchDocument('ws', 3, 'seq_3', anonymous)
  expect(document).toEqual(searchDocument('ws', 3, 'seq_3', entry))
  expect(document.texts.other).toMatch(/^owner/)
})

test('a hostile event does not become megabytes', () => {
  const metadata = { ['k'.repeat(500)]: 'a '.repeat(30_000) }
  const document = searchDocument('ws', 3, 'seq_3', { ...event, metadata, before: {}, after: {} })
  expect(document.texts.metadata?.split(' ')).toHaveLength(30_000)
  expect(document.paths.split(' ')).toHaveLength(MAX_PATH_TOKENS)
})
