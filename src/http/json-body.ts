import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { TrailsealError } from '../errors.ts'
import { checkJson } from '../event/submitted-json.ts'

/** Requests of people and administration are small; events have a decoder of their own. */
const MAX_BYTES = 64 * 1024

/**
 * Reads a small JSON body against its schema.
 * Errors: `unsupported_media_type`, `body_too_large`, `bad_json`, `bad_request` (names the field, never its value).
 */
export async function readJsonBody<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw new TrailsealError(
      'unsupported_media_type',
      'The body must be JSON, with `Content-Type: application/json`.',
    )
  if (request.headers['content-encoding'] !== undefined)
    throw new TrailsealError(
      'unsupported_media_type',
      'A body of this kind is sent without a content encoding.',
    )
  return check(parse(await readAll(request)), schema)
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  // `destroyOnReturn` off: leaving the loop early must not cut the connection before the answer is out.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES)
      throw new TrailsealError('body_too_large', `The body is larger than ${MAX_BYTES / 1024} KiB.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new TrailsealError('bad_json', 'The body is not JSON in UTF-8.', { cause })
  }
}

function check<Schema extends z.ZodType>(json: unknown, schema: Schema): z.output<Schema> {
  const [fault] = typeof json === 'object' && json !== null ? checkJson(json).faults : []
  if (fault) throw new TrailsealError('bad_request', `Body${fault.path}: ${fault.message}`)
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `\`${path.join('.') || 'body'}\`: ${message}`)
  throw new TrailsealError(
    'bad_request',
    `The body is not as expected: ${faults.join('; ').slice(0, 2_000)}.`,
  )
}
