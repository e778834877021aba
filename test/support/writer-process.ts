import { mkdirSync } from 'node:fs'
import { systemClock } from '../../src/clock.ts'
import { openElasticsearchStore } from '../../src/compose-elasticsearch.ts'
import { sha256 } from '../../src/compose.ts'
import { readConfig } from '../../src/config/config.ts'
import { Sequencer } from '../../src/sequencer/sequencer.ts'
import { FileSigner } from '../../src/signing/file/file-signer.ts'
import { prepared } from './prepared-events.ts'

/**
 * A gateway without its HTTP: appends batches to the given logs for ever, each until it is acknowledged, and prints what was.
 * Arguments: index prefix, its name, data directory, workspaces separated by commas.
 */
const [prefix = '', name = '', dataDir = '', workspaces = ''] = process.argv.slice(2)
const WRITERS = 4

const config = readConfig(process.env)
if (!config.elasticsearch) throw new Error('ELASTICSEARCH_URL is missing')
mkdirSync(dataDir, { recursive: true })
const { ledger } = await openElasticsearchStore<null>(config.elasticsearch, { clock: systemClock, prefix })
const sequencer = new Sequencer<null>({
  ledger,
  signer: FileSigner.open({ dataDir, pem: config.signing.key?.reveal() ?? null }),
  clock: systemClock,
  sha256,
  origin: (workspace) => `test/${workspace}`,
  derive: () => null,
})
process.stdout.write('ready\n')

async function write(writer: number): Promise<void> {
  const logs = workspaces.split(',')
  for (let batch = 0; ; batch++) {
    const workspace = logs[(batch * 7 + writer * 3) % logs.length] ?? ''
    const events = Array.from({ length: 1 + ((batch * 5 + writer) % 30) }, (_, at) =>
      prepared({ id: `${name}-${writer}-${batch}-${at}` }),
    )
    // Few enough that the test can read all of it again.
    await new Promise((resolve) => setTimeout(resolve, 80))
    const receipts = await untilAcknowledged(workspace, events)
    process.stdout.write(
      JSON.stringify({ workspace, events: receipts.map(({ id, seq }) => [id, seq]) }) + '\n',
    )
  }
}

async function untilAcknowledged(workspace: string, events: Parameters<typeof sequencer.append>[1]) {
  for (;;) {
    try {
      return (await sequencer.append(workspace, events)).receipts
    } catch (error) {
      process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
