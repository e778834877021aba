import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openTrailseal } from '../src/compose.ts'
import { readConfig } from '../src/config/config.ts'
import { startGateway } from '../test/support/gateway-process.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { submittedEvents } from './events.ts'
import { singleEventRate } from './single-events.ts'
import { median, type Measurement } from './table.ts'

const BATCH = 1000
const IN_FLIGHT = 4
const ROUNDS = 3

/**
 * Ingest in process and over HTTP against the same rows written raw. Each run stands between two raw ones and is measured against both: the
 * machine's own speed wanders by a tenth and more from one second to the next.
 */
export async function benchIngest(events: number): Promise<Measurement[]> {
  const batches = batchesOf(events)
  const bytes = (batches[0]?.length ?? 0) / BATCH
  console.log(
    `ingest: ${ROUNDS} rounds of ${events} events of ${Math.round(bytes)} bytes, batches of ${BATCH}`,
  )
  using writer = await RawWriter.of(batches)
  const rates = { raw: [] as number[], inProcess: [] as number[], http: [] as number[] }
  const ratios = { inProcess: [] as number[], http: [] as number[] }
  let raw = events / (await writer.seconds())
  for (let round = 0; round < ROUNDS; round++)
    for (const way of ['inProcess', 'http'] as const) {
      const rate = events / (await (way === 'http' ? overHttp(batches) : inProcess(batches)))
      const before = raw
      raw = events / (await writer.seconds())
      rates.raw.push(raw)
      rates[way].push(rate)
      ratios[way].push((2 * rate) / (before + raw))
    }
  const single = await singleEventRate(64, 20_000)
  const measurement = (name: string, way: 'inProcess' | 'http', least: number): Measurement => {
    const ratio = median(ratios[way])
    return {
      name,
      value: median(rates[way]),
      raw: median(rates.raw),
      unit: 'events/s',
      ratio,
      target: `ratio ≥ ${least}`,
      ok: ratio >= least,
    }
  }
  return [
    measurement('ingest in process', 'inProcess', 0.7),
    measurement('ingest over HTTP, batches of 1,000', 'http', 0.6),
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

/** The raw writer, in a process of its own: its rows would be the product's garbage collection. */
class RawWriter implements Disposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Has the product write the batches once, and keeps the rows. */
  static async of(batches: readonly string[]): Promise<RawWriter> {
    using directory = temporaryDirectory()
    await ingested(directory.path, batches)
    const file = join(directory.path, 'trailseal.sqlite')
    const child = fork(join(import.meta.dirname, 'raw-process.ts'), [file, String(BATCH)])
    const writer = new RawWriter(child)
    await writer.#answer()
    return writer
  }

  async seconds(): Promise<number> {
    using directory = temporaryDirectory()
    this.#child.send(join(directory.path, 'raw.sqlite'))
    return await this.#answer()
  }

  async #answer(): Promise<number> {
    const [seconds] = (await once(this.#child, 'message')) as [number]
    return seconds
  }

  [Symbol.dispose](): void {
    this.#child.kill()
  }
}

async function inProcess(batches: readonly string[]): Promise<number> {
  using directory = temporaryDirectory()
  return await ingested(directory.path, batches)
}

async function ingested(dataDir: string, batches: readonly string[]): Promise<number> {
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
