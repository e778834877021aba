import { TrailsealError } from '../../errors.ts'

/** How a body is cut into events. */
export type Framing = 'json' | 'lines'
export type ContentCoding = 'identity' | 'gzip' | 'zstd'

const FRAMINGS: Readonly<Record<string, Framing>> = {
  'application/json': 'json',
  'application/x-ndjson': 'lines',
  'application/ndjson': 'lines',
  'application/jsonl': 'lines',
  'application/x-jsonlines': 'lines',
}

const CODINGS: Readonly<Record<string, ContentCoding>> = {
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  zstd: 'zstd',
}

/** Reads a Content-Type (RFC 9110 §8.3); absent means JSON. Throws `unsupported_media_type`. */
export function framingOf(contentType: string | undefined): Framing {
  if (contentType === undefined || contentType.trim() === '') return 'json'
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase())
  const framing = Object.hasOwn(FRAMINGS, type) ? FRAMINGS[type] : undefined
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length)
  if (framing === undefined || (charset !== undefined && !/^"?utf-?8"?$/.test(charset))) {
    throw new TrailsealError(
      'unsupported_media_type',
      'Send events as application/json or application/x-ndjson, in UTF-8.',
    )
  }
  return framing
}

/** Reads a Content-Encoding (RFC 9110 §8.4), one coding at most. Throws `unsupported_media_type`. */
export function codingOf(contentEncoding: string | undefined): ContentCoding {
  const name = contentEncoding?.trim().toLowerCase() ?? ''
  const coding = name === '' ? 'identity' : Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined
  if (coding === undefined) {
    throw new TrailsealError(
      'unsupported_media_type',
      'The content encodings understood are gzip, zstd and identity.',
    )
  }
  return coding
}
