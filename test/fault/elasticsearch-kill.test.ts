import { spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from '@jest/globals'
import { systemClock } from '../../src/clock.ts'
import { openElasticsearchStore } from '../../src/compose-elasticsearch.ts'
import { sha256, verifySignature } from '../../src/compose.ts'
import { readConfig } from '../../src/config/config.ts'
import { LedgerLogReader } from '../../src/integrity/ledger-log-reader.ts'
import { Projector } from '../../src/projection/projector.ts'
import { FileSigner } from '../../src/signing/file/file-signer.ts'
import { formatVkey, noteKey } from '../../src/tlog/signed-note.ts'
import { verifyLog } from '../../src/verify/verify-log.ts'
import { elasticsearchUrl, testCluster } from '../support/elasticsearch.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const ROOT = join(import.meta.dirname, '../..')
const NODE = join(ROOT, 'node_modules/.bin/node')
/** 3 in CI; a soak run takes more. */
const ROUNDS = Number(process.env['TRAILSEAL_KILL_ROUNDS'] ?? 3)
const ACKNOWLEDGEMENTS = 60
const WORKSPACES = ['a', 'b', 'c', ...Array.from({ length: 20 }, (_, at) => `w${at}`)]
/** A shell command that kills the cluster's process and starts it again on its data, where the machine has one. */
const RESTART = process.env['ELASTICSEARCH_RESTART']

const RESTARTS = Number(process.env['TRAILSEAL_RESTARTS'] ?? 1)

interface Acknowledged {
  readonly workspace: string
  readonly events: readonly (readonly [id: string, seq: number])[]
}

class Writer {
  readonly acknowledged: Acknowledged[]
  readonly child: ChildProcess

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv, acknowledged: Acknowledged[]) {
    this.acknowledged = acknowledged
    this.child = spawn(NODE, [join(ROOT, 'test/support/writer-process.ts'), ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    if (!this.child.stdout) throw new Error('no standard output')
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      if (line.startsWith('{') && line.endsWith('}')) acknowledged.push(JSON.parse(line) as Acknowledged)
    })
  }

  async kill(): Promise<void> {
    const gone = once(this.child, 'close')
    this.child.kill('SIGKILL')
    await gone
  }
}

describe('two gateways on one cluster', () => {
  test(
    'one killed again and again, the cluster too: nothing acknowledged is lost, nothing is twice, the projection catches up',
    async () => {
      using directory = temporaryDirectory()
      await using cluster = await testCluster()
      const pem = generateKeyPairSync('ed25519')
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString()
      const environment = {
        ...process.env,
        TRAILSEAL_SIGNING_KEY: pem,
        ELASTICSEARCH_URL: elasticsearchUrl(),
      }
      const acknowledged: Acknowledged[] = []
      const start = (name: string) =>
        new Writer(
          [cluster.prefix, name, join(directory.path, name.split('-')[0] ?? ''), WORKSPACES.join(',')],
          environment,
          acknowledged,
        )
      const steady = start('steady')
      for (let round = 0; round < ROUNDS; round++) {
        const victim = start(`victim-${round}`)
        await more(acknowledged, ACKNOWLEDGEMENTS)
        if (RESTART && round < RESTARTS) await once(spawn('sh', ['-c', RESTART], { stdio: 'ignore' }), 'exit')
        await victim.kill()
      }
      await more(acknowledged, ACKNOWLEDGEMENTS)
      await steady.kill()
      await expectEveryLogWhole(cluster.prefix, environment, directory.path, acknowledged)
    },
    300_000 + ROUNDS * 30_000,
  )
})

/** The moment is a number of acknowledgements, not of milliseconds: there is load on every machine. */
async function more(acknowledged: readonly Acknowledged[], count: number): Promise<void> {
  const until = acknowledged.length + count
  while (acknowledged.length < until) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function expectEveryLogWhole(
  prefix: string,
  environment: NodeJS.ProcessEnv,
  dataDir: string,
  acknowledged: readonly Acknowledged[],
): Promise<void> {
  const config = readConfig(environment)
  if (!config.elasticsearch) throw new Error('no cluster')
  const store = await openElasticsearchStore<null>(config.elasticsearch, { clock: systemClock, prefix })
  const { publicKey } = FileSigner.open({ dataDir, pem: config.signing.key?.reveal() ?? null })
  const projector = new Projector(store)
  for (const workspace of WORKSPACES) {
    const origin = `test/${workspace}`
    const vkeys = [formatVkey(noteKey(origin, publicKey, sha256))]
    const reader = new LedgerLogReader(store.ledger, workspace)
    const report = await verifyLog({ reader, sha256, verifySignature, vkeys, origin })
    expect(report.findings).toEqual([])
    const seqOf = new Map<string, number>()
    for (let first = 0; first < report.size; first += 1000)
      for (const bytes of await store.ledger.entries(workspace, first, 1000)) {
        const { id, seq } = JSON.parse(Buffer.from(bytes).toString()) as { id: string; seq: number }
        expect(seqOf.has(id)).toBe(false)
        seqOf.set(id, seq)
      }
    expect(seqOf.size).toBe(report.size)
    const own = acknowledged.filter((each) => each.workspace === workspace).flatMap(({ events }) => events)
    expect(own.filter(([id, seq]) => seqOf.get(id) !== seq)).toEqual([])
    await projector.catchUp(workspace)
    const request = { workspace, query: { type: 'all' as const }, firstSeq: 0 }
    expect(await store.search.total(request)).toEqual({
      value: Math.min(report.size, 10_000),
      relation: 'eq',
    })
  }
  await store.close()
}
