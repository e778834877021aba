/**
 * `node make-large-store.ts DIRECTORY COUNT`: a data directory with the large history in the workspace `acme`, written by
 * the product itself. Nothing happens where it is there already; one that was begun and not ended is never taken for whole.
 */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { openTrailseal } from '../../../src/compose.ts'
import { readConfig } from '../../../src/config/config.ts'
import { largeHistoryEvent } from './large-history.ts'

const BATCH = 1_000
/** Requests under way: the events of one are prepared while the store writes those of another. */
const LANES = 4

const [directory = '', count = '0'] = process.argv.slice(2)
if (!existsSync(directory)) {
  const unfinished = `${directory}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  await make(unfinished, Number(count))
  renameSync(unfinished, directory)
}

async function make(dataDir: string, events: number): Promise<void> {
  const config = readConfig({ TRAILSEAL_DATA_DIR: dataDir, TRAILSEAL_STORE: 'sqlite', LOG_LEVEL: 'error' })
  await using trailseal = await openTrailseal(config)
  await trailseal.administration.setWorkspace('acme', { name: 'Acme Robotics', plan: 'strategic' })
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < events) {
      const first = next
      next += BATCH
      const length = Math.min(BATCH, events - first)
      await trailseal.ingest.append(
        'acme',
        Array.from({ length }, (_, at) => largeHistoryEvent(first + at)),
      )
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}
