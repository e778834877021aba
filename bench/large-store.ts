import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openTrailseal, type Trailseal } from '../src/compose.ts'
import { readConfig } from '../src/config/config.ts'
import type { ListRequest } from '../src/query/query-facade.ts'
import { OPERATOR } from '../src/workspaces/workspaces.ts'
import { NODE_OPTIONS } from '../test/support/gateway-process.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { randomNumbers, submittedEvents } from './events.ts'
import { quantile, type Measurement } from './table.ts'

const SAMPLES = 100
const MEBIBYTE = 1024 * 1024

/** Imports many events with the command line, watching its memory, then searches them. */
export async function benchLargeStore(events: number): Promise<Measurement[]> {
  using directory = temporaryDirectory()
  console.log(`import of ${events} events by the command line`)
  const { seconds, peakBytes } = await importEvents(directory.path, events)
  const file = join(directory.path, 'trailseal.sqlite')
  await using trailseal = await openTrailseal(
    readConfig({ TRAILSEAL_DATA_DIR: directory.path, LOG_LEVEL: 'error' }),
  )
  return [
    {
      name: `import, ${events.toLocaleString('en-US')} events`,
      value: events / seconds,
      raw: null,
      unit: 'events/s',
      ratio: null,
      target: '',
      ok: null,
    },
    {
      name: 'import, peak memory of the process',
      value: peakBytes / MEBIBYTE,
      raw: null,
      unit: 'MiB',
      ratio: null,
      target: '≤ 400 MB',
      ok: peakBytes <= 400e6,
    },
    ...(await search(trailseal, file, events)),
  ]
}

export async function importEvents(
  dataDir: string,
  events: number,
): Promise<{ seconds: number; peakBytes: number }> {
  const node = join(import.meta.dirname, '../node_modules/.bin/node')
  const child = spawn(
    node,
    [...NODE_OPTIONS, join(import.meta.dirname, '../src/cli/main.ts'), 'import', '-', '--workspace', 'bench'],
    {
      env: { ...process.env, TRAILSEAL_DATA_DIR: dataDir, LOG_LEVEL: 'error' },
      stdio: ['pipe', 'inherit', 'inherit'],
    },
  )
  let peakBytes = 0
  // VmHWM is the kernel's own record of the peak: reading it now and then loses nothing but the last moment.
  const watch = setInterval(() => (peakBytes = Math.max(peakBytes, peakOf(child.pid ?? 0))), 250)
  const started = performance.now()
  let lines = ''
  for (const event of submittedEvents(events)) {
    lines += `${JSON.stringify(event)}\n`
    if (lines.length < MEBIBYTE) continue
    if (!child.stdin.write(lines)) await once(child.stdin, 'drain')
    lines = ''
  }
  child.stdin.end(lines)
  const [code] = (await once(child, 'close')) as [number]
  clearInterval(watch)
  if (code !== 0) throw new Error(`the import ended with ${code}`)
  return { seconds: (performance.now() - started) / 1000, peakBytes }
}

/** `node` of the npm package is the process itself or starts it: the largest of both counts. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

interface Kind {
  readonly name: string
  readonly request: (sample: number) => ListRequest
  /** The same question as a bare full-text expression. */
  readonly match: (sample: number) => string
}

const random = randomNumbers(7)
const pick = (values: readonly string[]): string => values[Math.floor(random() * values.length)] ?? ''

function kinds(events: number): Kind[] {
  const rares = Math.max(1, Math.floor(events / 50_000))
  const phrase = (sample: number) =>
    ['risk control', 'vendor device', 'policy review', 'incident report'][sample % 4] ?? ''
  const from = new Date(Date.UTC(2026, 0, 1)).toISOString()
  const to = new Date(Date.UTC(2026, 0, 1) + events * 20).toISOString()
  return [
    {
      name: 'rare word',
      request: (sample) => ({ q: `rare${sample % rares}` }),
      match: (sample) => `rare${sample % rares}`,
    },
    { name: 'word in 30 % of the events', request: () => ({ q: 'common' }), match: () => 'common' },
    {
      name: 'prefix',
      request: () => ({ q: `${pick(['ris', 'ven', 'firm', 'evid', 'asse', 'supp'])}*` }),
      match: () => pick(['risk', 'vendor', 'evidence']),
    },
    {
      name: 'phrase with filters and range',
      request: (sample) => ({
        q: `"${phrase(sample)}"`,
        action: ['evidence.uploaded'],
        outcome: ['failure'],
        from,
        to,
      }),
      match: (sample) => `"${phrase(sample)}"`,
    },
    { name: 'one user', request: (sample) => ({ actor: [`u_${sample}`] }), match: () => 'common' },
    { name: 'everything, newest first', request: () => ({}), match: () => 'common' },
  ]
}

async function search(trailseal: Trailseal, file: string, events: number): Promise<Measurement[]> {
  const database = new DatabaseSync(file, { readOnly: true })
  const bare = database.prepare(
    'SELECT rowid FROM search_text WHERE search_text MATCH ? ORDER BY rowid DESC LIMIT 50',
  )
  bare.setReadBigInts(true)
  const measurements: Measurement[] = []
  for (const { name, request, match } of kinds(events)) {
    const times: number[] = []
    const raw: number[] = []
    for (let sample = 0; sample < SAMPLES; sample++) {
      const started = performance.now()
      await trailseal.query.events(OPERATOR, 'bench', request(sample))
      times.push(performance.now() - started)
      const rawStarted = performance.now()
      bare.all(match(sample))
      raw.push(performance.now() - rawStarted)
    }
    const p50 = quantile(times, 0.5)
    const p95 = quantile(times, 0.95)
    const rawP50 = quantile(raw, 0.5)
    measurements.push({
      name: `search, ${name}: p50`,
      value: p50,
      raw: rawP50,
      unit: 'ms',
      ratio: rawP50 / p50,
      target: '',
      ok: null,
    })
    measurements.push({
      name: `search, ${name}: p95`,
      value: p95,
      raw: quantile(raw, 0.95),
      unit: 'ms',
      ratio: null,
      target: '< 50 ms',
      ok: p95 < 50,
    })
  }
  database.close()
  return measurements
}
