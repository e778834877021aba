import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../src/clock.ts'
import type { PreparedEvent } from '../../src/event/prepared-event.ts'
import type { ElasticsearchLedger } from '../../src/ledger/elasticsearch/elasticsearch-ledger.ts'
import { elasticsearchUrl, type TestCluster } from '../support/elasticsearch.ts'
import type { FaultyElasticsearch } from '../support/faulty-elasticsearch.ts'
import { prepared } from '../support/prepared-events.ts'
import { totalOf } from '../support/total-of.ts'
import { FaultyRoom } from '../support/faulty-room.ts'

let room: FaultyRoom
let cluster: TestCluster
let faulty: FaultyElasticsearch
let workspace: string
beforeAll(async () => {
  room = await FaultyRoom.open()
  ;({ cluster, faulty } = room)
})
afterAll(() => room[Symbol.asyncDispose]())
beforeEach(() => {
  faulty.decide = () => 'none'
  workspace = `w${randomBytes(4).toString('hex')}`
})

const gateway: FaultyRoom['gateway'] = (url) => room.gateway(url)
const events = (...ids: string[]): PreparedEvent[] => ids.map((id) => prepared({ id }))

async function idsOf(ledger: ElasticsearchLedger<null>): Promise<string[]> {
  const entries = await ledger.entries(workspace, 0, 1000)
  return entries.map((entry) => (JSON.parse(Buffer.from(entry).toString()) as { id: string }).id)
}

const movesHead = (body: string) =>
  body.includes('"kind":"head"') && body.includes(`"workspace":"${workspace}"`)
const isBatch = (body: string) => body.includes(`"_id":"${workspace}/`) && body.includes('-ledger-')

test('a head that somebody put back to an early time of receipt hides no entry behind the window', async () => {
  const { sequencer } = gateway()
  await sequencer.append(workspace, events('a', 'b'))
  const sinceAnHour = () => gateway().ledger.firstReceivedSince(workspace, systemClock.now() - 3_600_000)
  expect(await sinceAnHour()).toBe(0)
  await cluster.elasticsearch.request({
    ...{ method: 'POST', path: `/${cluster.prefix}-heads/_update/${workspace}` },
    body: { doc: { last_received_at: 1 } },
  })
  expect(await sinceAnHour()).toBe(0)
  expect(await gateway().ledger.firstReceivedSince(workspace, systemClock.now() + 3_600_000)).toBe(2)
})

