import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TrailsealError } from '../../errors.ts'
import { requireBlobKey, type BlobContent, type BlobFacts, type Blobs, type StoredBlob } from '../blobs.ts'

/** Where blobs grow before they count. No key begins with a dot. */
const UNFINISHED = '.unfinished'
/** Whatever grows longer than this belongs to a process that died. */
const ABANDONED_MS = 24 * 60 * 60 * 1_000

/**
 * Blobs as files below one folder, a key as the path. A blob is written beside, synced, and renamed into its place: the
 * rename is the commit. Several processes may share the folder.
 */
export class FileSystemBlobs implements Blobs {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async put(key: string, content: AsyncIterable<Uint8Array>): Promise<BlobFacts> {
    const unfinished = await this.#unfinished(key)
    const hash = createHash('sha256')
    let size = 0
    try {
      await using file = await available(open(unfinished, 'wx', 0o600))
      for await (const chunk of content) {
        hash.update(chunk)
        size += chunk.length
        await available(writeAll(file, chunk))
      }
      await available(file.sync())
    } catch (error) {
      // Dying here instead leaves a file that no key leads to; `storedBefore` sweeps it a day later.
      await rm(unfinished, { force: true })
      throw error
    }
    await available(this.#commit(unfinished, key))
    return { key, size, sha256: hash.digest('hex') }
  }

  async putFile(key: string, path: string): Promise<void> {
    const unfinished = await this.#unfinished(key)
    await available(move(path, unfinished))
    await available(sync(unfinished))
    await available(this.#commit(unfinished, key))
  }

  async get(key: string): Promise<BlobContent | null> {
    requireBlobKey(key)
    try {
      const file = await open(join(this.#folder, key), 'r')
      const { size } = await file.stat()
      return { size, body: createReadStream('', { fd: file, highWaterMark: 256 * 1_024 }) }
    } catch (error) {
      if (isMissing(error)) return null
      throw unavailable(error)
    }
  }

  async delete(key: string): Promise<void> {
    requireBlobKey(key)
    await available(rm(join(this.#folder, key), { force: true }))
  }

  async *storedBefore(prefix: string, moment: number): AsyncGenerator<StoredBlob, void> {
    requireBlobKey(prefix.replace(/\/$/, ''))
    await this.#removeAbandoned()
    for (const key of await this.#files(prefix.replace(/\/$/, ''))) {
      const facts = await stat(join(this.#folder, key)).catch(() => null)
      if (facts && facts.mtimeMs < moment) yield { key, size: facts.size, storedAt: facts.mtimeMs }
    }
  }

  async #unfinished(key: string): Promise<string> {
    requireBlobKey(key)
    const folder = join(this.#folder, UNFINISHED)
    await available(mkdir(folder, { recursive: true, mode: 0o700 }))
    return join(folder, randomUUID())
  }

  async #commit(unfinished: string, key: string): Promise<void> {
    const place = join(this.#folder, key)
    await mkdir(dirname(place), { recursive: true, mode: 0o700 })
    await rename(unfinished, place)
    // The rename is durable when its folder is.
    await sync(dirname(place))
  }

  async #files(below: string): Promise<readonly string[]> {
    try {
      const found = await readdir(join(this.#folder, below), { recursive: true, withFileTypes: true })
      return found
        .filter((each) => each.isFile())
        .map((each) => join(each.parentPath, each.name).slice(join(this.#folder, '/').length))
        .sort()
    } catch (error) {
      if (isMissing(error)) return []
      throw unavailable(error)
    }
  }

  async #removeAbandoned(): Promise<void> {
    for (const path of await this.#files(UNFINISHED)) {
      const facts = await stat(join(this.#folder, path)).catch(() => null)
      if (facts && facts.mtimeMs < Date.now() - ABANDONED_MS)
        await rm(join(this.#folder, path), { force: true })
    }
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r')
  await file.sync()
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await copyFile(from, to)
    await rm(from)
  }
}

async function available<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw unavailable(error)
  }
}

function unavailable(cause: unknown): TrailsealError {
  const { code } = cause as NodeJS.ErrnoException
  return new TrailsealError(
    'store_unavailable',
    `The folder of the blobs could not be read or written (${code ?? 'unknown'}).`,
    { cause, retryAfterSeconds: 5 },
  )
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}
