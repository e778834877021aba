import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sampleHistory } from '../../src/ingest/sample/sample-history.ts'
import { RealGateway } from '../support/real-gateway.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const directory = temporaryDirectory()
let gateway: RealGateway

beforeAll(async () => {
  gateway = await RealGateway.open(directory.path)
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

const load = async (token: string, workspace: string): Promise<Response> =>
  await gateway.fetch(token, `/v1/workspaces/${workspace}/sample-data`, { method: 'POST' })

test('an owner fills an empty log with the sample history, once', async () => {
  const { token } = await gateway.token({ role: 'owner', workspace: 'acme' })
  const first = await load(token, 'acme')
  expect(first.status).toBe(201)
  expect(await first.json()).toEqual({ added: sampleHistory(Date.now()).length, known: false })
  const again = await load(token, 'acme')
  expect(await again.json()).toEqual({ added: 0, known: true })
  const sample = '/v1/workspaces/acme/events?q=metadata.sample:true&limit=1'
  const { total } = await gateway.json<{ total: { value: number } }>(token, sample)
  expect(total.value).toBe(sampleHistory(Date.now()).length)
})

test('a log with events of its own gets none, and neither does a member load any', async () => {
  const owner = await gateway.token({ role: 'owner', workspace: 'rival' })
  const member = await gateway.token({ role: 'member', workspace: 'rival', member: { id: 'u_1' } })
  expect((await load(member.token, 'rival')).status).toBe(403)
  await gateway.append('rival', [{ actor: { type: 'system' }, action: 'x.y', resource: { type: 'Z' } }])
  const refused = await load(owner.token, 'rival')
  expect(await refused.json()).toMatchObject({ code: 'forbidden' })
})

test('on a plan without API-call events those are left out', async () => {
  await gateway.trailseal.administration.setWorkspace('small', { plan: 'portfolio' })
  const { token } = await gateway.token({ role: 'owner', workspace: 'small' })
  await load(token, 'small')
  const path = '/v1/workspaces/small/events?category=api&limit=1'
  const { total } = await gateway.json<{ total: { value: number } }>(token, path)
  expect(total.value).toBe(0)
})
