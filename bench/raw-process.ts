/** `node raw-process.ts STORE EVENTS_PER_COMMIT`: reads the rows of a store, then writes them raw to each file that it is sent, and answers the seconds. */
import { rowsOf, writeRaw } from './raw-sqlite.ts'

const [store = '', eventsPerCommit] = process.argv.slice(2)
const rows = rowsOf(store, Number(eventsPerCommit))
process.on('message', (file: string) => process.send?.(writeRaw(file, rows)))
process.send?.(0)
