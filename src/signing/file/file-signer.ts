import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  sign,
  type KeyObject,
} from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TrailsealError } from '../../errors.ts'
import { formatCheckpointText } from '../../tlog/checkpoint.ts'
import { encodeUtf8, equalBytes } from '../../tlog/encoding.ts'
import { parseNote } from '../../tlog/signed-note.ts'
import type { Signer, StatementSigner } from '../signer.ts'
import { PublishedRecord } from './published-record.ts'

export interface FileSignerOptions {
  readonly dataDir: string
  /** Ed25519 key as PKCS#8 PEM; null: the one in the data directory, made on the first start. */
  readonly pem: string | null
  /** Whether other gateways sign for the same logs, each with a record of its own. */
  readonly shared?: boolean
}

/** An Ed25519 key from a PEM file, and the record of what was published in files beside it. */
export class FileSigner implements Signer, StatementSigner, Disposable {
  readonly publicKey: Uint8Array
  readonly #key: KeyObject
  readonly #record: PublishedRecord
  readonly #shared: boolean

  private constructor(key: KeyObject, record: PublishedRecord, shared: boolean) {
    this.#key = key
    this.#record = record
    this.#shared = shared
    this.publicKey = rawPublicKey(key)
  }

  /** Errors: `bad_configuration` when the key is not an Ed25519 private key or the directory can't be written. */
  static open(options: FileSignerOptions): FileSigner {
    try {
      const pem = options.pem ?? ownKey(join(options.dataDir, 'signing-key.pem'))
      const key = createPrivateKey(pem)
      if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of type ${key.asymmetricKeyType}`)
      return new FileSigner(
        key,
        new PublishedRecord(join(options.dataDir, 'published')),
        options.shared ?? false,
      )
    } catch (cause) {
      // The cause may quote the configured text, which is a secret: only its kind is told.
      const why =
        cause instanceof Error && 'code' in cause ? String(cause.code) : 'not an Ed25519 private key'
      throw new TrailsealError(
        'bad_configuration',
        `The signing key can't be used (${why}). TRAILSEAL_SIGNING_KEY takes an Ed25519 private key as PKCS#8 PEM, as text or as the path of a file.`,
      )
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous for keys that live elsewhere
  async signCheckpoint({
    origin,
    previous,
    text,
  }: Parameters<Signer['signCheckpoint']>[0]): Promise<Uint8Array> {
    const published = this.#record.last(origin)
    if (published && published.size > previous.size)
      throw new TrailsealError(
        'tampered',
        `The log ${origin} had ${published.size} entries when a checkpoint was last published, and the store has only ${previous.size}: it was rolled back, damaged, or an older copy was restored. Nothing is appended until a newer copy is restored.`,
      )
    if (published && published.size === previous.size && !equalBytes(published.root, previous.root))
      throw new TrailsealError(
        'tampered',
        `The log ${origin} was published with another content for its size ${previous.size}: the store was changed or forked. Nothing is appended.`,
      )
    return sign(null, text, this.#key)
  }

  /** In the record of each gateway is the highest head that it signed or built on. */
  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async acknowledge(head: Parameters<Signer['acknowledge']>[0]): Promise<void> {
    if (!this.#shared) return
    // Ed25519 is deterministic: what we would sign is what was signed.
    const signature = sign(null, encodeUtf8(formatCheckpointText(head)), this.#key)
    if (!signaturesOf(head.checkpoint).some((line) => equalBytes(line, signature)))
      throw new TrailsealError(
        'tampered',
        `The last checkpoint of the log ${head.origin} was not signed with this gateway's key: the store was changed, or its gateways have different keys in TRAILSEAL_SIGNING_KEY. Nothing is appended.`,
      )
    this.#record.note(head)
  }

  /** 32 secret bytes for another purpose, the same on every gateway with this key (HKDF-SHA256, RFC 5869). */
  secretFor(purpose: string): Uint8Array {
    const seed = Buffer.from(this.#key.export({ format: 'jwk' }).d ?? '', 'base64url')
    return new Uint8Array(hkdfSync('sha256', seed, '', `trailseal ${purpose}`, 32))
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async published(checkpoint: { origin: string; size: number; root: Uint8Array }): Promise<void> {
    this.#record.note(checkpoint)
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async signStatement(text: Uint8Array): Promise<Uint8Array> {
    // The signature covers the text and not the key's name: a second line of digits makes a checkpoint (C2SP tlog-checkpoint).
    if (/^[^\n]*\n[0-9]+\n/.test(new TextDecoder().decode(text)))
      throw new Error('a statement must not look like a checkpoint')
    return sign(null, text, this.#key)
  }

  /** What was last published of a log; null where nothing was. */
  lastPublished(origin: string): { readonly size: number; readonly root: Uint8Array } | null {
    return this.#record.last(origin)
  }

  /** Origins of all logs that anything was published of. */
  publishedOrigins(): readonly string[] {
    return this.#record.origins()
  }

  [Symbol.dispose](): void {
    this.#record[Symbol.dispose]()
  }
}

function signaturesOf(note: string): Uint8Array[] {
  try {
    return parseNote(note).signatures.map(({ signature }) => signature)
  } catch {
    return []
  }
}

function ownKey(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8')
  mkdirSync(dirname(path), { recursive: true })
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  try {
    writeFileSync(path, pem, { mode: 0o600, flag: 'wx' })
    return pem
  } catch (error) {
    // Another process that starts at the same moment was first: its key is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return readFileSync(path, 'utf8')
  }
}

/** RFC 8410 §4: the raw key is the last 32 bytes of the SubjectPublicKeyInfo. */
function rawPublicKey(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
}
