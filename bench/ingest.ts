import { join } from 'node:path'
import { openTrailseal } from '../src/compose.ts'
import { readConfig } from '../src/config/config.ts'
import { startGateway } from '../test/support/gateway-process.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { submittedEvents } from './events.ts'
import { rowsOf, writeRaw } from './raw-sqlite.ts'
import { singleEventRate } from './single-events.ts'
import { median, type Measurement } from './table.ts'

const BATCH = 1000
const IN_FLIGHT = 4
const PAIRS = 3

/** Ingest in process and over HTTP against the same rows written raw, pair by pair, so that a slow moment of the machine hits both. */
export async function benchIngest(events: number): Promise<Measurement[]> {
  const batches = batchesOf(events)
  const bytes = (batches[0]?.length ?? 0) / BATCH
  console.log(
    `ingest: ${PAIRS} rounds of ${events} events of ${Math.round(bytes)} bytes, batches of ${BATCH}`,
  )
  const rates = { raw: [] as number[], inProcess: [] as number[], http: [] as number[] }
  for (let pair = 0; pair < PAIRS; pair++) {
    using directory = temporaryDirectory()
    rates.inProcess.push(events / (await inProcess(directory.path, batches)))
    const rows = rowsOf(join(directory.path, 'trailseal.sqlite'), BATCH)
    rates.raw.push(events / writeRaw(join(directory.path, 'raw.sqlite'), rows))
    rates.http.push(events / (await overHttp(batches)))
  }
  const single = await singleEventRate(64, 20_000)
  const ratioOf = (measured: readonly number[]) =>
    median(measured.map((rate, at) => rate / (rates.raw[at] ?? Number.NaN)))
  const measurement = (name: string, measured: readonly number[], least: number): Measurement => {
    const ratio = ratioOf(measured)
    return {
      name,
      value: median(measured),
      raw: median(rates.raw),
      unit: 'events/s',
      ratio,
      target: `ratio ≥ ${least}`,
      ok: ratio >= least,
    }
  }
  return [
    measurement('ingest in process', rates.inProcess, 0.7),
    measurement('ingest over HTTP, batches of 1,000', rates.http, 0.6),
    {
      name: 'single events over HTTP, 64 clients',
      value: single,
      raw: null,
      unit: 'requests/s',
      ratio: null,
      target: '≥ 3,000/s',
      ok: single >= 3000,
    },
  ]
}

/** Batches as NDJSON, one text each: hundreds of thousands of objects of the benchmark would be the product's garbage collection. */
function batchesOf(events: number): string[] {
  const batches: string[] = []
  let lines: string[] = []
  for (const event of submittedEvents(events)) {
    lines.push(JSON.stringify(event))
    if (lines.length < BATCH) continue
    batches.push(lines.join('\n'))
    lines = []
  }
  if (lines.length > 0) batches.push(lines.join('\n'))
  return batches
}

async function inProcess(dataDir: string, batches: readonly string[]): Promise<number> {
  await using trailseal = await openTrailseal(readConfig({ TRAILSEAL_DATA_DIR: dataDir, LOG_LEVEL: 'error' }))
  await trailseal.administration.ensureWorkspace('bench')
  return await timed(batches, (batch) =>
    trailseal.ingest.append('bench', JSON.parse(`[${batch.replaceAll('\n', ',')}]`) as unknown[]),
  )
}

async function overHttp(batches: readonly string[]): Promise<number> {
  using directory = temporaryDirectory()
  await using gateway = await startGateway(directory.path)
  const json = { 'content-type': 'application/json' }
  await gateway.fetch('/v1/workspaces/bench', {
    method: 'PUT',
    headers: json,
    body: JSON.stringify({ name: 'Bench', plan: 'strategic' }),
  })
  return await timed(batches, async (body) => {
    const headers = { 'content-type': 'application/x-ndjson' }
    const response = await gateway.fetch('/v1/workspaces/bench/events', { method: 'POST', headers, body })
    if (response.status !== 201) throw new Error(`HTTP ${response.status}: ${await response.text()}`)
    await response.arrayBuffer()
  })
}

/** Seconds for all batches, a few of them in flight. */
async function timed<Batch>(
  batches: readonly Batch[],
  append: (batch: Batch) => Promise<unknown>,
): Promise<number> {
  const waiting = [...batches]
  const started = performance.now()
  const worker = async () => {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) await append(batch)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  return (performance.now() - started) / 1000
}
