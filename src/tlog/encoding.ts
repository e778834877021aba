import { TrailsealError } from '../errors.ts'

/** The error of every note, checkpoint, tile or proof that is not in its specified form. */
export function malformed(message: string, cause?: unknown): TrailsealError {
  return new TrailsealError('malformed_proof', message, { cause })
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BASE64_VALUE = new Uint8Array(128).fill(255)
for (let value = 0; value < 64; value++) BASE64_VALUE[BASE64.charCodeAt(value)] = value

/** Standard base64 with padding (RFC 4648 §4). */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const bits = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    text += BASE64.charAt(bits >> 18) + BASE64.charAt((bits >> 12) & 63)
    text += left > 1 ? BASE64.charAt((bits >> 6) & 63) : '='
    text += left > 2 ? BASE64.charAt(bits & 63) : '='
  }
  return text
}

/**
 * The one decoder for base64 from outside. Takes exactly what `encodeBase64` writes: no other alphabet, no white space,
 * no missing padding, no stray bits, since two spellings of one proof would be two proofs. Throws `malformed_proof`.
 */
export function decodeBase64(text: string, what = 'value'): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array(Math.max(0, Math.floor(text.length / 4) * 3 - padding))
  const symbols = text.length - padding
  let bits = 0
  for (let at = 0; at < symbols; at++) {
    const value = BASE64_VALUE[text.charCodeAt(at)] ?? 255
    if (value === 255) throw malformed(`The ${what} is not valid base64.`)
    bits = ((bits << 6) | value) & 0xffffff
    const place = at % 4
    // symbol k of a group of four completes byte k − 1
    if (place > 0) bytes[Math.floor(at / 4) * 3 + place - 1] = bits >> (6 - 2 * place)
  }
  if (text.length % 4 !== 0 || encodeBase64(bytes) !== text) {
    throw malformed(`The ${what} is not valid base64.`)
  }
  return bytes
}

/** Base64 of exactly 32 bytes. */
export function decodeBase64Hash(text: string, what = 'hash'): Uint8Array {
  // the length first: a hostile line is refused before anything is allocated for it
  if (text.length !== 44) throw malformed(`The ${what} is not the base64 of 32 bytes.`)
  const hash = decodeBase64(text, what)
  if (hash.length !== 32) throw malformed(`The ${what} is not the base64 of 32 bytes.`)
  return hash
}

/** Lower-case hexadecimal. */
export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Takes exactly what `encodeHex` writes. Throws `malformed_proof`. */
export function decodeHex(text: string, what = 'value'): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw malformed(`The ${what} is not lower-case hexadecimal.`)
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16)
  return bytes
}

/** A decimal from 0 to 2^53 − 1 without sign, leading zero or exponent. Throws `malformed_proof`. */
export function parseDecimal(text: string, what = 'number'): number {
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw malformed(`The ${what} is not a decimal number up to 2^53 - 1.`)
  return value
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false
  return true
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function encodeUtf8(text: string): Uint8Array {
  return utf8Encoder.encode(text)
}

/** Strict UTF-8: no replacement characters, a byte order mark is kept. Throws `malformed_proof`. */
export function decodeUtf8(bytes: Uint8Array, what = 'text'): string {
  try {
    return utf8Decoder.decode(bytes)
  } catch (cause) {
    throw malformed(`The ${what} is not valid UTF-8.`, cause)
  }
}
