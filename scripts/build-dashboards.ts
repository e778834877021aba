import { readFileSync, writeFileSync } from 'node:fs'
import { overview } from './dashboards/overview.ts'
import { toNdjson } from './dashboards/saved-objects.ts'

/** Writes dashboards/overview.ndjson of its source; with --check only says whether it is what the source makes. */
const file = new URL('../dashboards/overview.ndjson', import.meta.url)
const text = toNdjson(overview)
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write(
    'dashboards/overview.ndjson is not what scripts/dashboards makes: npm run dashboards\n',
  )
  process.exitCode = 1
}
