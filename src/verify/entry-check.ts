import { decodeUtf8 } from '../tlog/encoding.ts'
import { scanEntry } from './entry-scan.ts'

/** What of an entry ties it to its log (docs/format.md, Entry), and the first thing that is wrong with it. */
export interface CheckedEntry {
  /** Base64 leaf hash of the entry before, as this entry says. */
  readonly prev?: string
  readonly receivedAt?: string
  /** A sentence. */
  readonly problem?: string
}

const RECEIVED_AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const HASH_TEXT_LENGTH = '""'.length + 44

/**
 * Reads an entry that may say anything, and checks all that needs no hash: JSON, version, origin, seq, and that
 * `received_at` is not before `notBefore`.
 */
export function checkEntry(entry: Uint8Array, origin: string, seq: number, notBefore: string): CheckedEntry {
  let text: string
  try {
    text = decodeUtf8(entry)
  } catch {
    return { problem: 'The entry is not valid UTF-8.' }
  }
  return confirmEntry(text, origin, seq, notBefore) ?? examineEntry(text, origin, seq, notBefore)
}

/** The fast way: only ever answers that an entry is right. */
function confirmEntry(
  text: string,
  origin: string,
  seq: number,
  notBefore: string,
): CheckedEntry | undefined {
  const fields = scanEntry(text)
  if (fields?.v !== '1' || fields.seq !== String(seq)) return undefined
  if (
    fields.log?.length !== origin.length + 2 ||
    fields.log[0] !== '"' ||
    !fields.log.startsWith(origin, 1)
  ) {
    return undefined
  }
  if (fields.prev?.length !== HASH_TEXT_LENGTH || fields.prev[0] !== '"') return undefined
  if (fields.receivedAt?.[0] !== '"') return undefined
  const receivedAt = fields.receivedAt.slice(1, -1)
  if (!RECEIVED_AT.test(receivedAt) || receivedAt < notBefore) return undefined
  return { prev: fields.prev.slice(1, -1), receivedAt }
}

function examineEntry(text: string, origin: string, seq: number, notBefore: string): CheckedEntry {
  const fields = parseObject(text)
  if (fields === undefined) return { problem: 'The entry is not a JSON object.' }
  const { v, log, prev, received_at: receivedAt } = fields
  if (typeof prev !== 'string') return { problem: 'The entry does not say which one it follows.' }
  if (v !== 1) return { prev, problem: 'The entry is not of version 1.' }
  if (log !== origin) return { prev, problem: 'The entry says that it belongs to another log.' }
  if (fields['seq'] !== seq) return { prev, problem: 'The entry says that it has another seq.' }
  if (typeof receivedAt !== 'string' || !RECEIVED_AT.test(receivedAt)) {
    return { prev, problem: 'The entry does not say when it was received.' }
  }
  // one form of fixed length: the order of the texts is the order of the times
  if (receivedAt < notBefore) return { prev, problem: 'The entry was received before the one it follows.' }
  return { prev, receivedAt }
}

/** The id of an entry's event, where it can be read. */
export function eventIdOf(entry: Uint8Array): string | undefined {
  try {
    const id = parseObject(decodeUtf8(entry))?.['id']
    return typeof id === 'string' ? id : undefined
  } catch {
    return undefined
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
