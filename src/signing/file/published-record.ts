import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { TrailsealError } from '../../errors.ts'
import { decodeBase64Hash, encodeBase64, parseDecimal } from '../../tlog/encoding.ts'

interface Published {
  readonly size: number
  readonly root: Uint8Array
}

const MAX_OPEN_FILES = 256
/** Made if missing, never truncated: "r+" would not make it and "w+" would empty it. */
const EXISTING_OR_NEW = constants.O_RDWR | constants.O_CREAT

/**
 * The highest checkpoint ever published of each log, one small file a log, apart from the store: whoever restores an old
 * copy of the store, or cuts its end off, can't make the gateway sign a shorter history.
 *
 * Written after the commit and before the callers are answered. Not flushed to the disk each time: a power cut may leave an
 * older record, which refuses less, never more.
 */
export class PublishedRecord implements Disposable {
  readonly #directory: string
  readonly #last = new Map<string, Published | null>()
  readonly #files = new Map<string, number>()

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true })
    this.#directory = directory
  }

  last(origin: string): Published | null {
    let published = this.#last.get(origin)
    if (published === undefined) {
      published = this.#read(origin)
      this.#last.set(origin, published)
    }
    return published
  }

  /** Origins of all logs that anything was published of. */
  origins(): string[] {
    return readdirSync(this.#directory).map((name) => decodeURIComponent(name))
  }

  note({ origin, size, root }: Published & { origin: string }): void {
    const last = this.last(origin)
    if (last && last.size >= size) return
    // Fixed width, in one write at the start: a reader after a crash sees the old line or the new one.
    writeSync(this.#file(origin), `${String(size).padEnd(16)} ${encodeBase64(root)}\n`, 0)
    this.#last.set(origin, { size, root })
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) closeSync(file)
    this.#files.clear()
  }

  #path(origin: string): string {
    return join(this.#directory, encodeURIComponent(origin))
  }

  #read(origin: string): Published | null {
    let text: string
    try {
      text = readFileSync(this.#path(origin), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
    // An empty or zeroed file is what a power cut right after its making leaves.
    if (/^\0*$/.test(text)) return null
    const [size = '', root = ''] = text.trimEnd().split(/ +/)
    try {
      return { size: parseDecimal(size), root: decodeBase64Hash(root) }
    } catch (cause) {
      throw new TrailsealError(
        'tampered',
        `The record of published checkpoints of ${origin} is damaged: ${this.#path(origin)}`,
        { cause },
      )
    }
  }

  #file(origin: string): number {
    let file = this.#files.get(origin)
    if (file === undefined) {
      file = openSync(this.#path(origin), EXISTING_OR_NEW)
      this.#files.set(origin, file)
      const [oldest] = this.#files
      if (this.#files.size > MAX_OPEN_FILES && oldest) {
        closeSync(oldest[1])
        this.#files.delete(oldest[0])
      }
    }
    return file
  }
}
