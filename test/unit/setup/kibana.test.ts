import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Secret } from '../../../src/config/secret.ts'
import { importDashboards } from '../../../src/setup/kibana.ts'
import { fakeKibana } from '../../support/fake-kibana.ts'

const FILE = readFileSync(new URL('../../../dashboards/overview.ndjson', import.meta.url), 'utf8')
const NO_LOGIN = { apiKey: null, username: null, password: null }

describe('importing the dashboards', () => {
  test('sends the file as Kibana wants it, and says how many objects were taken', async () => {
    await using fake = await fakeKibana(200, { success: true, successCount: 17 })
    const login = { ...NO_LOGIN, apiKey: new Secret('a2V5') }
    expect(await importDashboards({ url: `${fake.url}/s/audit/`, login, prefix: 'trailseal' })).toBe(17)
    const [{ message, file, fileName } = { message: null, file: '', fileName: '' }] = fake.requests
    expect(message?.method).toBe('POST')
    expect(message?.url).toBe('/s/audit/api/saved_objects/_import?overwrite=true')
    expect(message?.headers).toMatchObject({ 'kbn-xsrf': 'true', authorization: 'ApiKey a2V5' })
    expect(message?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(fileName).toMatch(/\.ndjson$/)
    expect(file).toBe(FILE)
    await importDashboards({ url: fake.url, login, prefix: 'audit' })
    expect(fake.requests[1]?.file).toBe(FILE.replace('"trailseal-events-*"', '"audit-events-*"'))
  })

  test('a user in the address, or else the configured one, signs in', async () => {
    await using fake = await fakeKibana(200, { success: true, successCount: 17 })
    const login = { ...NO_LOGIN, username: 'elastic', password: new Secret('päss') }
    await importDashboards({ url: fake.url, login, prefix: 'trailseal' })
    await importDashboards({ url: fake.url.replace('//', '//ada:s%3Aecret@'), login, prefix: 'trailseal' })
    const sent = fake.requests.map(
      ({ message }) => message.headers.authorization?.replace('Basic ', '') ?? '',
    )
    expect(sent.map((basic) => Buffer.from(basic, 'base64').toString())).toEqual([
      'elastic:päss',
      'ada:s:ecret',
    ])
  })

  test('objects that are not taken are named', async () => {
    const errors = [{ type: 'lens', id: 'trailseal-exports', error: { type: 'missing_references' } }]
    await using fake = await fakeKibana(200, { success: false, successCount: 16, errors })
    await expect(
      importDashboards({ url: fake.url, login: NO_LOGIN, prefix: 'trailseal' }),
    ).rejects.toMatchObject({
      code: 'bad_configuration',
      message: expect.stringContaining('lens trailseal-exports: missing_references'),
    })
  })

  test.each([
    [401, {}, /refuses the credentials/],
    [403, {}, /may not import/],
    [404, {}, /base path or a space/],
    [503, 'Kibana server is not ready yet', /not ready/],
    [200, '<html>', /is not Kibana/],
    [200, 'null', /is not Kibana/],
    [302, '', /sends the import elsewhere/],
  ])('status %i has a sentence of its own, without credentials', async (status, body, sentence) => {
    await using fake = await fakeKibana(status, body, {
      location: 'https://user:secret@other.example/login?next=secret',
    })
    const refused = importDashboards({
      url: fake.url.replace('//', '//ada:secret@'),
      login: NO_LOGIN,
      prefix: 'trailseal',
    })
    await expect(refused).rejects.toMatchObject({ message: expect.stringMatching(sentence) })
    await expect(refused).rejects.toMatchObject({ message: expect.not.stringContaining('secret') })
  })

  test('an address where nobody is, and one that is none', async () => {
    const gone = await fakeKibana(200, {})
    await gone[Symbol.asyncDispose]()
    await expect(
      importDashboards({ url: gone.url, login: NO_LOGIN, prefix: 'trailseal' }),
    ).rejects.toMatchObject({
      code: 'unreachable',
    })
    await expect(
      importDashboards({ url: 'kibana:5601', login: NO_LOGIN, prefix: 'trailseal' }),
    ).rejects.toMatchObject({
      code: 'bad_configuration',
    })
  })
})
