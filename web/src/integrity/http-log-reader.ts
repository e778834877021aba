import { decodeEntryBundle, TILE_WIDTH, tilePath } from '../../../src/tlog/tile.ts'
import type { LogReader } from '../../../src/verify/log-reader.ts'
import { Problem, request, workspacePath } from '../api/client.ts'

interface HttpLogReaderOptions {
  readonly workspace: string
  /** Signed note that the verification is held against; the log may grow meanwhile. */
  readonly checkpoint: string
  /** Entries below it are not read: their hashes count. */
  readonly firstEntry: number
  readonly signal: AbortSignal
}

/** The log over HTTP (C2SP tlog-tiles), as any verifier reads it. */
export class HttpLogReader implements LogReader {
  readonly firstEntry: number
  readonly #options: HttpLogReaderOptions

  constructor(options: HttpLogReaderOptions) {
    this.#options = options
    this.firstEntry = options.firstEntry
  }

  checkpoint(): Promise<string> {
    return Promise.resolve(this.#options.checkpoint)
  }

  tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    return this.#bytes(tilePath({ level, index, width }))
  }

  /** The verifier asks for whole bundles and for the part at the end. */
  async entries(first: number, count: number): Promise<readonly Uint8Array[]> {
    const bundle = await this.#bytes(tilePath({ level: 'entries', index: first / TILE_WIDTH, width: count }))
    return bundle === null ? [] : decodeEntryBundle(bundle, count)
  }

  async #bytes(path: string): Promise<Uint8Array | null> {
    const { workspace, signal } = this.#options
    try {
      const response = await request(workspacePath(workspace, 'log', ...path.split('/')), { signal })
      return new Uint8Array(await response.arrayBuffer())
    } catch (error) {
      // Missing or damaged in the store: the verifier names it. Anything else ends the run.
      if (
        error instanceof Problem &&
        (error.status === 404 || error.status === 410 || error.code === 'tampered')
      )
        return null
      throw error
    }
  }
}
