import { openTrailseal, sha256 } from '../src/compose.ts'
import { readConfig } from '../src/config/config.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { submittedEvents } from './events.ts'
import type { Measurement } from './table.ts'

/** Verification of a whole store against bare SHA-256 over the same bytes. */
export async function benchVerify(events: number): Promise<Measurement[]> {
  console.log(`verification: ${events} events`)
  using directory = temporaryDirectory()
  await using trailseal = await openTrailseal(
    readConfig({ TRAILSEAL_DATA_DIR: directory.path, LOG_LEVEL: 'error' }),
  )
  await trailseal.administration.ensureWorkspace('bench')
  let batch: unknown[] = []
  for (const event of submittedEvents(events))
    if (batch.push(event) === 1000) {
      await trailseal.ingest.append('bench', batch)
      batch = []
    }
  if (batch.length > 0) await trailseal.ingest.append('bench', batch)
  const bare = await bareSha256(trailseal.ledger, events)
  const marks: { step: string; at: number }[] = []
  const report = await trailseal.verification.verify((label) => {
    const step = label.startsWith('log') ? 'log' : label
    if (marks.at(-1)?.step !== step) marks.push({ step, at: performance.now() })
  })
  const ended = performance.now()
  if (!report.ok) throw new Error('the log of the benchmark does not verify')
  const secondsOf = (wanted: string) => {
    const at = marks.findIndex(({ step }) => step === wanted)
    return ((marks[at + 1]?.at ?? ended) - (marks[at]?.at ?? ended)) / 1000
  }
  const measurement = (name: string, seconds: number): Measurement => ({
    ...{ name, value: events / seconds, raw: events / bare, unit: 'events/s', ratio: bare / seconds },
    ...{ target: '', ok: null },
  })
  return [
    measurement('verify: log against bare SHA-256', secondsOf('log')),
    measurement('verify: index, documents', secondsOf('search index, events')),
    measurement('verify: index, words', secondsOf('search index, words')),
  ]
}

/** Seconds of SHA-256 alone: the entries are in memory already. */
async function bareSha256(
  ledger: { entries(workspace: string, first: number, count: number): Promise<readonly Uint8Array[]> },
  events: number,
): Promise<number> {
  let seconds = 0
  for (let first = 0; first < events; first += 4000) {
    const entries = await ledger.entries('bench', first, Math.min(4000, events - first))
    const started = performance.now()
    for (const entry of entries) sha256(entry)
    seconds += (performance.now() - started) / 1000
  }
  return seconds
}
