import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { JsonObject } from '../../../../../src/event/audit-event.ts'
import { redactObject, redactString } from '../../../../../src/ingest/prepare/redact/redact.ts'

// assembled here, so that scanners of this repository don't take them for real ones
const join = (...parts: string[]) => parts.join('')
const letters = (length: number) => 'aB3dE5gH7jK9mN1pQ2sT4vW6xY8z'.repeat(20).slice(0, length)
const JWT = join('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0In0.', letters(43))
const PEM = join(
  '-----BEGIN RSA PRIVATE',
  ' KEY-----\nMIIE',
  letters(60),
  '\n-----END RSA PRIVATE',
  ' KEY-----',
)

const redact = (object: unknown) => {
  const tally = { count: 0 }
  return { result: redactObject(object as JsonObject, tally), count: tally.count }
}
const redactOne = (text: string) => {
  const tally = { count: 0 }
  return { result: redactString(text, tally), count: tally.count }
}

describe('redaction by field name', () => {
  test.each(
    (
      'password passwd Password userPassword master_user_password db-password password2 newPassword password_confirmation passwordHash PGPASSWORD ' +
      'passphrase pwd pin otp cvv tokenCode secret clientSecret client_secret CLIENT-SECRET secretString SecretBinary secretAccessKey secretaccesskey ' +
      'AWS_SECRET_ACCESS_KEY sessionToken accessToken refresh_token id_token authToken csrf_token token tokens tokenValue apiKey api_key apikey x-api-key ' +
      'privateKey private_key_pem sshPrivateKey signingKey encryption_key sharedAccessKey accountKey keyMaterial authorization Authorization ' +
      'Proxy-Authorization cookie Cookies Set-Cookie connect.sid JSESSIONID credential bearer jwt cookieHeader Plaintext Passwort contraseña mot_de_passe'
    ).split(' '),
  )('takes the value of %s', (name) => {
    const expected = { kept: 'x', in: [{ [name]: '[redacted]' }] }
    expect(redact({ kept: 'x', in: [{ [name]: 'plain words' }] })).toEqual({ result: expected, count: 1 })
  })

  test.each(
    (
      'tokenId token_type passwordLastUsed passwordPolicy hasPassword passwordResetRequired keyId accessKeyId secretArn SecretId secretName secretVersionId ' +
      'nextToken pageToken clientRequestToken httpTokens publicKey s3Key primaryKey key Key sid accountSid sessionId author authorName ' +
      'authenticationMethod signatureVersion cookieConsent compass bypass shipping pinned secretary keyboard description metadata'
    ).split(' '),
  )('leaves the value of %s', (name) => {
    const object = { in: [{ [name]: 'plain words' }] }
    expect(redact(object)).toEqual({ result: object, count: 0 })
  })

  test('leaves booleans, counts, null, switches and what was taken out before', () => {
    const object = {
      password: null,
      secret: true,
      tokens: 1_024,
      pin: 3,
      token: '',
      apiKey: '[redacted]',
      masterUserPassword: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    }
    expect(redact(object)).toEqual({ result: object, count: 0 })
  })

  test('takes passwords written as numbers', () => {
    expect(redact({ password: 12345678, pin: 4711 }).count).toBe(2)
  })

  test('takes all of a credentials object but what only describes it', () => {
    const credentials = {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      username: 'bob',
      expiration: 'May 1',
      part: 'x',
      list: ['y'],
    }
    expect(redact({ credentials }).result).toEqual({
      credentials: { ...credentials, part: '[redacted]', list: ['[redacted]'] },
    })
  })

  test('keeps the description of a token that was created', () => {
    const object = { token: { id: 't_1', role: 'owner', created_by: 'u_7' } }
    expect(redact(object).result).toBe(object)
  })

  test.each([
    [{ name: 'DB_PASSWORD', value: 'x' }, ['value']],
    [{ key: 'api_key', value: 'x' }, ['value']],
    [{ attribute: 'password', old_value: 'x', new_value: 'y' }, ['old_value', 'new_value']],
    [{ field: 'password', old: 'x', new: 'y' }, ['old', 'new']],
  ])('takes the values of the pair %j', (pair, taken) => {
    const { result, count } = redact({ env: [pair] })
    expect(count).toBe(taken.length)
    expect((result['env'] as JsonObject[])[0]).toMatchObject(
      Object.fromEntries(taken.map((key) => [key, '[redacted]'])),
    )
  })

  test('takes the argument of an option of a command', () => {
    const { result } = redact({ command: ['login', '--user', 'bob', '--password', 'x', '--force', 'y'] })
    expect(result['command']).toEqual(['login', '--user', 'bob', '--password', '[redacted]', '--force', 'y'])
  })

  test('leaves pairs that name something else', () => {
    const object = { tags: [{ key: 'Name', value: 'x' }] }
    expect(redact(object).result).toBe(object)
  })
})

