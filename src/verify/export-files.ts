import { concatBytes, encodeHex } from '../tlog/encoding.ts'
import type { ExportFile } from './export-manifest.ts'
import type { ExportProtocol } from './export-report.ts'

export type Bytes = AsyncIterable<Uint8Array>

/** SHA-256 of what comes in pieces. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** Once. */
  digest(): Uint8Array
}

export interface FileAccess {
  /** The bytes of a file that the manifest names, from their beginning; may be asked for a file again. */
  readonly open: (file: ExportFile) => Bytes
  readonly newHasher: () => Hasher
  onProgress?(bytes: number, total: number): void
}

/** A file that is hashed while something else reads it. */
export class MeasuredFile {
  readonly #file: ExportFile
  readonly #access: FileAccess
  readonly #hasher: Hasher
  readonly #chunks: AsyncIterator<Uint8Array>
  #size = 0

  constructor(file: ExportFile, access: FileAccess) {
    this.#file = file
    this.#access = access
    this.#hasher = access.newHasher()
    this.#chunks = access.open(file)[Symbol.asyncIterator]()
  }

  /** Whoever reads may stop early: `finish` reads on. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    for (let chunk = await this.#read(); chunk !== undefined; chunk = await this.#read()) yield chunk
  }

  /** Reads to the end, and compares with what the manifest says. */
  async finish(protocol: ExportProtocol): Promise<void> {
    while ((await this.#read()) !== undefined);
    const { name, size, sha256, role } = this.#file
    if (this.#size === size && encodeHex(this.#hasher.digest()) === sha256) {
      protocol.checked.push(`${name} is byte for byte the ${role} that was generated (SHA-256 ${sha256})`)
      return
    }
    const how =
      this.#size === size ? 'its content was changed' : `it has ${this.#size} bytes instead of ${size}`
    const what = role === 'export' ? 'file' : 'proof'
    protocol.wrong({ what, message: `${name} is not the ${role} that was generated: ${how}.` })
  }

  async #read(): Promise<Uint8Array | undefined> {
    const next = await this.#chunks.next()
    if (next.done === true) return undefined
    this.#hasher.update(next.value)
    this.#size += next.value.length
    this.#access.onProgress?.(this.#size, this.#file.size)
    return next.value
  }
}

export async function allBytes(bytes: Bytes): Promise<Uint8Array> {
  return concatBytes(await Array.fromAsync(bytes))
}
