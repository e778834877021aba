/** Body of an export thread: parses and formats rows, and writes them to one file. */
import { parentPort, workerData } from 'node:worker_threads'
import { finished } from 'node:stream/promises'
import { TrailsealError } from '../errors.ts'
import { loadFormat } from './export-formats.ts'
import type { ExportWriter } from './formats/export-format.ts'
import { FileOutput } from './formats/output.ts'
import type { ThreadAnswer, ThreadOptions, ThreadRequest } from './thread-messages.ts'
import { ScannedExportRows } from './scanned-export-rows.ts'

const options = workerData as ThreadOptions
const port = parentPort
if (!port) throw new Error('this module runs in a worker thread')

const output = new FileOutput(options.path)
const written = finished(output)
// a failure shows at the next write
written.catch(() => undefined)
let writer: ExportWriter | null = null
let turn: Promise<void> = Promise.resolve()

port.on('message', (request: ThreadRequest) => {
  // one after the other, though messages come while one is being written
  turn = turn.then(async () => {
    const said = await answer(request)
    port.postMessage(said, 'spare' in said ? [said.spare] : [])
    if ('end' in request) port.close()
  })
})

async function answer(request: ThreadRequest): Promise<ThreadAnswer> {
  try {
    writer ??= (await loadFormat(options.format, options.settings)).open(output, options.context)
    if ('end' in request) {
      await writer.end()
      await written
      return { id: request.id, file: output.measured() }
    }
    await writer.write(new ScannedExportRows(request.rows))
    return { id: request.id, spare: request.rows.bytes.buffer }
  } catch (error) {
    return { id: request.id, failure: failureOf(error) }
  }
}

function failureOf(error: unknown): { code: TrailsealError['code']; message: string } {
  if (error instanceof TrailsealError) return { code: error.code, message: error.message }
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return { code: 'store_unavailable', message: 'No space is left for the file of the export.' }
  return {
    code: 'internal',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}
