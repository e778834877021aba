/** `npm run bench [-- --quick] [-- --only ingest,search,verify,exports,web] [-- --web] [-- --elasticsearch]`: figures as ratios against a raw limit of the same run. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchElasticsearch } from './elasticsearch.ts'
import { benchExports } from './exports.ts'
import { benchIngest } from './ingest.ts'
import { benchLargeStore } from './large-store.ts'
import { printTable, type Measurement } from './table.ts'
import { benchVerify } from './verify.ts'
import { benchWeb } from './web.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: 'ingest,verify,search' },
    /** The viewer in Chromium, and nothing else. */
    web: { type: 'boolean', default: false },
    /** Size of the store that is searched or exported. */
    events: { type: 'string' },
    /** Data directory of an earlier run, for exports. */
    store: { type: 'string' },
    /** Events of a round of ingest: the raw rate falls as the full-text index grows. */
    'ingest-events': { type: 'string' },
    /** Only what runs on the cluster of ELASTICSEARCH_URL. */
    elasticsearch: { type: 'boolean', default: false },
  },
})
const wanted = new Set(values.web ? ['web'] : values.elasticsearch ? [] : values.only.split(','))
const large = Number(values.events ?? (values.quick ? 100_000 : 1_000_000))
const before = loadavg()[0] ?? 0

const measurements: Measurement[] = []
if (values.elasticsearch)
  measurements.push(
    ...(await benchElasticsearch(Number(values['ingest-events'] ?? (values.quick ? 16_000 : 100_000)))),
  )
if (wanted.has('ingest'))
  measurements.push(
    ...(await benchIngest(Number(values['ingest-events'] ?? (values.quick ? 20_000 : 200_000)))),
  )
if (wanted.has('verify')) measurements.push(...(await benchVerify(values.quick ? 50_000 : 200_000)))
if (wanted.has('exports')) measurements.push(...(await benchExports(large, values.store)))
if (wanted.has('search')) measurements.push(...(await benchLargeStore(large)))
if (wanted.has('web')) measurements.push(...(await benchWeb(large)))

console.log(
  `\nNode ${process.version}, ${cpus().length} cores, load ${before.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after\n`,
)
printTable(measurements)
const results = join(import.meta.dirname, 'results')
mkdirSync(results, { recursive: true })
const file = join(results, `${new Date().toISOString().replaceAll(':', '-')}.json`)
writeFileSync(
  file,
  `${JSON.stringify({ node: process.version, cores: cpus().length, load: before, measurements }, null, 2)}\n`,
)
console.log(`\nwritten to ${file}`)
if (measurements.some(({ ok }) => ok === false)) process.exitCode = 1
