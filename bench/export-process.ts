/** One task of bench/exports.ts in a process of its own, so that its peak of memory is its own: `export-process.ts TASK DATA_DIR PDF_ROWS`. */
import { createHash, hash } from 'node:crypto'
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdDecompressSync } from 'node:zlib'
import { openTrailseal, type Trailseal } from '../src/compose.ts'
import { readConfig } from '../src/config/config.ts'
import { OPERATOR } from '../src/workspaces/workspaces.ts'
import { submittedEvents } from './events.ts'
import { median } from './table.ts'

export type ExportTask =
  | 'rows-log'
  | 'rows-newest'
  | 'bare-ndjson'
  | 'scan-log'
  | 'scan-newest'
  | 'ndjson'
  | 'csv'
  | 'xlsx'
  | 'pdf'
  | 'latency'

export interface TaskResult {
  readonly rows: number
  readonly seconds: number
  readonly cpuSeconds?: number
  readonly peakBytes: number
  /** Milliseconds, of `latency`. */
  readonly idle?: number
  readonly busy?: number
}

const WORKSPACE = 'bench'
const POLL_MS = 10
const SAMPLES = 150

type Format = 'ndjson' | 'csv' | 'xlsx' | 'pdf'

async function exported(trailseal: Trailseal, format: Format, to?: string): Promise<number> {
  const { exports } = trailseal.exporting
  const asked = await exports.request(OPERATOR, WORKSPACE, {
    format,
    filters: to === undefined ? {} : { to },
  })
  for (;;) {
    const { status, rows, error } = await exports.show(OPERATOR, WORKSPACE, asked.id)
    if (status === 'failed') throw new Error(error ?? 'the export failed')
    if (status === 'done') {
      finished.push(asked.id)
      return rows ?? 0
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** To be removed when the time is taken. */
const finished: string[] = []

async function scanned(trailseal: Trailseal, order: 'log' | 'newest'): Promise<number> {
  const { scan } = trailseal.exporting
  const moment = await scan.start(OPERATOR, WORKSPACE, {})
  const request = { moment, filters: {}, order }
  let rows = 0
  for await (const batch of scan.scan(OPERATOR, WORKSPACE, request, new AbortController().signal)) {
    rows += batch.seqs.length
    scan.release(batch.bytes.buffer)
  }
  return rows
}

/** Entries of a bundle (docs/format.md, Tiles). */
function cut(bundle: Uint8Array): Uint8Array[] {
  const bytes = zstdDecompressSync(bundle, { chunkSize: 64 * 1024 })
  const entries: Uint8Array[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const length = bytes.readUInt16BE(at)
    entries.push(bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return entries
}

function bareRows(dataDir: string, order: 'log' | 'newest'): number {
  using database = new DatabaseSync(join(dataDir, 'trailseal.sqlite'), { readOnly: true })
  const bundles = database.prepare('SELECT key, bundle FROM ledger_entries ORDER BY key')
  let rows = 0
  if (order === 'log') {
    for (const { bundle } of bundles.iterate()) rows += cut(bundle as Uint8Array).length
    return rows
  }
  const before = database.prepare(
    'SELECT key, bundle FROM ledger_entries WHERE key <= ? ORDER BY key DESC LIMIT 1',
  )
  const base =
    Number(database.prepare('SELECT number FROM ledger_log WHERE workspace = ?').get(WORKSPACE)?.['number']) *
    2 ** 33
  let first = 0
  let entries: Uint8Array[] = []
  for (const { seq } of database.prepare('SELECT seq FROM search_event ORDER BY place DESC').iterate()) {
    if (Number(seq) < first || Number(seq) >= first + entries.length) {
      const row = before.get(base + Number(seq))
      first = Number(row?.['key']) - base
      entries = cut(row?.['bundle'] as Uint8Array)
    }
    if (entries[Number(seq) - first] !== undefined) rows += 1
  }
  return rows
}

/**
 * What an export as NDJSON can't do without, in one thread and with nothing of ours: bundles read and decompressed, each entry hashed, lines
 * made of them, hashed and written.
 */
function bareExport(dataDir: string): number {
  using database = new DatabaseSync(join(dataDir, 'trailseal.sqlite'), { readOnly: true })
  const bundles = database.prepare(
    'SELECT key, bundle FROM ledger_entries WHERE key > ? ORDER BY key LIMIT 16',
  )
  const fileHash = createHash('sha256')
  const path = join(dataDir, 'bare.ndjson')
  const file = openSync(path, 'w')
  const lines = Buffer.alloc(16 * 64 * 65_537)
  let rows = 0
  for (let key = 0, found = bundles.all(key); found.length > 0; found = bundles.all(key)) {
    let end = 0
    for (const { bundle } of found) {
      const bytes = zstdDecompressSync(bundle as Uint8Array, { chunkSize: 64 * 1024 })
      for (let at = 0; at + 2 <= bytes.length;) {
        const start = at + 2
        at = start + bytes.readUInt16BE(at)
        bytes[start - 1] = 0
        if (hash('sha256', bytes.subarray(start - 1, at), 'binary') === '') throw new Error('no hash')
        bytes.copy(lines, end, start, at)
        end += at - start
        lines[end++] = 0x0a
        rows += 1
      }
    }
    fileHash.update(lines.subarray(0, end))
    writeSync(file, lines, 0, end)
    key = Number(found.at(-1)?.['key'])
  }
  closeSync(file)
  rmSync(path)
  return rows
}

/** Median milliseconds of appending one event after the other. */
async function appendTime(trailseal: Trailseal, until: () => boolean): Promise<number> {
  const times: number[] = []
  const events = submittedEvents(100_000, 99)
  while (times.length < SAMPLES || !until()) {
    const value: unknown = events.next().value
    const started = performance.now()
    await trailseal.ingest.append(WORKSPACE, [value])
    times.push(performance.now() - started)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return median(times)
}

async function latency(trailseal: Trailseal): Promise<{ rows: number; idle: number; busy: number }> {
  const idle = await appendTime(trailseal, () => true)
  let isDone = false
  const rows = exported(trailseal, 'csv').finally(() => (isDone = true))
  const busy = await appendTime(trailseal, () => isDone)
  return { rows: await rows, idle, busy }
}

async function perform(trailseal: Trailseal, task: ExportTask): Promise<Partial<TaskResult>> {
  switch (task) {
    case 'rows-log':
    case 'rows-newest':
      return { rows: bareRows(dataDir, task === 'rows-log' ? 'log' : 'newest') }
    case 'bare-ndjson':
      return { rows: bareExport(dataDir) }
    case 'scan-log':
    case 'scan-newest':
      return { rows: await scanned(trailseal, task === 'scan-log' ? 'log' : 'newest') }
    case 'pdf':
      // events of bench/events.ts are 25 ms apart
      return {
        rows: await exported(
          trailseal,
          'pdf',
          new Date(Date.UTC(2026, 0, 1) + (pdfRows - 1) * 25).toISOString(),
        ),
      }
    case 'latency':
      return await latency(trailseal)
    case 'ndjson':
    case 'csv':
    case 'xlsx':
      return { rows: await exported(trailseal, task) }
  }
}

const [task = 'ndjson', dataDir = '', rowsOfPdf = '10000'] = process.argv.slice(2)
const pdfRows = Number(rowsOfPdf)
await using open = new AsyncDisposableStack()
const trailseal = open.use(
  await openTrailseal(readConfig({ TRAILSEAL_DATA_DIR: dataDir, LOG_LEVEL: 'error' })),
)
open.use(trailseal.exporting.startWorkers())
const cpu = process.cpuUsage()
const started = performance.now()
const found = await perform(trailseal, task as ExportTask)
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
for (const id of finished) await trailseal.exporting.exports.remove(OPERATOR, WORKSPACE, id)
const peakBytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024
process.stdout.write(JSON.stringify({ ...found, seconds, cpuSeconds: (user + system) / 1e6, peakBytes }))
