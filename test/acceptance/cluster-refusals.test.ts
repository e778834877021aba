import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { makeSelfSigned } from '../../src/export/formats/pdf/certificate.ts'
import { runTrailseal } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What `trailseal setup` and `trailseal serve` say to a cluster that can't be used: one sentence, exit code 2. */

const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

async function refusals(environment: Record<string, string>): Promise<readonly string[]> {
  using directory = temporaryDirectory()
  const settings = { TRAILSEAL_SIGNING_KEY: pem, PORT: '0', ...environment }
  const results = await Promise.all(
    ['setup', 'serve'].map((command) => runTrailseal(directory.path, [command], { environment: settings })),
  )
  return results.map(({ code, stdout, stderr }) => `${code} ${stdout}${stderr}`)
}

/** Both commands end with the same sentence, and nothing else. */
async function sentence(environment: Record<string, string>): Promise<string> {
  const [ofSetup, ofServe] = await refusals(environment)
  expect(ofServe).toBe(ofSetup)
  const [, text] = /^2 trailseal: ([^\n]+)\n$/.exec(ofSetup ?? '') ?? []
  if (text === undefined) throw new Error(`not one sentence: ${ofSetup}`)
  return text
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers everything as the root address of an Elasticsearch does. */
async function answering(body: object, headers: Record<string, string> = {}) {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'application/json', ...headers })
    answer.end(JSON.stringify(body))
  })
  const host = await listening(server)
  return {
    host,
    url: `http://${host}`,
    ...closing(server),
  }
}

function closing(server: Server): Disposable {
  return {
    [Symbol.dispose]: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

describe('a cluster that can not be used', () => {
  test('nobody there', async () => {
    expect(await sentence({ ELASTICSEARCH_URL: 'http://user:secret@127.0.0.1:1' })).toBe(
      `Elasticsearch at 127.0.0.1:1 can't be reached. [store_unavailable]`,
    )
    expect(await sentence({ ELASTICSEARCH_URL: 'http://no-such-host.invalid:9200' })).toBe(
      `Elasticsearch at no-such-host.invalid:9200 can't be reached. [store_unavailable]`,
    )
  })

  test.each(['7.17.29', '8.18.3', '10.0.0'])('version %s', async (number) => {
    using server = await answering(
      { version: { number, build_flavor: 'default' }, tagline: 'You Know, for Search' },
      { 'x-elastic-product': 'Elasticsearch' },
    )
    expect(await sentence({ ELASTICSEARCH_URL: server.url })).toBe(
      `Elasticsearch at ${server.host} has version ${number}; Trailseal works with 8.19 and 9.x. [bad_configuration]`,
    )
  })

  test('something else', async () => {
    using server = await answering({ version: { number: '2.19.1', distribution: 'opensearch' } })
    expect(await sentence({ ELASTICSEARCH_URL: server.url })).toBe(
      `What answers at ${server.host} is not Elasticsearch. [bad_configuration]`,
    )
  })

  test('a certificate of an authority that nobody knows here, and TLS where there is none', async () => {
    const { certificate, key } = await makeSelfSigned('elasticsearch.test', new Date())
    const server = createTlsServer({ cert: certificate, key }, (_, answer) => answer.end('{}'))
    using secure = { host: await listening(server), ...closing(server) }
    expect(await sentence({ ELASTICSEARCH_URL: `https://${secure.host}` })).toMatch(
      /^No trusted TLS connection to Elasticsearch at \S+ \([^()]+certificate[^()]*\): set ELASTICSEARCH_CA to the certificate of its authority\. \[bad_configuration\]$/,
    )
    using plain = await answering({})
    expect(await sentence({ ELASTICSEARCH_URL: plain.url.replace('http:', 'https:') })).toBe(
      `What answers at ${plain.host} does not speak TLS: begin ELASTICSEARCH_URL with http, or switch TLS on there. [bad_configuration]`,
    )
  })

  test('a file of an authority that is not there', async () => {
    const environment = { ELASTICSEARCH_URL: 'https://127.0.0.1:1', ELASTICSEARCH_CA: '/no/such/file.pem' }
    expect(await sentence(environment)).toBe(
      `The file /no/such/file.pem given as ELASTICSEARCH_CA can't be read. [bad_configuration]`,
    )
  })
})
