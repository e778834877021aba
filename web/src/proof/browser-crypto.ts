import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import type { Sha256, VerifySignature } from '../../../src/tlog/sha256.ts'

/** WebCrypto's SHA-256 is asynchronous, which costs more than the hash of a node does. */
export const sha256: Sha256 = (bytes) => nobleSha256(bytes)

/** Why this browser can't check signatures; null where it can. */
export async function signatureObstacle(): Promise<string | null> {
  if (!window.isSecureContext)
    return 'Browsers check signatures on pages from HTTPS or localhost only; this page came by plain HTTP.'
  try {
    await crypto.subtle.importKey('raw', new Uint8Array(32), 'Ed25519', false, ['verify'])
    return null
  } catch {
    return 'This browser does not know Ed25519 signatures: Chrome 137, Firefox 129 and Safari 17, or later, do.'
  }
}

/** Ed25519 by WebCrypto. */
export const verifySignature: VerifySignature = async (publicKey, message, signature) => {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(publicKey), 'Ed25519', false, ['verify'])
  return await crypto.subtle.verify('Ed25519', key, new Uint8Array(signature), new Uint8Array(message))
}
