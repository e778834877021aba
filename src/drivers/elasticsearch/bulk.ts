/** One document to write. `create` never replaces; `index` with a fence replaces only that very version. */
export interface BulkOperation {
  readonly action: 'create' | 'index'
  readonly index: string
  readonly id: string
  readonly routing?: string
  readonly fence?: { readonly seqNo: number; readonly primaryTerm: number }
  /** The document, as JSON without line ends. */
  readonly source: string
}

/** 200 or 201: written. 409: the document exists, or the fence does not hold. */
export interface BulkItem {
  readonly status: number
  /** Where it went: the backing index of a data stream. */
  readonly index: string
  readonly seqNo: number
  readonly primaryTerm: number
  readonly error: { readonly type: string; readonly reason: string } | null
}

/** Elasticsearch's limit for a request is 100 MB; it recommends some megabytes. */
const CHUNK_BYTES = 8 << 20

interface Chunk {
  readonly body: Buffer
  readonly places: readonly number[]
}

/** Cuts operations, as they are or as the bytes of their lines, into bodies of the bulk API. */
export class BulkChunks implements Iterable<Chunk> {
  readonly #operations: readonly (BulkOperation | Uint8Array)[]
  readonly #places: readonly number[]

  constructor(operations: readonly (BulkOperation | Uint8Array)[], places: readonly number[]) {
    this.#operations = operations
    this.#places = places
  }

  *[Symbol.iterator](): Iterator<Chunk> {
    let pieces: Uint8Array[] = []
    let places: number[] = []
    let length = 0
    for (const place of this.#places) {
      const operation = this.#operations[place]
      if (operation === undefined) continue
      const lines = operation instanceof Uint8Array ? operation : Buffer.from(bulkLines(operation))
      if (places.length > 0 && length + lines.length > CHUNK_BYTES) {
        yield { body: Buffer.concat(pieces, length), places }
        pieces = []
        places = []
        length = 0
      }
      pieces.push(lines)
      places.push(place)
      length += lines.length
    }
    if (places.length > 0) yield { body: Buffer.concat(pieces, length), places }
  }
}

/** An operation as the bulk API takes it: what to do, then the document, each with its line end. */
export function bulkLines(operation: BulkOperation): string {
  return `${actionLine(operation)}\n${operation.source}\n`
}

function actionLine({ action, index, id, routing, fence }: BulkOperation): string {
  return JSON.stringify({
    [action]: {
      _index: index,
      _id: id,
      ...(routing === undefined ? {} : { routing }),
      ...(fence === undefined ? {} : { if_seq_no: fence.seqNo, if_primary_term: fence.primaryTerm }),
    },
  })
}