describe('redaction by value', () => {
  test.each([
    ['JWT', JWT],
    ['Trailseal', join('ts', '_', letters(43))],
    ['GitHub', join('ghp', '_', letters(36))],
    ['GitHub fine-grained', join('github', '_pat_', letters(60))],
    ['GitLab', join('glpat', '-', letters(20))],
    ['Slack', join('xoxb', '-1234567890-', letters(24))],
    ['Slack webhook', join('hooks.slack', '.com/services/T00000000/B00000000/', letters(24))],
    ['Stripe', join('sk', '_live_', letters(24))],
    ['Google', join('AIza', letters(35))],
    ['Google OAuth', join('ya29', '.', letters(40))],
    ['npm', join('npm', '_', letters(36))],
    ['PyPI', join('pypi', '-AgE', letters(60))],
    ['SendGrid', join('SG', '.', letters(22), '.', letters(43))],
    ['OpenAI', join('sk', '-proj-', letters(40))],
    ['Hugging Face', join('hf', '_', letters(34))],
    ['Vault', join('hvs', '.', letters(24))],
    ['AWS session', join('IQoJb3JpZ2lu', letters(200))],
    ['private key', PEM],
    ['private key cut off', PEM.slice(0, 60)],
  ])('takes a %s token, alone and inside a sentence', (_what, secret) => {
    expect(redactOne(secret)).toEqual({ result: expect.stringContaining('[redacted]'), count: 1 })
    const { result } = redactOne(`used ${secret}`)
    expect(result).toContain('used ')
    expect(result).not.toContain(secret.slice(-20))
  })

  test.each([
    ['password=hunter2', 'password=[redacted]'],
    ['login PASSWORD: hunter2!', 'login PASSWORD: [redacted]'],
    ["{'password': 'two words'}", "{'password': '[redacted]'}"],
    ['db:\n  password: swordfish\n  port: 1', 'db:\n  password: [redacted]\n  port: 1'],
    ['<a><wsse:Password>x y</wsse:Password></a>', '<a><wsse:Password>[redacted]</wsse:Password></a>'],
    ["ALTER USER bob PASSWORD 'x y'", "ALTER USER bob PASSWORD '[redacted]'"],
    ["create user bob identified by 'x'", "create user bob identified by '[redacted]'"],
    ['the password is hunter2', 'the password is [redacted]'],
    ['deploy --token abc --force', 'deploy --token [redacted] --force'],
    ['deploy --api-key=abc', 'deploy --api-key=[redacted]'],
    ['export AWS_SECRET_ACCESS_KEY=abc', 'export AWS_SECRET_ACCESS_KEY=[redacted]'],
    ['postgres://bob:hunter2@db/app', 'postgres://bob:[redacted]@db/app'],
    ['postgres://bob:hun@ter2@db/app', 'postgres://bob:[redacted]@db/app'],
    ['redis://:hunter2@cache:6379', 'redis://:[redacted]@cache:6379'],
    ['Server=db;User Id=sa;Password=x1;Encrypt=yes', 'Server=db;User Id=sa;Password=[redacted];Encrypt=yes'],
    ['AccountKey=abc==;EndpointSuffix=x', 'AccountKey=[redacted];EndpointSuffix=x'],
    ['https://x.org/?access_token=abc&a=1', 'https://x.org/?access_token=[redacted]&a=1'],
    ['https://x.org/f?X-Amz-Signature=0123456789&a=1', 'https://x.org/f?X-Amz-Signature=[redacted]&a=1'],
    ['Authorization: Bearer abc', 'Authorization: Bearer [redacted]'],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [redacted]'],
    ['sent Bearer 0123456789abcdef', 'sent Bearer [redacted]'],
    ['Cookie: a=b; c=d', 'Cookie: [redacted]'],
    ['AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKE', 'AKIAIOSFODNN7EXAMPLE [redacted]'],
    ['{"a":{"password":"x"},"b":1}', '{"a":{"password":"[redacted]"},"b":1}'],
    ['{"body":"{\\"api_key\\":\\"x\\"}"}', '{"body":"{\\"api_key\\":\\"[redacted]\\"}"}'],
    ['%7B%22password%22%3A%22x%22%7D', '%7B%22password%22%3A%22%5Bredacted%5D%22%7D'],
  ])('%s becomes %s', (text, expected) => {
    expect(redactOne(text).result).toBe(expected)
  })

  test.each([
    'The password: must be changed',
    'Token reset by the administrator',
    'the token is expired.',
    'the secret of success is',
    'risk_assessment_vacuum_robot_2026-11-23.pdf',
    'Basic understanding of risk management',
    'Bearer of the certificate',
    'da39a3ee5e6b4b0d3255bfef95601890afd80709',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    'AKIAIOSFODNN7EXAMPLE',
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:db-password-AbCdEf',
    'arn:aws:iam::123456789012:user/token-service',
    'https://example.com/tokens?page=2&sort=key',
    'mailto:a@example.com',
    '2026-11-23T12:00:00.123Z',
    '-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ bob@host',
    '{"Version":"2012-10-17","Statement":[{"Sid":"A","Action":"sts:AssumeRole"}]}',
    'Password=[redacted];a=1',
    'PASSWORD=${DB_PASSWORD}',
  ])('%s stays', (text) => {
    expect(redactOne(text)).toEqual({ result: text, count: 0 })
  })

  test('takes secrets out of field names too', () => {
    const key = join('ghp', '_', letters(36))
    expect(redact({ [key]: 1 })).toEqual({ result: { '[redacted]': 1 }, count: 1 })
  })
})

