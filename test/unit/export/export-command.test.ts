import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { runTrailseal } from '../../support/gateway-process.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const EVENTS = ['login', 'uploaded', 'login'].map((word, number) => ({
  timestamp: `2026-11-0${number + 1}T00:00:00Z`,
  actor: { type: 'user', id: 'u_ada' },
  action: word === 'login' ? 'account.login' : 'evidence.uploaded',
  resource: { type: 'FILE', id: `f_${number}` },
}))

test('trailseal export writes file, manifest and proof, which trailseal verify takes; a failure writes nothing', async () => {
  using directory = temporaryDirectory()
  const [data, out] = [join(directory.path, 'data'), join(directory.path, 'logins.ndjson')]
  const input = Buffer.from(EVENTS.map((event) => JSON.stringify(event)).join('\n'))
  await runTrailseal(data, ['import', '-', '--workspace', 'acme'], { input })
  const asked = [
    'export',
    '--workspace',
    'acme',
    '--format',
    'ndjson',
    '--out',
    out,
    '--query',
    'action:login',
  ]
  const exported = await runTrailseal(data, [...asked, '--from', '2026-11-02', '--json'])
  expect(exported.code).toBe(0)
  const file = readFileSync(out)
  expect(
    file
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { resource: object }).resource),
  ).toEqual([{ type: 'FILE', id: 'f_2' }])
  const sha256 = createHash('sha256').update(file).digest('hex')
  expect(JSON.parse(exported.stdout)).toMatchObject({ status: 'done', rows: 1, bytes: file.length, sha256 })
  // finds manifest and proof beside it
  expect(await runTrailseal(data, ['verify', out])).toMatchObject({ code: 0 })

  const refused = join(directory.path, 'refused.csv')
  const bad = await runTrailseal(data, [
    'export',
    '--workspace',
    'acme',
    '--format',
    'csv',
    '--out',
    refused,
    '--query',
    '(',
  ])
  expect(bad.code).toBe(2)
  expect(bad.stderr).toContain('bad_query')
  const nowhere = await runTrailseal(data, [
    'export',
    '--workspace',
    'acme',
    '--format',
    'csv',
    '--out',
    '/no/such/place.csv',
  ])
  expect(nowhere.code).toBe(2)
  expect(existsSync(refused)).toBe(false)
  expect(readdirSync(directory.path).sort()).toEqual([
    'data',
    ...['', '.manifest.json', '.proof.json'].map((end) => `logins.ndjson${end}`),
  ])
}, 120_000)