describe('the commit', () => {
  test('an answer that is lost after the head has moved: the log is asked, and nothing is appended twice', async () => {
    const { ledger, sequencer } = gateway()
    await sequencer.append(workspace, events('a'))
    let lost = 0
    faulty.decide = ({ body }) => (movesHead(body) && lost++ === 0 ? 'lost after' : 'none')
    const { receipts } = await sequencer.append(workspace, [prepared({}), prepared({})])
    expect(lost).toBe(1)
    expect(receipts.map(({ seq }) => seq)).toEqual([1, 2])
    expect((await ledger.head(workspace))?.size).toBe(3)
  })

  test.each(['lost before', 'lost after'] as const)(
    'a batch that is %s fails the request, and its retry is stored once',
    async (fault) => {
      const { ledger, sequencer } = gateway()
      let lost = 0
      faulty.decide = ({ body }) => (isBatch(body) && lost++ === 0 ? fault : 'none')
      await expect(sequencer.append(workspace, events('a', 'b'))).rejects.toMatchObject({
        code: 'store_unavailable',
      })
      const { receipts } = await sequencer.append(workspace, events('a', 'b'))
      expect(receipts.map(({ seq }) => seq)).toEqual([0, 1])
      expect(await idsOf(ledger)).toEqual(['a', 'b'])
    },
  )

  test('a commit that failed and was carried out later is found by the retry, id by id', async () => {
    const [first, second] = [gateway(), gateway(elasticsearchUrl())]
    faulty.decide = ({ body, path }) => {
      // The first gateway hears nothing more once its head has moved: it must not claim what it can't know.
      if (movesHead(body)) return 'lost after'
      return path.includes('_mget') ? 'lost before' : 'none'
    }
    await first.ledger.head(workspace).catch(() => null)
    await expect(first.sequencer.append(workspace, events('a', 'b'))).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    faulty.decide = () => 'none'
    const { receipts } = await second.sequencer.append(workspace, events('a', 'b'))
    expect(await idsOf(second.ledger)).toEqual(['a', 'b'])
    expect(receipts.map(({ seq }) => seq)).toEqual([0, 1])
  })

  test('ids of another gateway are known at once, whatever a search sees yet, and those of a race that was lost are not', async () => {
    const [first, second, third] = [gateway(), gateway(), gateway()]
    await first.sequencer.append(workspace, events('a'))
    await cluster.elasticsearch.request({
      method: 'PUT',
      path: `/${cluster.prefix}-ledger-*/_settings`,
      body: { index: { refresh_interval: '-1' } },
    })
    const settled = await Promise.all([
      first.sequencer.append(workspace, events('b', 'c')),
      second.sequencer.append(workspace, events('d', 'c')),
    ])
    expect(settled.flatMap(({ receipts }) => receipts.map(({ id }) => id)).sort()).toEqual([
      'b',
      'c',
      'c',
      'd',
    ])
    expect((await idsOf(third.ledger)).sort()).toEqual(['a', 'b', 'c', 'd'])
    expect([...(await third.ledger.seqOf(workspace, ['b', 'c', 'd', 'x'])).keys()].sort()).toEqual([
      'b',
      'c',
      'd',
    ])
    const again = await third.sequencer.append(workspace, events('c', 'd', 'e'))
    expect(again.receipts.map(({ known = false }) => known)).toEqual([true, true, false])
    await cluster.elasticsearch.request({
      method: 'PUT',
      path: `/${cluster.prefix}-ledger-*/_settings`,
      body: { index: { refresh_interval: '1s' } },
    })
    await cluster.elasticsearch.request({ method: 'POST', path: `/${cluster.prefix}-ledger-*/_refresh` })
    expect((await idsOf(gateway().ledger)).sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('a cluster that is busy is waited for, one that stays busy fails the request', async () => {
    const { ledger, sequencer } = gateway()
    let refused = 0
    faulty.decide = ({ path }) =>
      path.startsWith('/_bulk') && refused++ < 2 ? { status: 429, body: '{}' } : 'none'
    await sequencer.append(workspace, events('a'))
    expect(refused).toBeGreaterThan(2)
    faulty.decide = ({ path }) => (path.startsWith('/_bulk') ? { status: 429, body: '{}' } : 'none')
    await expect(sequencer.append(workspace, events('b'))).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    faulty.decide = () => 'none'
    await sequencer.append(workspace, events('b'))
    expect(await idsOf(ledger)).toEqual(['a', 'b'])
  })

  test('an index that became read-only: a clear refusal, nothing half stored, and all is well when it is writable again', async () => {
    const { ledger, sequencer } = gateway()
    await sequencer.append(workspace, events('a'))
    for (const index of ['heads', 'ledger-*']) {
      const block = async (value: boolean) =>
        await cluster.elasticsearch.request({
          method: 'PUT',
          path: `/${cluster.prefix}-${index}/_settings`,
          body: { index: { blocks: { write: value } } },
        })
      await block(true)
      await expect(sequencer.append(workspace, events('b'))).rejects.toThrow(/does not take writes now/)
      expect((await ledger.head(workspace))?.size).toBe(1)
      await block(false)
    }
    await sequencer.append(workspace, events('b'))
    expect(await idsOf(ledger)).toEqual(['a', 'b'])
  })
})

describe('the projection', () => {
  test('an answer that is lost, a cluster that is busy: caught up later, nothing twice', async () => {
    const { search, sequencer, projector } = gateway()
    await sequencer.append(
      workspace,
      Array.from({ length: 40 }, () => prepared({})),
    )
    let lost = 0
    faulty.decide = ({ body }) => (body.includes('-events-') && lost++ === 0 ? 'lost after' : 'none')
    await expect(projector.catchUp(workspace)).rejects.toMatchObject({ code: 'store_unavailable' })
    await Promise.all([projector.catchUp(workspace), gateway().projector.catchUp(workspace)])
    const request = { workspace, query: { type: 'all' as const }, firstSeq: 0 }
    expect(await search.position(workspace)).toBe(40)
    expect(await totalOf(search, request)).toEqual({ value: 40, relation: 'eq' })
  })

  test('a search while the shards of a new index start is asked again, and refused where they do not', async () => {
    const { search, sequencer, projector } = gateway()
    await sequencer.append(workspace, events('a'))
    await projector.catchUp(workspace)
    const request = { workspace, query: { type: 'all' as const }, firstSeq: 0 }
    let refusals = 5
    const refused = { status: 503, body: '{"error":{"type":"no_shard_available_action_exception"}}' }
    faulty.decide = ({ path }) => (path.includes('/_search') && refusals-- > 0 ? refused : 'none')
    expect(await totalOf(search, request)).toEqual({ value: 1, relation: 'eq' })
    refusals = Infinity
    await expect(totalOf(search, request)).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  test('values that the cluster can not map cost Kibana a field and the log nothing', async () => {
    const { search, sequencer, projector } = gateway()
    let deep: Record<string, unknown> = { end: 'needle' }
    for (let depth = 0; depth < 40; depth++) deep = { deep }
    await sequencer.append(workspace, [
      prepared({ metadata: deep as never }),
      prepared({ metadata: { '\u0000': 'x', '': 'y' } }),
    ])
    await projector.catchUp(workspace)
    const page = await search.page({
      ...{
        workspace,
        query: { type: 'all' },
        firstSeq: 0,
        order: 'seq',
        direction: 'asc',
        limit: 9,
        after: null,
      },
    })
    expect(page.map(({ seq, entry }) => [seq, entry !== null])).toEqual([
      [0, true],
      [1, true],
    ])
  })
})
