import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ADMIN_TOKEN, openGateway, SESSION_KEY, type Gateway } from './gateway.ts'

let gateway: Gateway
beforeAll(async () => {
  gateway = await openGateway()
})
afterAll(() => gateway.close())

test('no secret is in any log line, problem or recorded event, whatever goes wrong', async () => {
  const json = { 'content-type': 'application/json' }
  const made = await gateway.token({ role: 'owner', workspace: 'acme' })
  const signedIn = await gateway.fetch(`/signin?token=${made}`)
  const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!
  const secrets = [
    ADMIN_TOKEN,
    made,
    cookie.split('=')[1]!,
    'ts_wrong',
    Buffer.from(SESSION_KEY).toString('base64'),
    'hunter2',
  ]

  const answers = [
    signedIn,
    await gateway.fetch('/v1/me', { token: 'ts_wrong' }),
    await gateway.fetch('/signin?token=ts_wrong'),
    await gateway.fetch(`/nowhere?token=${made}`, { token: made }),
    await gateway.fetch(`/v1/me?token=${made}`, { headers: { cookie } }),
    await gateway.fetch('/v1/me', {
      headers: { authorization: `Basic ${Buffer.from(`a:${made}`).toString('base64')}` },
    }),
    await gateway.fetch('/v1/tokens', {
      method: 'POST',
      token: made,
      headers: json,
      body: '{"role":"hunter2","password":"hunter2"}',
    }),
    await gateway.fetch('/v1/tokens', { method: 'POST', token: made, headers: json, body: '{"hunter2' }),
    await gateway.fetch('/v1/tokens', { token: made }),
    await gateway.fetch('/', { token: made }),
    await gateway.fetch('/metrics'),
  ]
  gateway.query.failure = new Error(`upstream said: Bearer ${made}`)
  answers.push(await gateway.fetch('/v1/workspaces/acme/events', { token: made }))

  const seen = [...gateway.log, JSON.stringify(gateway.recorded)]
  for (const answer of answers) seen.push(await answer.text())
  expect(gateway.log.length).toBeGreaterThanOrEqual(answers.length)
  for (const secret of secrets) expect(seen.join('\n')).not.toContain(secret)
})
