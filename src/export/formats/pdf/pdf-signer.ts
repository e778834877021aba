import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import * as asn1js from 'asn1js'
import {
  AlgorithmIdentifier,
  Attribute,
  Certificate,
  ContentInfo,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from 'pkijs'
import { TrailsealError } from '../../../errors.ts'

/** Object identifiers of RFC 5652 §11, RFC 5035 §3 and RFC 8017. */
const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  sha256: '2.16.840.1.101.3.4.2.1',
  rsa: '1.2.840.113549.1.1.1',
} as const

/** Longer than any file offset that a document of ours has. */
const WIDEST_OFFSET = 999_999_999

/** Signs documents; the same document always gets the same signature (RSA, PKCS #1 v1.5). */
export interface PdfSigner {
  /** `ByteRange` and `Contents` of the signature dictionary, in the sizes that the real ones will have. */
  readonly placeholders: { readonly ByteRange: readonly number[]; readonly Contents: Uint8Array }
  /** CMS SignedData (RFC 5652), DER, detached, over a document with this SHA-256. */
  sign(digest: Uint8Array): Buffer
}

/**
 * A signer from PEM texts: the certificate, with those of its issuers behind it where there are some, and its key, PKCS #8.
 * Throws `bad_configuration` where they don't belong together, and for other keys than RSA: those sign the same document
 * differently each time, and a repeated export would not be the same file.
 */
export function pdfSigner(certificatePem: string, keyPem: string): PdfSigner {
  const key = readKey(keyPem)
  const chain = readCertificates(certificatePem)
  const [own] = chain
  if (own === undefined || !own.checkPrivateKey(key)) {
    throw misconfigured('the key is not that of the certificate')
  }
  if (key.asymmetricKeyType !== 'rsa') throw misconfigured('only RSA keys make the same signature every time')
  const certificates = chain.map(({ raw }) => Certificate.fromBER(bytesOf(raw)))
  const signDigest = (digest: Uint8Array): Buffer => signedDataOf(digest, certificates, own, key)
  const size = signDigest(new Uint8Array(32)).length
  return {
    placeholders: {
      ByteRange: [0, WIDEST_OFFSET, WIDEST_OFFSET, WIDEST_OFFSET],
      Contents: new Uint8Array(size),
    },
    sign: signDigest,
  }
}

function signedDataOf(
  digest: Uint8Array,
  certificates: readonly Certificate[],
  own: X509Certificate,
  key: KeyObject,
): Buffer {
  const [signing] = certificates
  if (signing === undefined) throw misconfigured('there is no certificate')
  const attributes = signedAttributes(digest, own)
  const sha256 = new AlgorithmIdentifier({ algorithmId: OID.sha256, algorithmParams: new asn1js.Null() })
  const signerInfo = new SignerInfo({
    version: 1,
    sid: new IssuerAndSerialNumber({ issuer: signing.issuer, serialNumber: signing.serialNumber }),
    digestAlgorithm: sha256,
    signedAttrs: new SignedAndUnsignedAttributes({ type: 0, attributes }),
    signatureAlgorithm: new AlgorithmIdentifier({ algorithmId: OID.rsa, algorithmParams: new asn1js.Null() }),
    signature: new asn1js.OctetString({ valueHex: bytesOf(sign('sha256', setOf(attributes), key)) }),
  })
  const signedData = new SignedData({
    version: 1,
    digestAlgorithms: [sha256],
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: OID.data }),
    certificates: [...certificates],
    signerInfos: [signerInfo],
  })
  const content = new ContentInfo({
    contentType: OID.signedData,
    content: signedData.toSchema(true) as unknown,
  })
  return Buffer.from(content.toSchema().toBER())
}

/**
 * What PAdES B-B asks for (ETSI EN 319 142-1 §6.3): content type, digest, and the certificate by its hash, so that nobody can put
 * another one of the same key in its place. The time of signing is in the signature dictionary and must not be here.
 */
function signedAttributes(digest: Uint8Array, own: X509Certificate): Attribute[] {
  const certificateHash = createHash('sha256').update(own.raw).digest()
  // SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2 }, SHA-256 being the default algorithm
  const essCertificate = new asn1js.Sequence({
    value: [new asn1js.OctetString({ valueHex: bytesOf(certificateHash) })],
  })
  const signingCertificate = new asn1js.Sequence({
    value: [new asn1js.Sequence({ value: [essCertificate] })],
  })
  const attributes = [
    new Attribute({ type: OID.contentType, values: [new asn1js.ObjectIdentifier({ value: OID.data })] }),
    new Attribute({
      type: OID.messageDigest,
      values: [new asn1js.OctetString({ valueHex: bytesOf(digest) })],
    }),
    new Attribute({ type: OID.signingCertificateV2, values: [signingCertificate] }),
  ]
  // DER: the members of a SET OF are in the order of their encodings (X.690 §11.6)
  return attributes.sort((left, right) => Buffer.compare(derOf(left), derOf(right)))
}

/** What is signed: the attributes as an explicit SET OF (RFC 5652 §5.4). */
function setOf(attributes: readonly Attribute[]): Buffer {
  return Buffer.from(new asn1js.Set({ value: attributes.map((attribute) => attribute.toSchema()) }).toBER())
}

function derOf(attribute: Attribute): Buffer {
  return Buffer.from(attribute.toSchema().toBER())
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // the cause may quote the key
    throw misconfigured('the key is not a private key in PEM')
  }
}

function readCertificates(pem: string): X509Certificate[] {
  const texts = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return texts.map((text) => new X509Certificate(text))
  } catch {
    throw misconfigured('the certificate is not one in PEM')
  }
}

function misconfigured(why: string): TrailsealError {
  return new TrailsealError(
    'bad_configuration',
    `PDF files can't be signed: ${why}. TRAILSEAL_PDF_CERT and TRAILSEAL_PDF_KEY take a certificate and its RSA key in PEM.`,
  )
}

/** asn1js takes whole buffers, not views into pools. */
function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
