import { malformed } from '../tlog/encoding.ts'
import { leafHash, MAX_ENTRY_BYTES } from '../tlog/leaf.ts'
import type { Sha256 } from '../tlog/sha256.ts'
import { checkEntry } from './entry-check.ts'
import { scanEntry } from './entry-scan.ts'
import type { ExportProtocol } from './export-report.ts'

/** A row of an NDJSON export that says what it is; whether that is true its hash has to tell. */
export interface FileRow {
  /** From 1. */
  readonly row: number
  readonly seq: number
  readonly leafHash: Uint8Array
}

const LINE_FEED = 0x0a
const decoder = new TextDecoder('utf-8')

/** The rows of a file in its order. Reports those that are no entries of the log, or not behind the row before them. */
export async function* fileRows(
  bytes: AsyncIterable<Uint8Array>,
  { origin, sha256, protocol }: { origin: string; sha256: Sha256; protocol: ExportProtocol },
): AsyncGenerator<FileRow, { readonly rows: number }> {
  let row = 0
  let last = -1
  for await (const line of lines(bytes)) {
    row += 1
    const seq = line.length > MAX_ENTRY_BYTES ? undefined : seqOf(decoder.decode(line))
    if (seq === undefined) {
      protocol.wrong({ what: 'row', row, message: 'The row is not an entry of a log.' })
      continue
    }
    const { problem } = checkEntry(line, origin, seq, '')
    if (problem !== undefined) protocol.wrong({ what: 'row', row, seq, message: problem })
    if (seq <= last) {
      const message = `The row repeats an earlier one or is in another order than the log: seq ${seq} follows ${last}.`
      protocol.wrong({ what: 'row', row, seq, message })
      continue
    }
    last = seq
    yield { row, seq, leafHash: leafHash(line, sha256) }
  }
  return { rows: row }
}

function seqOf(text: string): number | undefined {
  const scanned = scanEntry(text)?.seq
  if (scanned !== undefined) return wholeNumber(Number(scanned))
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && 'seq' in value
    return isObject ? wholeNumber(value.seq) : undefined
  } catch {
    return undefined
  }
}

function wholeNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

/** Without their line feeds. What follows the last line feed is a row too: a truncated one. */
async function* lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array()
  for await (const chunk of bytes) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const part = chunk.subarray(start, end)
      yield rest.length === 0 ? part : joined(rest, part)
      rest = new Uint8Array()
      start = end + 1
    }
    rest = joined(rest, chunk.subarray(start))
    // a file without line feeds must not fill the memory
    if (rest.length > 2 * MAX_ENTRY_BYTES)
      throw malformed('The file is not an NDJSON export: a row is far longer than any entry.')
  }
  if (rest.length > 0) yield rest
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length)
  both.set(left)
  both.set(right, left.length)
  return both
}
