import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { PreparedEvent } from '../../src/event/prepared-event.ts'
import { replayedDocument } from '../../src/projection/projector.ts'
import { DocumentWriter } from '../../src/search/elasticsearch/document-writer.ts'
import { ElasticsearchSearchIndex } from '../../src/search/elasticsearch/elasticsearch-search-index.ts'
import { ProjectionStates } from '../../src/search/elasticsearch/projection-state.ts'
import type { TestCluster } from '../support/elasticsearch.ts'
import type { FaultyElasticsearch } from '../support/faulty-elasticsearch.ts'
import { prepared } from '../support/prepared-events.ts'
import { totalOf } from '../support/total-of.ts'
import { FaultyRoom, planOf } from '../support/faulty-room.ts'

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

const everything = { query: { type: 'all' as const }, firstSeq: 0 }
const rollOver = () =>
  cluster.elasticsearch.request({
    method: 'POST',
    path: `/${cluster.prefix}-events-command/_rollover`,
  })
/** What another process does between reading the state and dying before it wrote its own. */
const anotherProcess = async () => {
  const states = new ProjectionStates(cluster.elasticsearch, cluster.prefix)
  const state = await states.read(workspace)
  if (!state) throw new Error('no projection yet')
  const writer = new DocumentWriter(cluster.elasticsearch, cluster.prefix)
  return {
    write: async (...seqs: number[]) => {
      const { ledger } = gateway()
      const entries = await ledger.entries(workspace, 0, 100)
      const documents = entries.map((bytes) => replayedDocument(workspace, bytes))
      return await writer.write(
        state.value,
        documents.filter(({ seq }) => seqs.includes(seq)),
      )
    },
    advance: (position: number, backing: string) =>
      states.replace(state, { ...state.value, position, backing }),
  }
}
const reviewer = () =>
  new ElasticsearchSearchIndex({
    ...{ elasticsearch: cluster.elasticsearch, prefix: cluster.prefix, planOf },
    settledMs: 0,
  })
/** Of this workspace: whether any call began it anew. The other tests' logs are reviewed with it. */
const isBegunAnew = async (search: ElasticsearchSearchIndex): Promise<boolean> => {
  // Like a survey, it sees the states as searches do.
  await cluster.elasticsearch.request({ method: 'POST', path: `/${cluster.prefix}-heads/_refresh` })
  let begun = false
  for (let call = 0; call < 10; call++) begun ||= (await search.review()).has(workspace)
  return begun
}

test('a rollover between an attempt and its retry is noticed, and the projection starts anew', async () => {
  const { search, sequencer, projector } = gateway()
  await sequencer.append(
    workspace,
    Array.from({ length: 5 }, () => prepared({})),
  )
  await projector.catchUp(workspace)
  await sequencer.append(
    workspace,
    Array.from({ length: 5 }, () => prepared({})),
  )
  let lost = 0
  faulty.decide = ({ body }) => (body.includes('-events-') && lost++ === 0 ? 'lost after' : 'none')
  await expect(projector.catchUp(workspace)).rejects.toMatchObject({ code: 'store_unavailable' })
  await rollOver()
  await expect(projector.catchUp(workspace)).rejects.toThrow(/rolled over/)
  await projector.catchUp(workspace)
  expect(await totalOf(search, { workspace, ...everything })).toEqual({ value: 10, relation: 'eq' })
})

test('what a process that died has doubled is found by any other, and the projection starts anew', async () => {
  const { sequencer, projector } = gateway()
  await sequencer.append(workspace, events('a', 'b', 'c'))
  await projector.catchUp(workspace)
  const late = await anotherProcess()
  await sequencer.append(workspace, events('d', 'e'))
  await projector.catchUp(workspace)
  await rollOver()
  await late.write(3, 4)
  expect(await totalOf(gateway().search, { workspace, ...everything })).toMatchObject({ value: 7 })

  const search = reviewer()
  expect(await isBegunAnew(search)).toBe(true)
  await projector.catchUp(workspace)
  expect(await totalOf(gateway().search, { workspace, ...everything })).toMatchObject({ value: 5 })
  expect(await isBegunAnew(reviewer())).toBe(false)
})

test('what one index has and the other lacks is no reason to start anew', async () => {
  const { sequencer, projector, search } = gateway()
  await sequencer.append(workspace, events('a', 'b', 'c'))
  await projector.catchUp(workspace)
  const other = await anotherProcess()
  await sequencer.append(workspace, events('d', 'e', 'f'))
  await other.write(4)
  await rollOver()
  const backing = (await other.write(3, 5))?.backing ?? ''
  expect(await other.advance(6, backing)).toBe(true)

  expect(await isBegunAnew(reviewer())).toBe(false)
  expect(await search.position(workspace)).toBe(6)
  expect(await totalOf(gateway().search, { workspace, ...everything })).toMatchObject({ value: 6 })
})

test('a log is looked at once a rollover, and not before it has settled', async () => {
  const { sequencer, projector } = gateway()
  await sequencer.append(workspace, events('a', 'b'))
  await projector.catchUp(workspace)
  const late = await anotherProcess()
  await sequencer.append(workspace, events('c'))
  await projector.catchUp(workspace)
  await rollOver()
  await isBegunAnew(reviewer())
  await late.write(2)
  // Too late for this rollover: by then no write that began before it can still be under way.
  expect(await isBegunAnew(reviewer())).toBe(false)
  await rollOver()
  expect(await isBegunAnew(gateway().search)).toBe(false)
  expect(await isBegunAnew(reviewer())).toBe(true)
})
