import * as asn1js from 'asn1js'
import { Certificate, ContentInfo, SignedData } from 'pkijs'
import type { SignerInfo } from 'pkijs'
import { TrailsealError } from '../errors.ts'
import { concatBytes, encodeHex, equalBytes, malformed } from '../tlog/encoding.ts'
import type { Sha256 } from '../tlog/sha256.ts'

const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const
const BYTE_RANGE = /\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g

/**
 * Checks the digital signature of a PDF (ISO 32000-1 §12.8.1): that it covers every byte but its own place, that the document has
 * the digest that was signed, and that the key of the certificate inside made it. Whether that certificate is to be trusted is
 * another question. Answers whose it is. Throws `tampered` and `malformed_proof`.
 */
export async function verifyPdfSignature(document: Uint8Array, sha256: Sha256): Promise<string> {
  const { before, hole, after } = coveredBytes(document)
  const { signer, certificate } = signedDataOf(hole)
  const digest = digestIn(signer)
  if (!equalBytes(sha256(concatBytes([before, after])), digest)) {
    throw tampered('The PDF is not the one that was signed: it was changed.')
  }
  if (!(await isSignedBy(certificate, signer)))
    throw tampered("The PDF's signature is not one that its certificate's key made.")
  const name = certificate.subject.typesAndValues.map(({ value }) => value.valueBlock.value).join(', ')
  const fingerprint = encodeHex(sha256(new Uint8Array(certificate.toSchema().toBER())))
  return `“${name}” (certificate SHA-256 ${fingerprint})`
}

function coveredBytes(document: Uint8Array): { before: Uint8Array; hole: Uint8Array; after: Uint8Array } {
  const text = new TextDecoder('latin1').decode(document)
  const ranges = [...text.matchAll(BYTE_RANGE)]
  const [range] = ranges
  if (range === undefined) throw tampered('The PDF is not signed.')
  const [start = -1, length = 0, second = 0, rest = 0] = range.slice(1).map(Number)
  const isWhole = start === 0 && second + rest === document.length && length < second && ranges.length === 1
  const isFramed = text[length] === '<' && text[second - 1] === '>'
  if (!isWhole || !isFramed) throw tampered("The PDF's signature does not cover the whole document.")
  const hex = text.slice(length + 1, second - 1)
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(hex)) throw malformed("The PDF's signature is not hexadecimal.")
  const hole = new Uint8Array(hex.length / 2)
  for (let at = 0; at < hole.length; at++) hole[at] = Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16)
  return { before: document.subarray(0, length), hole, after: document.subarray(second) }
}

function signedDataOf(der: Uint8Array): { signer: SignerInfo; certificate: Certificate } {
  try {
    const bytes = new Uint8Array(der).buffer
    const signedData = new SignedData({ schema: ContentInfo.fromBER(bytes).content as unknown })
    const [signer] = signedData.signerInfos
    const [certificate] = signedData.certificates ?? []
    const isTight = asn1js.fromBER(bytes).offset === der.length
    if (signer !== undefined && certificate instanceof Certificate && isTight) return { signer, certificate }
  } catch (cause) {
    throw malformed("The PDF's signature can't be read.", cause)
  }
  throw malformed(
    "The PDF's signature is not that of one signer with a certificate, exactly as large as its place.",
  )
}

function digestIn({ signedAttrs }: SignerInfo): Uint8Array {
  const attribute = signedAttrs?.attributes.find(({ type }) => type === MESSAGE_DIGEST)
  const value: unknown = attribute?.values[0]
  if (!(value instanceof asn1js.OctetString))
    throw malformed("The PDF's signature has no digest of the document.")
  return new Uint8Array(value.valueBlock.valueHexView)
}

async function isSignedBy(
  certificate: Certificate,
  { signedAttrs, signature }: SignerInfo,
): Promise<boolean> {
  try {
    const spki = certificate.subjectPublicKeyInfo.toSchema().toBER()
    const key = await crypto.subtle.importKey('spki', spki, RSA, false, ['verify'])
    // RFC 5652 §5.4: what is signed begins as a SET, what is stored as [0]
    const attributes = new Uint8Array(signedAttrs?.encodedValue ?? new ArrayBuffer(1))
    attributes[0] = 0x31
    return await crypto.subtle.verify(RSA, key, new Uint8Array(signature.valueBlock.valueHexView), attributes)
  } catch (cause) {
    throw malformed("The PDF's signature is not an RSA one that can be checked.", cause)
  }
}

function tampered(message: string): TrailsealError {
  return new TrailsealError('tampered', message)
}
