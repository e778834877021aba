import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import {
  Elasticsearch,
  type ElasticsearchOptions,
} from '../../../../src/drivers/elasticsearch/elasticsearch.ts'

let server: Server | null = null
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = null
})

async function answering(status: number, body: object, product = 'Elasticsearch'): Promise<string> {
  const own = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': product })
    response.end(JSON.stringify(body))
  })
  server = own
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(own.address() as AddressInfo).port}`
}

async function failure(options: ElasticsearchOptions): Promise<{ code: string; message: string }> {
  await using elasticsearch = new Elasticsearch({ requestTimeoutMs: 500, ...options })
  try {
    await elasticsearch.check()
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('nothing failed')
}

const security = (reason: string, more: object = {}) => ({
  error: { type: 'security_exception', reason, ...more },
})
/** As 9.4.3 answers when an API key is refused. */
const refusedKey = (why: string) =>
  security(
    'unable to authenticate with provided credentials and anonymous access is not allowed for this request',
    {
      additional_unsuccessful_credentials: `API key: ${why}`,
    },
  )

describe('what is wrong with a cluster, in one sentence', () => {
  test.each([
    [
      'a wrong password',
      401,
      security('unable to authenticate user [a] for REST request [/]'),
      'refuses the user name or the password',
    ],
    ['an expired key', 401, refusedKey('api key is expired'), 'has expired'],
    ['an unknown key', 401, refusedKey('unable to find apikey with id x'), 'does not know the API key'],
    [
      'no credentials',
      401,
      security('missing authentication credentials for REST request [/]'),
      'wants credentials',
    ],
    ['a key without rights', 403, security('action [x] is unauthorized'), 'lacks a privilege'],
    ['an old version', 200, { version: { number: '7.17.0' } }, 'has version 7.17.0'],
    ['a version of the future', 200, { version: { number: '10.0.0' } }, 'has version 10.0.0'],
  ])('%s', async (_, status, body, expected) => {
    const url = await answering(status, body)
    const { code, message } = await failure({ url, username: 'a', password: 'sekret' })
    expect(code).toBe('bad_configuration')
    expect(message).toContain(expected)
    expect(message).not.toContain('sekret')
  })

  test('something that is not Elasticsearch', async () => {
    const url = await answering(200, { version: { number: '9.0.0' } }, 'Other')
    expect((await failure({ url })).message).toContain('is not Elasticsearch')
  })

  test('nobody there: a later start may find it', async () => {
    expect(await failure({ url: 'http://127.0.0.1:1' })).toMatchObject({
      code: 'store_unavailable',
      message: "Elasticsearch at 127.0.0.1:1 can't be reached.",
    })
    expect((await failure({ url: 'http://nowhere.invalid:9200' })).message).toContain("can't be reached")
  })

  test('TLS that fails', async () => {
    const url = (await answering(200, {})).replace('http:', 'https:')
    const { code, message } = await failure({ url: url.replace('//', '//user:sekret@') })
    expect(code).toBe('bad_configuration')
    expect(message).toContain('does not speak TLS')
    expect(message).not.toContain('sekret')
  })
})
