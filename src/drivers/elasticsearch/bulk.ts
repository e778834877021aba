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

/** Elasticsearch's limit for a request is 100 MB; it recommends some megabytes (size in UTF-16 code units here). */
const CHUNK_LENGTH = 8 << 20

interface Chunk {
  readonly body: string
  readonly places: readonly number[]
}

/** Cuts operations into bodies of the bulk API. */
export class BulkChunks implements Iterable<Chunk> {
  readonly #operations: readonly BulkOperation[]
  readonly #places: readonly number[]

  constructor(operations: readonly BulkOperation[], places: readonly number[]) {
    this.#operations = operations
    this.#places = places
  }

  *[Symbol.iterator](): Iterator<Chunk> {
    let body = ''
    let places: number[] = []
    for (const place of this.#places) {
      const operation = this.#operations[place]
      if (operation === undefined) continue
      const lines = `${actionLine(operation)}\n${operation.source}\n`
      if (places.length > 0 && body.length + lines.length > CHUNK_LENGTH) {
        yield { body, places }
        body = ''
        places = []
      }
      body += lines
      places.push(place)
    }
    if (places.length > 0) yield { body, places }
  }
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
