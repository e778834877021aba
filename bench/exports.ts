import { execFile } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import type { ExportTask, TaskResult } from './export-process.ts'
import { importEvents } from './large-store.ts'
import type { Measurement } from './table.ts'

const ROUNDS = 3
/** Of the rate of bare rows. */
const MUST_HOLD = 0.7
const PDF_ROWS = 10_000
const MOST_BYTES = 500e6

/**
 * Exports of a large store, each in a process of its own, against what can be had from the same store in the same run:
 *
 * - `bare rows`: one thread with node:sqlite and nothing of ours: rows of the index and bundles of the ledger read, decompressed and cut into
 *   entries, in the same order. The ratio that must hold is against this one.
 * - `scan`: the same events in the same order through the product's own reading path (access, search index, ledger, each entry hashed and
 *   compared with what the log committed to), which is what an export that costs nothing would take.
 * - `bare export`: one thread and nothing of ours again, doing all that an NDJSON export can't do without.
 *
 * All start with the process's modules loaded, as an export does. The best of some rounds counts, because the machine does other things too.
 * `store`: the data directory of an earlier run.
 */
export async function benchExports(events: number, store: string | undefined): Promise<Measurement[]> {
  using directory = temporaryDirectory()
  const dataDir = store ?? directory.path
  if (store === undefined) {
    console.log(`import of ${events} events by the command line`)
    await importEvents(dataDir, events)
  }
  const best = new Map<ExportTask, TaskResult>()
  const tasks: ExportTask[] = [
    'rows-log',
    'bare-ndjson',
    'scan-log',
    'ndjson',
    'rows-newest',
    'scan-newest',
    'csv',
  ]
  for (let round = 0; round < ROUNDS; round++)
    for (const task of tasks) keep(best, task, await run(task, dataDir))
  for (const task of ['xlsx', 'pdf', 'latency'] as const) keep(best, task, await run(task, dataDir))
  const of = (task: ExportTask): TaskResult => best.get(task) ?? { seconds: NaN, rows: 0, peakBytes: 0 }
  return [
    ...against('NDJSON', of('ndjson'), of('scan-log'), of('rows-log')),
    ...against('CSV', of('csv'), of('scan-newest'), of('rows-newest')),
    ...againstBare(of('ndjson'), of('bare-ndjson'), of('rows-log')),
    ...bounded('NDJSON', of('ndjson'), 60),
    ...bounded('CSV', of('csv'), 60),
    ...bounded('XLSX', of('xlsx'), 180),
    ...bounded(`PDF of ${PDF_ROWS.toLocaleString('en-US')}`, of('pdf'), 60),
    ...latency(of('latency')),
  ]
}

function keep(best: Map<ExportTask, TaskResult>, task: ExportTask, result: TaskResult): void {
  const { seconds, rows, cpuSeconds = 0 } = result
  console.log(`${task}: ${rows} rows in ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU s`)
  const before = best.get(task)
  // the highest peak counts, and the least time
  const peakBytes = Math.max(result.peakBytes, before?.peakBytes ?? 0)
  best.set(task, { ...(before !== undefined && before.seconds < seconds ? before : result), peakBytes })
}

async function run(task: ExportTask, dataDir: string): Promise<TaskResult> {
  const node = join(import.meta.dirname, '../node_modules/.bin/node')
  const { stdout } = await promisify(execFile)(
    node,
    [
      '--max-semi-space-size=16',
      join(import.meta.dirname, 'export-process.ts'),
      task,
      dataDir,
      String(PDF_ROWS),
    ],
    { env: { ...process.env, LOG_LEVEL: 'error' } },
  )
  return JSON.parse(stdout) as TaskResult
}

function rate({ rows, seconds }: TaskResult): number {
  return rows / seconds
}

function against(name: string, export_: TaskResult, scan: TaskResult, rows: TaskResult): Measurement[] {
  const ratio = (raw: TaskResult): number => rate(export_) / rate(raw)
  const unit = 'events/s'
  return [
    {
      ...{
        name: `export ${name} against bare SQLite rows`,
        value: rate(export_),
        raw: rate(rows),
        unit,
      },
      ...{ ratio: ratio(rows), target: `≥ ${MUST_HOLD}`, ok: ratio(rows) >= MUST_HOLD },
    },
    {
      ...{
        name: `export ${name} against a scan that writes nothing`,
        value: rate(export_),
        raw: rate(scan),
        unit,
      },
      ...{ ratio: ratio(scan), target: '', ok: null },
    },
  ]
}

/** How near an export is to what it can't do without, and whether that leaves room for the ratio that must hold. */
function againstBare(export_: TaskResult, bare: TaskResult, rows: TaskResult): Measurement[] {
  const allowed = (cpus().length * rows.seconds) / MUST_HOLD
  const needed = bare.cpuSeconds ?? NaN
  return [
    {
      ...{
        name: 'export NDJSON against a bare export',
        value: rate(export_),
        raw: rate(bare),
        unit: 'events/s',
      },
      ...{ ratio: rate(export_) / rate(bare), target: '', ok: null },
    },
    {
      ...{ name: `processor time of a bare export, against what ${MUST_HOLD} allows`, unit: 'CPU s' },
      ...{ value: needed, raw: allowed, ratio: needed / allowed, target: '', ok: null },
    },
  ]
}

function bounded(name: string, { seconds, peakBytes }: TaskResult, most: number): Measurement[] {
  const common = { raw: null, ratio: null }
  return [
    {
      ...common,
      name: `export ${name}: time`,
      value: seconds,
      unit: 's',
      target: `< ${most} s`,
      ok: seconds < most,
    },
    {
      ...{
        ...common,
        name: `export ${name}: peak memory of the process`,
        value: peakBytes / 1e6,
        unit: 'MB',
      },
      ...{ target: '< 500 MB', ok: peakBytes < MOST_BYTES },
    },
  ]
}

/** An event on its way in must not notice that a million are on their way out. */
function latency({ idle = NaN, busy = NaN }: TaskResult): Measurement[] {
  return [
    {
      ...{ name: 'append of one event during a CSV export: p50', value: busy, raw: idle, unit: 'ms' },
      ...{ ratio: idle / busy, target: '', ok: null },
    },
  ]
}
