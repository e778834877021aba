import { afterAll, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CommandRoom } from '../support/command-room.ts'
import { runTrailseal, startGateway } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** The command line as people and scripts use it (contract §§1 and 2): usage, settings, workspaces and tokens. */

const directory = temporaryDirectory()
const room = new CommandRoom(directory.path)

afterAll(() => directory[Symbol.dispose]())

describe('usage', () => {
  test('a process ends with the code: 0 for help and version, 2 for what it does not understand', async () => {
    const codes = await Promise.all(
      [['--version'], ['help'], ['fly']].map(async (args) => (await runTrailseal(room.dataDir, args)).code),
    )
    expect(codes).toEqual([0, 0, 2])
  })

  test('help names every command, and each command has help', async () => {
    const { code, stdout } = await room.run('--help')
    expect(code).toBe(0)
    for (const command of ['serve', 'import', 'verify', 'workspace', 'token', 'reindex']) {
      expect(stdout).toContain(`  ${command} `)
      const help = await room.run(command, '--help')
      expect(help.code).toBe(0)
      expect(help.stdout).toMatch(new RegExp(`^Usage: trailseal ${command}`))
    }
  })

  test.each([
    [[]],
    [['fly']],
    [['serve', '--port', '1']],
    [['import']],
    [['import', '--format', 'xml', '-']],
    [['token', 'create']],
    [['token', 'create', '--role', 'king']],
    [['token', 'create', '--role', 'owner']],
    [['token', 'create', '--role', 'owner', '--workspace', 'nowhere']],
    [['token', 'create', '--role', 'admin', '--member-email', 'a@example.com']],
    [['token', 'create', '--role', 'admin', '--member-name', 'A']],
    [['token', 'revoke', 'tok_nobody']],
    [['workspace', 'set', 'Upper', '--plan', 'command']],
    [['workspace', 'set', 'acme']],
    [['workspace', 'set', 'acme', '--plan', 'gold']],
    [['reindex', '--workspace', 'nowhere']],
    [['verify']],
    [['verify', '--store', '--url', 'http://localhost:1']],
    [['verify', '--url', 'http://localhost:1']],
    [['verify', '--url', 'ftp://localhost', '--workspace', 'acme', '--token', 'x']],
    [['verify', '--url', 'http://localhost:1', '--workspace', 'acme', '--token', 'x']],
    [['import', '/nowhere/events.ndjson']],
  ])('%j is exit code 2 and a sentence on standard error', async (args) => {
    const { code, stdout, stderr } = await room.run(...args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stderr.length).toBeGreaterThan(20)
  })

  test('a file that can not be read makes no workspace', async () => {
    expect((await room.run('import', '/nowhere/events.ndjson', '--workspace', 'ghost')).code).toBe(2)
    expect((await room.run('workspace', 'list')).stdout).not.toContain('ghost')
  })

  test('a store that is not there is not verified', async () => {
    const elsewhere = join(directory.path, 'elsewhere')
    const environment = { TRAILSEAL_DATA_DIR: elsewhere }
    const { code, stdout, stderr } = await room.runWith({ environment }, ['verify', '--store'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(elsewhere)
    expect(existsSync(elsewhere)).toBe(false)
  })
})

describe('settings', () => {
  test('every contradiction is named at once, no value shows, and nothing is started', async () => {
    const elsewhere = join(directory.path, 'unstarted')
    const environment = {
      TRAILSEAL_DATA_DIR: elsewhere,
      PORT: '99999',
      LOG_LEVEL: 'shouting',
      TRAILSEAL_ADMIN_TOKEN: 'hunter2',
      ELASTICSEARCH_USERNAME: 'secret-name',
      TRAILSEAL_STORE: 'sqlite',
      TRAILSEAL_ROLES: 'gateway,king',
    }
    const { code, stderr } = await room.runWith({ environment }, ['serve'])
    expect(code).toBe(2)
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'TRAILSEAL_ADMIN_TOKEN',
      'ELASTICSEARCH_USERNAME',
      'TRAILSEAL_ROLES',
    ])
      expect(stderr).toContain(name)
    expect(stderr).not.toMatch(/hunter2|secret-name|shouting|king/)
    expect(existsSync(elsewhere)).toBe(false)
  })

  test('an env file is read, and what is set in the environment wins', async () => {
    const path = room.file(
      'settings.env',
      'PORT=99999\nLOG_LEVEL="error"\n# a comment\nTRAILSEAL_DATA_DIR=/nowhere\n',
    )
    const failed = await room.run('--env-file', path, 'workspace', 'list')
    expect(failed.code).toBe(2)
    expect(failed.stderr).toContain('PORT')
    const environment = { PORT: '0' }
    expect((await room.runWith({ environment }, ['--env-file', path, 'workspace', 'list'])).code).toBe(0)
    expect((await room.run('--env-file', '/nowhere', 'workspace', 'list')).code).toBe(2)
    const alone = await runTrailseal(room.dataDir, ['--env-file', path, 'workspace', 'list'])
    expect({ code: alone.code, stderr: alone.stderr }).toEqual({ code: 2, stderr: failed.stderr })
  })

  test.each([
    ['TRAILSEAL_SIGNING_KEY', 'c2VjcmV0'],
    ['TRAILSEAL_SIGNING_KEY', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----'],
    ['TRAILSEAL_PLANS', '/nowhere/plans.json'],
  ])('%s that can not be used stops the start without showing it', async (name, value) => {
    const environment = { [name]: value }
    const { code, stderr } = await room.runWith({ environment }, ['workspace', 'list'])
    expect(code).toBe(2)
    expect(stderr).toContain('[bad_configuration]')
    expect(stderr).not.toMatch(/c2VjcmV0|\n\s+at /)
  })

  test('a port that is taken is a sentence', async () => {
    await using gateway = await startGateway(join(directory.path, 'taken'))
    const environment = { PORT: new URL(gateway.url).port }
    const { code, stderr } = await runTrailseal(join(directory.path, 'second'), ['serve'], { environment })
    expect(code).toBe(2)
    expect(stderr).toMatch(/port \d+.*in use/)
  })
})

describe('workspaces and tokens', () => {
  test('a workspace is created, changed and listed', async () => {
    const made = await room.run('workspace', 'set', 'acme', '--name', 'Acme', '--plan', 'command')
    expect(made).toMatchObject({
      code: 0,
      stdout: 'created acme: Acme, plan command, dashboard for members\n',
    })
    const changed = await room.run('workspace', 'set', 'acme', '--dashboard', 'owners')
    expect(changed.stdout).toBe('changed acme: Acme, plan command, dashboard for owners\n')
    expect((await room.run('workspace', 'list')).stdout).toMatch(/^ID .*\nacme +Acme +command +owners +2 /)
  })

  test('a token is printed alone, listed without its text, and revoked', async () => {
    const made = await room.run('token', 'create', '--role', 'owner', '--workspace', 'acme', '--ttl', '3600')
    expect(made.stdout).toMatch(/^ts_[A-Za-z0-9_-]{43}\n$/)
    const id = /id (tok_\S+),/.exec(made.stderr)?.[1] ?? ''
    const listed = await room.run('token', 'list', '--workspace', 'acme')
    expect(listed.stdout).toMatch(new RegExp(`${id} +owner +acme .*until`))
    expect(listed.stdout).not.toContain(made.stdout.trim())
    expect((await room.run('token', 'revoke', id)).code).toBe(0)
    expect((await room.run('token', 'revoke', id)).code).toBe(0)
    expect((await room.run('token', 'list')).stdout).toMatch(new RegExp(`${id} .*revoked`))
    const json = await room.run('token', 'create', '--role', 'admin', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ token: expect.stringMatching(/^ts_/), expires_at: null })
  })
})
