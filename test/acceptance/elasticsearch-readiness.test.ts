import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { expect, jest, test } from '@jest/globals'
import { elasticsearchUrl, testCluster } from '../support/elasticsearch.ts'
import { ElasticsearchLine } from '../support/elasticsearch-line.ts'
import { startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

// A check that gets no answer takes five seconds.
jest.setTimeout(120_000)

interface Readiness {
  readonly ready: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message?: string }[]
}

async function readiness(gateway: GatewayProcess): Promise<Readiness & { readonly status: number }> {
  const response = await gateway.fetch('/readyz')
  return { ...((await response.json()) as Readiness), status: response.status }
}

test('/readyz names the store while the cluster is gone or silent, and is ready again without a restart', async () => {
  using directory = temporaryDirectory()
  await using cluster = await testCluster({ pipeline: true })
  await using line = await ElasticsearchLine.open(elasticsearchUrl())
  await using gateway = await startGateway(join(directory.path, 'data'), {
    ELASTICSEARCH_URL: line.url,
    ELASTICSEARCH_INDEX_PREFIX: cluster.prefix,
    TRAILSEAL_SIGNING_KEY: generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
    LOG_LEVEL: 'silent',
  })
  const host = new URL(line.url).host
  // The client tries again before it gives up on a cluster that is gone, which may take longer than the check waits.
  const faults = [
    ['gone', new RegExp(`^(Elasticsearch at ${host} can't be reached|No answer within 5 seconds)\\.$`)],
    ['silent', /^No answer within 5 seconds\.$/],
  ] as const
  for (const [state, message] of faults) {
    await line.become(state)
    const away = await readiness(gateway)
    expect([away.status, away.ready]).toEqual([503, false])
    const store = away.checks.find(({ name }) => name === 'store')
    expect(store?.ok).toBe(false)
    expect(store?.message).toMatch(message)
    expect((await gateway.fetch('/healthz')).status).toBe(200)
    await line.become('open')
    let back = await readiness(gateway)
    // The projection comes back with its next survey, and keeps nobody from being ready.
    while (!back.checks.every(({ ok }) => ok)) back = await readiness(gateway)
    expect([back.status, back.ready]).toEqual([200, true])
  }
})
