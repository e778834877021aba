import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { readConfig } from '../../../src/config/config.ts'

const faultsOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment)
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad_configuration' })
    return (error as Error).message
  }
  return ''
}

describe('config', () => {
  test('an empty environment is the embedded store on localhost', () => {
    const config = readConfig({ HOST: '', LOG_LEVEL: '  ' })
    expect(config).toMatchObject({
      http: { host: '127.0.0.1', port: 8787 },
      origin: 'localhost',
      adminToken: null,
      plansFile: null,
      roles: ['gateway', 'projector', 'exports', 'retention'],
      logLevel: 'info',
    })
    expect(config.http.publicUrl.href).toBe('http://localhost:8787/')
    expect(config.store.file).toMatch(/\/trailseal-data\/[^/]+$/)
  })

  test('settings are taken', () => {
    const config = readConfig({
      ...{
        PORT: '0',
        HOST: '0.0.0.0',
        TRAILSEAL_DATA_DIR: '/data',
        LOG_LEVEL: 'DEBUG',
        TRAILSEAL_ROLES: 'retention, gateway',
      },
      TRAILSEAL_PUBLIC_URL: 'https://audit.example.com:8443',
      TRAILSEAL_EMBED_ORIGINS: 'https://app.example.com, http://localhost:3000',
    })
    expect(config).toMatchObject({
      http: { port: 0, embedOrigins: ['https://app.example.com', 'http://localhost:3000'] },
      dataDir: '/data',
      logLevel: 'debug',
      roles: ['gateway', 'retention'],
    })
    // A log keeps its name when the server moves to another port.
    expect(config.origin).toBe('audit.example.com')
  })

  test.each([
    ['a port in hexadecimal', { PORT: '0x50' }, 'PORT'],
    ['a port out of range', { PORT: '65536' }, 'PORT'],
    ['an unknown level', { LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    ['an unknown role', { TRAILSEAL_ROLES: 'gateway,cook' }, 'TRAILSEAL_ROLES'],
    [
      'a public URL with a path',
      { TRAILSEAL_PUBLIC_URL: 'https://example.com/audit' },
      'TRAILSEAL_PUBLIC_URL',
    ],
    [
      'a host of frames with a path',
      { TRAILSEAL_EMBED_ORIGINS: 'https://a.example/app' },
      'TRAILSEAL_EMBED_ORIGINS',
    ],
    ['a host of frames for anybody', { TRAILSEAL_EMBED_ORIGINS: '*' }, 'TRAILSEAL_EMBED_ORIGINS'],
    [
      'a directive among the hosts of frames',
      { TRAILSEAL_EMBED_ORIGINS: "https://a.example; script-src 'unsafe-inline'" },
      'TRAILSEAL_EMBED_ORIGINS',
    ],
    ['an origin that no key can be named by', { TRAILSEAL_ORIGIN: 'a+b' }, 'TRAILSEAL_ORIGIN'],
    ['an admin token that could be guessed', { TRAILSEAL_ADMIN_TOKEN: 'admin' }, 'TRAILSEAL_ADMIN_TOKEN'],
    [
      'a cluster for the embedded store',
      { TRAILSEAL_STORE: 'sqlite', ELASTICSEARCH_URL: 'http://es:9200' },
      'ELASTICSEARCH_URL',
    ],
    ['a cluster key for the embedded store', { ELASTICSEARCH_API_KEY: 'x' }, 'ELASTICSEARCH_API_KEY'],
    ['a cluster store without address', { TRAILSEAL_STORE: 'elasticsearch' }, 'needs ELASTICSEARCH_URL'],
    ['a cluster without the shared key', { ELASTICSEARCH_URL: 'http://es:9200' }, 'TRAILSEAL_SIGNING_KEY'],
    [
      'half of a login',
      { ELASTICSEARCH_URL: 'http://es:9200', ELASTICSEARCH_USERNAME: 'a' },
      'ELASTICSEARCH_PASSWORD',
    ],
    ['mail without sender', { SMTP_URL: 'smtp://mail' }, 'MAIL_FROM'],
    ['mail from several senders', { MAIL_FROM: 'a@example.com, b@example.com' }, 'MAIL_FROM must be'],
    ['a sender that adds a header', { MAIL_FROM: 'A\r\nBcc: x <a@example.com>' }, 'MAIL_FROM must be'],
    ['mail by something else', { SMTP_URL: 'http://mail', MAIL_FROM: 'a@example.com' }, 'SMTP_URL must be'],
    [
      'a bucket with credentials',
      { BLOB_URL: 's3://key:secret@bucket/x' },
      'BLOB_URL must be s3://bucket/prefix',
    ],
    [
      'an option that is none',
      { BLOB_URL: 's3://bucket/x?acl=public' },
      'BLOB_URL must be s3://bucket/prefix',
    ],
    ['a blob folder elsewhere', { BLOB_URL: 'file://host/share' }, 'BLOB_URL must have an absolute path'],
    ['half of a certificate', { TRAILSEAL_PDF_CERT: 'x' }, 'TRAILSEAL_PDF_KEY'],
    ['a Redis address that is none', { REDIS_URL: 'localhost' }, 'REDIS_URL must be'],
    [
      'two ways to sign in to a cluster',
      { ELASTICSEARCH_URL: 'http://a:b@es', ELASTICSEARCH_API_KEY: 'x', TRAILSEAL_SIGNING_KEY: 'k' },
      'not both',
    ],
    [
      'an address of a cluster that is none',
      { ELASTICSEARCH_URL: 'es:9200', TRAILSEAL_SIGNING_KEY: 'k' },
      'ELASTICSEARCH_URL must be',
    ],
    [
      'a name that no index may have',
      { ELASTICSEARCH_URL: 'http://es', TRAILSEAL_SIGNING_KEY: 'k', ELASTICSEARCH_INDEX_PREFIX: 'Logs*' },
      'ELASTICSEARCH_INDEX_PREFIX must be',
    ],
  ])('%s stops the start', (_, environment, expected) => {
    expect(faultsOf(environment as Record<string, string>)).toContain(expected)
  })

  test('a cluster and its key are taken, and the address alone chooses the store', () => {
    const config = readConfig({
      ELASTICSEARCH_URL: 'https://es:9200',
      ELASTICSEARCH_API_KEY: 'key',
      ELASTICSEARCH_CA: '/ca.pem',
      TRAILSEAL_SIGNING_KEY: 'k',
    })
    expect(config.store.kind).toBe('elasticsearch')
    expect(config.elasticsearch).toMatchObject({ username: null, caFile: '/ca.pem', prefix: 'trailseal' })
    expect(config.elasticsearch?.apiKey?.reveal()).toBe('key')
  })

  test('all faults are told at once', () => {
    const message = faultsOf({ PORT: 'x', LOG_LEVEL: 'y' })
    expect(message).toContain('PORT')
    expect(message).toContain('LOG_LEVEL')
  })

  const SECRETS = {
    TRAILSEAL_ADMIN_TOKEN: 'correct-horse-battery-staple',
    TRAILSEAL_SIGNING_KEY: '-----BEGIN PRIVATE KEY-----MC4CAQAwBQYDK2VwBCIE-----END PRIVATE KEY-----',
  }
  const LATER_SECRETS = {
    ELASTICSEARCH_URL: 'https://elastic:sekret1@es:9200',
    ELASTICSEARCH_API_KEY: 'sekret2',
    ELASTICSEARCH_USERNAME: 'elastic',
    ELASTICSEARCH_PASSWORD: 'sekret3',
    REDIS_URL: 'redis://:sekret4@redis',
    SMTP_URL: 'smtp://user:sekret5@mail',
    MAIL_FROM: 'a@example.com',
    TRAILSEAL_PDF_CERT: 'cert',
    TRAILSEAL_PDF_KEY: 'sekret6',
  }

  test('no secret prints with the config', () => {
    const config = readConfig(SECRETS)
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${String(config.adminToken)} ${String(config.signing.key)}`,
    ]
    for (const secret of Object.values(SECRETS)) expect(printed.join()).not.toContain(secret)
    expect(config.adminToken?.reveal()).toBe(SECRETS.TRAILSEAL_ADMIN_TOKEN)
  })

  test('mails and blobs have their place in the data directory unless it is said', () => {
    const plain = readConfig({ TRAILSEAL_DATA_DIR: '/data', TRAILSEAL_PUBLIC_URL: 'https://audit.example' })
    expect(plain.mail).toEqual({
      smtpUrl: null,
      from: 'Trailseal <trailseal@audit.example>',
      folder: '/data/mail',
    })
    expect(plain.blobs).toEqual({ kind: 'file', folder: '/data/blobs' })
    const said = readConfig({
      ...{ SMTP_URL: 'smtp://user:sekret5@mail', MAIL_FROM: 'Audit log <a@example.com>' },
      BLOB_URL: 'file:///srv/my%20blobs',
    })
    expect(said.mail.smtpUrl?.reveal()).toBe('smtp://user:sekret5@mail')
    expect(JSON.stringify(said) + inspect(said, { depth: 9 })).not.toContain('sekret5')
    expect(said.mail.from).toBe('Audit log <a@example.com>')
    expect(said.blobs).toEqual({ kind: 'file', folder: '/srv/my blobs' })
    const bucket = { kind: 's3', bucket: 'audit', prefix: 'of/trailseal/', endpoint: null, region: null }
    expect(readConfig({ BLOB_URL: 's3://audit/of/trailseal' }).blobs).toEqual(bucket)
    expect(readConfig({ BLOB_URL: 's3://audit?region=eu-1&endpoint=http://127.0.0.1:9000' }).blobs).toEqual({
      ...bucket,
      prefix: '',
      endpoint: new URL('http://127.0.0.1:9000'),
      region: 'eu-1',
    })
  })

  test('no secret is in the message that stops the start', () => {
    const message = faultsOf({ ...SECRETS, ...LATER_SECRETS, TRAILSEAL_ADMIN_TOKEN: 'sekret7', PORT: 'x' })
    expect(message).toContain('PORT')
    expect(message).not.toMatch(/sekret|BEGIN/)
  })
})
