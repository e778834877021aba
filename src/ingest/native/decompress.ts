import { Readable, pipeline } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { TrailsealError } from '../../errors.ts'
import type { ContentCoding } from './headers.ts'

/** 2^25 = 32 MiB: a frame that asks for a larger window wants our memory, not its compression. */
const MAX_ZSTD_WINDOW_LOG = 25

/**
 * The body without its content coding, as a stream. `limit` bounds what comes out, counted while it comes, so that a few kilobytes can't unfold
 * to gigabytes; Infinity for files on disk. Throws `body_too_large`, and `bad_request` for a corrupt or truncated coding.
 */
export async function* decompress(
  body: AsyncIterable<Uint8Array>,
  coding: ContentCoding,
  limit: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0
  for await (const chunk of decoded(body, coding)) {
    length += chunk.length
    if (length > limit) {
      throw new TrailsealError('body_too_large', `The body is longer than ${limit} bytes once unpacked.`)
    }
    yield chunk
  }
}

async function* decoded(body: AsyncIterable<Uint8Array>, coding: ContentCoding): AsyncGenerator<Uint8Array> {
  if (coding === 'identity') {
    yield* body
    return
  }
  const decoder =
    coding === 'gzip'
      ? createGunzip()
      : createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: MAX_ZSTD_WINDOW_LOG } })
  const source = Readable.from(body, { objectMode: false })
  // a failure of the source is its own error; everything else is the coding's
  const sourceErrors: Error[] = []
  source.once('error', (error) => sourceErrors.push(error))
  pipeline(source, decoder, () => undefined)
  try {
    yield* decoder as AsyncIterable<Uint8Array>
  } catch (cause) {
    if (sourceErrors[0] !== undefined) throw sourceErrors[0]
    throw new TrailsealError('bad_request', `The body is no complete ${coding} stream.`, { cause })
  } finally {
    decoder.destroy()
  }
}
