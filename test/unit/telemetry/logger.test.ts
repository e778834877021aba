import { expect, test } from '@jest/globals'
import { createLogger } from '../../../src/telemetry/logger.ts'

const TOKEN = `ts_${'a'.repeat(43)}`

/** Every way in which a secret has a chance to reach a line. */
test.each<[string, object, string]>([
  ['a header', { headers: { authorization: `Bearer ${TOKEN}` } }, TOKEN],
  ['a cookie', { request: { headers: { cookie: 'trailseal=abc' } } }, 'trailseal=abc'],
  ['a token field', { token: TOKEN }, TOKEN],
  ['a password field', { store: { password: 'hunter2' } }, 'hunter2'],
  ['an API key', { api_key: 'hunter2' }, 'hunter2'],
  ['a message of an error', { err: new Error(`no such token ${TOKEN}`) }, TOKEN],
  ['a cause of an error', { err: new Error('x', { cause: new Error(`redis://:hunter2@host`) }) }, 'hunter2'],
  [
    'what a library hung on its error',
    { err: Object.assign(new Error('x'), { request: { auth: 'hunter2' } }) },
    'hunter2',
  ],
])('%s does not reach the log', (_, fields, secret) => {
  const lines: string[] = []
  createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } }).error(
    fields,
    'failed',
  )
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain(secret)
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'error', msg: 'failed' })
})
