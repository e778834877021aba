/** SHA-256 (FIPS 180-4), passed in so that the kernel runs in Node and in browsers: 32 new bytes; keeps no reference to its argument. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Ed25519 (RFC 8032 §5.1.7), passed in: raw 32-byte key, message, 64-byte signature. */
export type VerifySignature = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>

export const HASH_BYTES = 32
