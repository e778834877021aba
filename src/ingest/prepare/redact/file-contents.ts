import { createHash } from 'node:crypto'

/** Texts below this length are values, not files, whatever their name. */
const MIN_CONTENT_LENGTH = 1_024
const DATA_URL = /^data:[\w.+-]{0,80}\/?[\w.+-]{0,80}(?:;[\w=.+-]{1,80}){0,8},/i
const BASE64 = /^[A-Za-z0-9+/_-\s]+={0,2}\s*$/
const CERTIFICATE = /^\s*-----BEGIN (?:CERTIFICATE|PUBLIC KEY|X509 CRL)/

/**
 * What stands for file contents in an event: their size and hash, so that a file at hand can still be recognised. Null where the text is
 * no file: contents are `data:` URLs, long base64, and long texts in a field named for contents. Certificates and public keys stay.
 */
export function replaceFileContents(text: string, inContentField: boolean): string | null {
  if (text.startsWith('data:') || text.startsWith('DATA:')) {
    const header = DATA_URL.exec(text)?.[0]
    if (header !== undefined) {
      const isBase64 = /;base64,$/i.test(header)
      return describe(Buffer.from(text.slice(header.length), isBase64 ? 'base64' : 'utf8'))
    }
  }
  if (text.length < MIN_CONTENT_LENGTH || CERTIFICATE.test(text)) return null
  if (
    BASE64.test(text) &&
    !/^[a-f0-9]+$/i.test(text) &&
    /\d/.test(text) &&
    /[A-Z]/.test(text) &&
    !/ /.test(text)
  ) {
    return describe(Buffer.from(text, 'base64'))
  }
  return inContentField ? describe(Buffer.from(text, 'utf8')) : null
}

/** The hash of something short can be found by trying: scripts of unknown length get none. */
export function describe(contents: Buffer): string {
  if (contents.length < MIN_CONTENT_LENGTH / 2) return `[redacted: file content, ${contents.length} bytes]`
  const hash = createHash('sha256').update(contents).digest('hex')
  return `[redacted: file content, ${contents.length} bytes, sha256 ${hash}]`
}
