import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { CommandRoom, event, ndjson } from '../support/command-room.ts'
import { runTrailseal, startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** `trailseal import` (contract §1): every form of a file, broken ones, a second run, an interrupted one, a gateway. */

const directory = temporaryDirectory()
const room = new CommandRoom(directory.path)

afterAll(() => directory[Symbol.dispose]())

describe('import', () => {
  const summary = async (args: string[], input?: Uint8Array): Promise<object> => {
    const { code, stdout, stderr } = await room.runWith(input === undefined ? {} : { input }, [
      'import',
      ...args,
      '--json',
    ])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    return JSON.parse(stdout) as object
  }

  test('the same events are the same, plain, packed or from standard input', async () => {
    const text = ndjson(300)
    const plain = room.file('events.ndjson', text)
    const into = ['--workspace', 'forms']
    expect(await summary([plain, ...into])).toEqual({
      read: 300,
      added: 300,
      known: 0,
      skipped: 0,
      invalid: 0,
    })
    const again = { read: 300, added: 0, known: 300 }
    expect(await summary([room.file('events.ndjson.gz', gzipSync(text)), ...into])).toMatchObject(again)
    expect(await summary([room.file('events.ndjson.zst', zstdCompressSync(text)), ...into])).toMatchObject(
      again,
    )
    expect(await summary(['-', ...into], Buffer.from(text))).toMatchObject(again)
    expect(await summary(['-', ...into], gzipSync(text.replaceAll('\n', '\r\n')))).toMatchObject(again)
    const { stdout } = await room.run('import', plain, ...into)
    expect(stdout).toBe('forms: 300 events read, 0 added, 300 already there\n')
  })

  test('ECS documents are mapped', async () => {
    const documents = [
      {
        '@timestamp': '2026-01-01T00:00:00.000Z',
        event: { action: 'user-login', outcome: 'failure' },
        user: { id: 'u_5', name: 'ann' },
      },
      {
        '@timestamp': '2026-01-01T00:00:01.000Z',
        event: { action: 'file-deleted', category: ['file'] },
        user: { name: 'bob' },
      },
    ]
    const path = room.file('ecs.ndjson', documents.map((each) => JSON.stringify(each)).join('\n'))
    expect(await summary([path, '--format', 'ecs', '--workspace', 'ecs'])).toMatchObject({
      read: 2,
      added: 2,
    })
    expect(await summary([path, '--format', 'ecs', '--workspace', 'ecs'])).toMatchObject({
      added: 0,
      known: 2,
    })
  })

  test('a bad line is named and nothing of its batch is stored; --skip-invalid leaves it out and says so', async () => {
    const lines = ndjson(50).trimEnd().split('\n')
    lines[29] = '{"actor":'
    lines[39] = JSON.stringify(event(39, { action: 7 }))
    const path = room.file('bad.ndjson', lines.join('\n'))
    const stopped = await room.run('import', path, '--workspace', 'bad')
    expect(stopped.code).toBe(2)
    expect(stopped.stderr).toContain('Line 30 ')
    const skipped = await room.run('import', path, '--workspace', 'bad', '--skip-invalid', '--json')
    expect(skipped.code).toBe(0)
    expect(JSON.parse(skipped.stdout)).toMatchObject({ read: 50, added: 48, invalid: 2 })
    expect(skipped.stderr).toMatch(/line 30 left out[^]*line 40 left out: \/action/)
  })

  test.each([
    ['cut-off.gz', gzipSync(ndjson(50)).subarray(0, 300)],
    [
      'damaged.zst',
      Buffer.concat([zstdCompressSync(ndjson(50)).subarray(0, 60), Buffer.from('xxxxxxxxxxxx')]),
    ],
    ['image.png', Buffer.from('89504e470d0a1a0a0000000d', 'hex')],
    ['array.json', JSON.stringify([event(1)])],
    ['deep.ndjson', `{"metadata":${'['.repeat(10_000)}`],
    ['endless.ndjson', 'x'.repeat(9 * 1024 * 1024)],
  ])('%s is exit code 2 and a sentence', async (name, content) => {
    const { code, stdout, stderr } = await room.run(
      'import',
      room.file(name, content),
      '--workspace',
      'broken',
    )
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/trailseal: .*\[(bad_input_file|event_too_large|bad_json)\]/)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('an import that was killed goes on where it was, and nothing is twice', async () => {
    const lines = ndjson(3_500)
    const node = join(import.meta.dirname, '../../node_modules/.bin/node')
    const main = join(import.meta.dirname, '../../src/cli/main.ts')
    const child = spawn(node, [main, 'import', '-', '--workspace', 'killed'], {
      env: { PATH: process.env['PATH'], TRAILSEAL_DATA_DIR: room.dataDir, LOG_LEVEL: 'error' },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    // No end of the input: it hangs half-way through a line.
    child.stdin.write(lines.slice(0, Math.floor(lines.length * 0.7)))
    while ((await room.logSize('killed')) < 1_000) expect(child.exitCode).toBeNull()
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    const before = (await room.logSize('killed')) - 1
    const all = room.file('all.ndjson', lines)
    const resumed = (await summary([all, '--workspace', 'killed'])) as { added: number; known: number }
    expect(resumed).toMatchObject({ read: 3_500, known: before, added: 3_500 - before })
    expect(await room.logSize('killed')).toBe(3_501)
  })

  test('a terminal shows a bar, a pipe does not', async () => {
    const path = room.file('bar.ndjson', ndjson(3_000, { justification: 'bar' }))
    const terminal = await runTrailseal(room.dataDir, ['import', path, '--workspace', 'bar'], {
      inside: (command) => ['script', '-qefc', command.join(' '), '/dev/null'],
    })
    expect(terminal.code).toBe(0)
    expect(terminal.stdout).toMatch(/import ━/)
    expect(terminal.stdout).toContain('bar: 3,000 events read')
    const pipe = await room.run('import', path, '--workspace', 'bar')
    expect(pipe.stderr).not.toContain('━')
  })
})

describe('import --url', () => {
  let gateway: GatewayProcess
  let token = ''

  beforeAll(async () => {
    gateway = await startGateway(room.dataDir)
    await room.run('workspace', 'set', 'remote', '--plan', 'strategic')
    token = (await room.run('token', 'create', '--role', 'admin')).stdout.trim()
  })

  afterAll(async () => await gateway[Symbol.asyncDispose]())

  test('import --url sends, says which line is bad, and adds nothing the second time', async () => {
    const url = ['--url', gateway.url, '--workspace', 'remote', '--token', token]
    const good = await room.run('import', room.file('remote.ndjson', ndjson(2_500)), ...url, '--json')
    expect(JSON.parse(good.stdout)).toMatchObject({ read: 2_500, added: 2_500 })
    const again = await room.run('import', join(directory.path, 'remote.ndjson'), ...url, '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ added: 0, known: 2_500 })
    const lines = ndjson(1_200).trimEnd().split('\n')
    lines[1_099] = JSON.stringify(event(1, { colour: 'red' }))
    const bad = await room.run('import', room.file('bad-remote.ndjson', lines.join('\n')), ...url)
    expect(bad.code).toBe(2)
    expect(bad.stderr).toMatch(/Line 1100 .*\/colour/)
    const forbidden = await room.run(
      'import',
      join(directory.path, 'remote.ndjson'),
      ...url.slice(0, -1),
      'nobody',
    )
    expect(forbidden.code).toBe(2)
    expect(forbidden.stderr).toContain('401')
  })
})
