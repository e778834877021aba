import { createHash } from 'node:crypto'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Readable } from 'node:stream'
import { TrailsealError } from '../errors.ts'
import { importFormats, type ImportFormat } from './formats.ts'
import { parseFrame } from './native/parse-frame.ts'
import { lines, type Line } from './native/read-events.ts'

/** Where imported events go: a store of this machine, or a gateway somewhere else. All or nothing, like a request. */
export type ImportSink = (submitted: readonly unknown[]) => Promise<ImportCounts>

interface ImportCounts {
  /** Events that are in the log now and were not before. */
  readonly added: number
  /** Events that the log had already. */
  readonly known: number
  /** Events that the workspace's plan does not record. */
  readonly skipped: number
}

export interface ImportOptions {
  readonly body: AsyncIterable<Uint8Array>
  readonly format: ImportFormat
  readonly sink: ImportSink
  /** Leave out records that can't be events, instead of stopping at the first. */
  readonly skipInvalid?: boolean
  /** Told of each record that was left out. */
  readonly onInvalid?: (message: string) => void
  /** Records read so far. */
  readonly onProgress?: (read: number) => void
}

export interface ImportSummary extends ImportCounts {
  readonly read: number
  readonly invalid: number
}

const EVENTS_AT_ONCE = 500
/** One being committed, one being prepared, while the next is read: more would only hold memory. */
const BATCHES_IN_FLIGHT = 2
/** A line of a foreign log may be far longer than the event made of it. */
const LONGEST_LINE = 8 * 1024 * 1024

interface Submitted {
  readonly line: number
  readonly event: unknown
}

/**
 * Reads NDJSON of any length in bounded memory and appends it in order. Resumable: each record without an id of its own
 * gets one made of its line, so that the same file adds nothing the second time.
 *
 * Errors: `bad_input_file` naming the line; what came before it is in the log.
 */
export async function importEvents(options: ImportOptions): Promise<ImportSummary> {
  const total = { read: 0, added: 0, known: 0, skipped: 0, invalid: 0 }
  const inFlight: Promise<void>[] = []
  const append = async (batch: readonly Submitted[]) => {
    const counts = await appendBatch(options, batch, total)
    total.added += counts.added
    total.known += counts.known
    total.skipped += counts.skipped
    options.onProgress?.(total.added + total.known + total.skipped + total.invalid)
  }
  try {
    for await (const batch of batches(options, total)) {
      if (inFlight.length >= BATCHES_IN_FLIGHT) await inFlight.shift()
      const appending = append(batch)
      // It is awaited later: until then its failure must not count as unhandled.
      appending.catch(() => undefined)
      inFlight.push(appending)
    }
  } finally {
    await Promise.all(inFlight)
  }
  return total
}

/** Unpacks by content, not by name: a gzip or Zstandard stream says so in its first bytes. */
async function* unpacked(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  const first = await chunks.next()
  if (first.done === true) return
  const rest = (async function* () {
    yield first.value
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value
  })()
  const magic = Buffer.from(first.value.subarray(0, 4)).toString('hex')
  const codec = magic.startsWith('1f8b')
    ? createGunzip()
    : magic === '28b52ffd'
      ? createZstdDecompress()
      : null
  if (!codec) return yield* rest
  const source = Readable.from(rest)
  source.on('error', (error) => codec.destroy(error))
  try {
    for await (const chunk of source.pipe(codec)) yield chunk as Uint8Array
  } catch (cause) {
    throw new TrailsealError(
      'bad_input_file',
      'The file ends too early or is damaged: it can not be unpacked.',
      { cause },
    )
  }
}

async function* batches(
  options: ImportOptions,
  total: { read: number; invalid: number },
): AsyncGenerator<Submitted[]> {
  let batch: Submitted[] = []
  for await (const line of readableLines(options, total)) {
    total.read += 1
    try {
      batch.push({ line: line.index + 1, event: submittedEvent(options.format, line) })
    } catch (error) {
      leaveOut(options, total, line.index + 1, error)
    }
    if (batch.length < EVENTS_AT_ONCE) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** A line that is too long or nested too deeply ends the import: what follows it can't be told apart. */
async function* readableLines(
  options: ImportOptions,
  total: { readonly read: number },
): AsyncGenerator<Line> {
  try {
    yield* lines(unpacked(options.body), LONGEST_LINE)
  } catch (error) {
    if (error instanceof TrailsealError && (error.code === 'bad_json' || error.code === 'event_too_large'))
      throw invalid(total.read + 1, error.message, error)
    throw error
  }
}

function submittedEvent(format: ImportFormat, line: Line): unknown {
  const event = importFormats[format](parseFrame(line), line.index)
  if (typeof event !== 'object' || event === null || Array.isArray(event) || 'id' in event) return event
  const id = createHash('sha256')
    .update(`${line.index}:`)
    .update(withoutReturn(line.bytes))
    .digest('hex')
    .slice(0, 32)
  return { ...event, id: `import-${id}` }
}

/** The same lines are the same events, whichever line ends a copy of the file has. */
function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes
}

/** With `skipInvalid` a refused batch is tried again without the events that the refusal names. */
async function appendBatch(
  options: ImportOptions,
  batch: readonly Submitted[],
  total: { invalid: number },
): Promise<ImportCounts> {
  let left = batch
  for (;;) {
    if (left.length === 0) return { added: 0, known: 0, skipped: 0 }
    try {
      return await options.sink(left.map(({ event }) => event))
    } catch (error) {
      const bad = error instanceof TrailsealError ? (error.errors ?? []) : []
      const first = bad[0]
      if (!first) throw error
      if (!options.skipInvalid)
        throw invalid(left[first.index]?.line ?? 0, `${first.path || '/'}: ${first.message}`, error)
      for (const index of new Set(bad.map((each) => each.index))) {
        const problem = bad.find((each) => each.index === index)
        leaveOut(
          options,
          total,
          left[index]?.line ?? 0,
          new Error(`${problem?.path || '/'}: ${problem?.message ?? ''}`),
        )
      }
      left = left.filter((_, index) => !bad.some((each) => each.index === index))
    }
  }
}

function leaveOut(options: ImportOptions, total: { invalid: number }, line: number, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  if (!options.skipInvalid) throw invalid(line, message, error)
  total.invalid += 1
  options.onInvalid?.(`line ${line} left out: ${message}`)
}

function invalid(line: number, message: string, cause: unknown): TrailsealError {
  return new TrailsealError(
    'bad_input_file',
    `Line ${line} can't be imported: ${message} Nothing from its batch on was stored; mend it, or leave such lines out with --skip-invalid.`,
    { cause },
  )
}
