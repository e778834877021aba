import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CommandRoom, ndjson } from '../support/command-room.ts'
import { runTrailseal, startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** `trailseal verify` in each of its forms, with its exit codes, and `reindex` (contract §1). */

const directory = temporaryDirectory()
const room = new CommandRoom(directory.path)

afterAll(() => directory[Symbol.dispose]())

describe('verify', () => {
  let gateway: GatewayProcess
  let token = ''

  beforeAll(async () => {
    gateway = await startGateway(room.dataDir)
    await room.run('workspace', 'set', 'remote', '--plan', 'strategic')
    const events = room.file('remote.ndjson', ndjson(600))
    await room.run('import', events, '--workspace', 'remote')
    token = (await room.run('token', 'create', '--role', 'admin')).stdout.trim()
  })

  afterAll(async () => await gateway[Symbol.asyncDispose]())

  test('verify --url: 0 for the log, 1 for another key, 2 for nothing to verify', async () => {
    const url = ['verify', '--url', gateway.url, '--workspace', 'remote', '--token', token]
    const plain = await room.run(...url)
    expect(plain).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok: nothing was changed\n$/) })
    expect(plain.stdout).toContain('not known here')
    const key = room.file('log.vkey', await (await gateway.fetch('/v1/workspaces/remote/log/vkey')).text())
    const keyed = await room.run(...url, '--key', key, '--json')
    expect(keyed.code).toBe(0)
    expect(JSON.parse(keyed.stdout)).toMatchObject({ ok: true })
    const other = await startGateway(join(directory.path, 'other'))
    const environment = { TRAILSEAL_DATA_DIR: join(directory.path, 'other') }
    await room.runWith({ environment }, ['workspace', 'set', 'remote', '--plan', 'strategic'])
    const wrong = room.file('wrong.vkey', await (await other.fetch('/v1/workspaces/remote/log/vkey')).text())
    await other[Symbol.asyncDispose]()
    expect(await room.run(...url, '--key', wrong)).toMatchObject({ code: 1 })
    expect((await room.run(...url, '--key', '/nowhere')).code).toBe(2)
    expect((await room.run(...url.slice(0, -1), 'nobody')).code).toBe(2)
    expect(
      (await room.run('verify', '--url', gateway.url, '--workspace', 'nowhere', '--token', token)).code,
    ).toBe(2)
  })

  test('verify --url --store: what the gateway finds in its store, for admins', async () => {
    const url = ['verify', '--url', gateway.url, '--store', '--token']
    const { code, stdout } = await room.run(...url, token)
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^ {2}checked {2}1 log: 601 events.*ok: nothing was changed\n$/s),
    ])
    expect(stdout).toContain('whether the gateway tells the truth')
    const local = await room.run('verify', '--store', '--json')
    expect(JSON.parse((await room.run(...url, token, '--json')).stdout)).toEqual(JSON.parse(local.stdout))
    const answer = await gateway.fetch('/v1/verifications', { method: 'POST' })
    const lines = (await answer.text()).trimEnd().split('\n')
    const steps = lines.map((line) => (JSON.parse(line) as { progress?: { step: string } }).progress?.step)
    expect(steps).toEqual(
      expect.arrayContaining(['start', 'log remote', 'search index, events', 'search index, words']),
    )
    expect(steps.at(-1)).toBe(undefined)
    const owner = await room.run('token', 'create', '--role', 'owner', '--workspace', 'remote')
    expect(await room.run(...url, owner.stdout.trim())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Only admins'),
    })
    expect((await room.run(...url, token, '--workspace', 'remote')).code).toBe(2)
    expect((await room.run('verify', '--url', gateway.url, '--token', token)).code).toBe(2)
  })

  test('the proof of one event: 0, 1 when the event or the key is another, 2 when it can not be read', async () => {
    const path = '/v1/workspaces/remote/events'
    const page = await (await gateway.fetch(`${path}?limit=2`)).json()
    const [one, other] = (page as { events: { id: string }[] }).events
    const proof = room.file('one.tlog-proof', await (await gateway.fetch(`${path}/${one?.id}/proof`)).text())
    const key = join(directory.path, 'log.vkey')
    const verify = (event: unknown, vkey = key, proofPath = proof) =>
      room.run('verify', proofPath, '--file', room.file('one.json', JSON.stringify(event)), '--key', vkey)
    expect((await verify(one)).code).toBe(0)
    expect((await verify(other)).code).toBe(1)
    expect((await verify({ ...one, outcome: 'failure' })).code).toBe(1)
    expect((await verify(one, join(directory.path, 'wrong.vkey'))).code).toBe(1)
    expect((await verify(one, proof)).code).toBe(2)
    expect((await verify(one, key, key)).code).toBe(2)
    expect((await verify(one, key, '/nowhere')).code).toBe(2)
    expect((await room.run('verify', proof, '--key', key)).code).toBe(2)
  })

  test('reindex rebuilds what searches show, and everything verifies', async () => {
    const database = new DatabaseSync(join(room.dataDir, 'trailseal.sqlite'))
    database.exec(
      `UPDATE search_event SET action = 'nothing.happened'
       WHERE seq = 7 AND workspace = (SELECT number FROM search_workspace WHERE id = 'remote')`,
    )
    database.close()
    const broken = await runTrailseal(room.dataDir, ['verify', '--store', '--json'])
    expect(broken.code).toBe(1)
    expect(JSON.parse(broken.stdout)).toMatchObject({
      ok: false,
      findings: [{ workspace: 'remote', seq: 7 }],
    })
    const done = await room.run('reindex', '--workspace', 'remote')
    expect(done).toMatchObject({ code: 0, stdout: 'reindexed remote: 602 events\n' })
    const mended = await room.run('verify', '--store')
    expect(mended).toMatchObject({ code: 0, stdout: expect.stringMatching(/ok: nothing was changed\n$/) })
  })

  test('keys are readable by their owner alone', () => {
    for (const name of ['signing-key.pem', 'session-key'])
      expect(statSync(join(room.dataDir, name)).mode & 0o777).toBe(0o600)
  })
})