describe('file contents', () => {
  const text = 'All work and no play. '.repeat(60)
  const sha256 = createHash('sha256').update(text).digest('hex')
  const marker = `[redacted: file content, ${text.length} bytes, sha256 ${sha256}]`

  test('long texts in fields named for contents are replaced by their size and hash', () => {
    expect(redact({ content: text, fileData: text, note: text })).toEqual({
      result: { content: marker, fileData: marker, note: text },
      count: 2,
    })
  })

  test('data URLs and long base64 are replaced wherever they stand, by what they encode', () => {
    const base64 = Buffer.from(text).toString('base64')
    expect(redactOne(`data:text/plain;base64,${base64}`).result).toBe(marker)
    expect(redactOne(base64).result).toBe(marker)
    expect(redactOne('data:image/png;base64,AAAA').result).toBe('[redacted: file content, 3 bytes]')
  })

  test('scripts for new machines go at any length, without a hash that could be tried', () => {
    expect(redact({ userData: 'IyEvYmluL3No' }).result).toEqual({
      userData: '[redacted: file content, 12 bytes]',
    })
  })

  test('short contents, certificates, long hex and prose stay', () => {
    const certificate = `-----BEGIN CERTIFICATE-----\n${letters(200).repeat(8)}\n-----END CERTIFICATE-----`
    const object = { content: 'short', x509CertificateData: certificate, digest: 'ab12'.repeat(300), text }
    expect(redact(object).result).toBe(object)
  })
})

describe('redaction', () => {
  const event = {
    env: [{ name: 'TOKEN', value: 'a b' }],
    url: 'https://u:p4ss@h/',
    doc: '{"secret":"x"}',
    n: { a: [JWT] },
  }

  test('never changes its input, and gives it back where there was nothing', () => {
    const before = structuredClone(event)
    redact(event)
    expect(event).toEqual(before)
    const plain = { a: { b: ['c'] } }
    expect(redact(plain).result).toBe(plain)
  })

  test('is deterministic, and finds nothing more the second time', () => {
    const first = redact(event)
    expect(redact(event)).toEqual(first)
    expect(first.count).toBe(4)
    expect(redact(first.result)).toEqual({ result: first.result, count: 0 })
  })

  test.each([
    'password='.repeat(20_000),
    'a.'.repeat(100_000) + 'password=',
    '-----BEGIN PRIVATE KEY-----'.repeat(8_000),
    'eyJ' + 'a'.repeat(200_000),
    'Bearer '.repeat(30_000),
    '://'.repeat(60_000) + '@',
    'password="'.repeat(15_000),
    'Cookie: '.repeat(20_000),
    'password' + ' '.repeat(200_000) + '=',
    'password:'.repeat(20_000),
    'password: a b '.repeat(15_000),
    '<password>'.repeat(20_000) + '</',
    '['.repeat(100_000) + '"password=',
  ])('takes time in proportion to a hostile text (%#)', (text) => {
    const start = performance.now()
    redactOne(text)
    // quadratic matching takes tens of seconds here
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})
