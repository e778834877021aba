import { createHash, randomBytes, webcrypto } from 'node:crypto'
import * as asn1js from 'asn1js'
import { AttributeTypeAndValue, BasicConstraints, Certificate, ExtKeyUsage, Extension } from 'pkijs'

const VALID_YEARS = 20
const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: 'SHA-256',
} as const

/** Object identifiers of RFC 5280 §4.2.1 and RFC 9336 (document signing). */
const OID = {
  commonName: '2.5.4.3',
  keyUsage: '2.5.29.15',
  subjectKeyIdentifier: '2.5.29.14',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  documentSigning: '1.3.6.1.5.5.7.3.36',
  /** Readers older than RFC 9336 take a signer with this purpose only. */
  emailProtection: '1.3.6.1.5.5.7.3.4',
} as const

/**
 * An RSA key and a certificate for it that it signs itself: readers show the document as unchanged, and its signer as not known to
 * them. Made once for an installation and kept. PEM texts.
 */
export async function makeSelfSigned(
  name: string,
  now: Date,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = new Certificate()
  certificate.version = 2
  certificate.serialNumber = new asn1js.Integer({ valueHex: serialNumber() })
  for (const names of [certificate.issuer, certificate.subject]) {
    names.typesAndValues.push(
      new AttributeTypeAndValue({ type: OID.commonName, value: new asn1js.Utf8String({ value: name }) }),
    )
  }
  certificate.notBefore.value = now
  certificate.notAfter.value = new Date(Date.UTC(now.getUTCFullYear() + VALID_YEARS, now.getUTCMonth(), 1))
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey)
  certificate.extensions = await extensionsFor(keys.publicKey)
  await certificate.sign(keys.privateKey, 'SHA-256')
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificate: pem('CERTIFICATE', certificate.toSchema(true).toBER()),
    key: pem('PRIVATE KEY', pkcs8),
  }
}

async function extensionsFor(publicKey: webcrypto.CryptoKey): Promise<Extension[]> {
  const spki = await webcrypto.subtle.exportKey('spki', publicKey)
  const keyId = createHash('sha256').update(new Uint8Array(spki)).digest().subarray(0, 20)
  // digitalSignature and nonRepudiation, the first two bits
  const usage = new asn1js.BitString({ valueHex: Uint8Array.of(0xc0).buffer, unusedBits: 6 })
  const constraints = new BasicConstraints({ cA: false })
  const purposes = new ExtKeyUsage({ keyPurposes: [OID.documentSigning, OID.emailProtection] })
  return [
    extension(OID.basicConstraints, true, constraints.toSchema().toBER()),
    extension(OID.keyUsage, true, usage.toBER()),
    extension(OID.extendedKeyUsage, false, purposes.toSchema().toBER()),
    extension(
      OID.subjectKeyIdentifier,
      false,
      new asn1js.OctetString({ valueHex: new Uint8Array(keyId).buffer }).toBER(),
    ),
  ]
}

function extension(extnID: string, critical: boolean, extnValue: ArrayBuffer): Extension {
  return new Extension({ extnID, critical, extnValue })
}

/** 16 bytes, positive and not zero (RFC 5280 §4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.buffer
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
