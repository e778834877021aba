import { canonicalize } from '../event/canonical-json.ts'
import { decodeBase64Hash, malformed } from '../tlog/encoding.ts'
import type { ProofMode } from './export-manifest.ts'

/** What a proof says before its long list. */
export interface ProofStart {
  readonly mode: ProofMode
  /** Signed note. */
  readonly checkpoint: string
  /** Of range mode: the seq that the first hash belongs to, and how many there are; 0 otherwise. */
  readonly first: number
  readonly count: number
}

/** What it says behind the list: roots of the complete subtrees beside its range; none in inclusion mode. */
export interface ProofEnd {
  readonly left: readonly Uint8Array[]
  readonly right: readonly Uint8Array[]
}

/** What stands before and after the list, characters at most: a checkpoint, and some hashes. */
const MAX_FRAME = 256 * 1024
const MAX_ITEM = 16 * 1024
const LIST = /"(leaf_hashes|proofs)":\[/

/**
 * Reads an export proof (docs/format.md, Export proof) of any size piece by piece: first `start`, then `items` to their end, then
 * `end`. It takes the canonical form (RFC 8785) only, so that a proof has one spelling. Throws `malformed_proof`.
 */
export class ProofReader {
  readonly start: ProofStart
  readonly #chunks: AsyncIterator<string>
  readonly #before: string
  #text: string

  private constructor(start: ProofStart, chunks: AsyncIterator<string>, before: string, text: string) {
    this.start = start
    this.#chunks = chunks
    this.#before = before
    this.#text = text
  }

  static async open(bytes: AsyncIterable<Uint8Array>): Promise<ProofReader> {
    const chunks = decoded(bytes)
    let text = ''
    for (;;) {
      const list = LIST.exec(text)
      if (list !== null) {
        const end = list.index + list[0].length
        const mode = list[1] === 'proofs' ? 'inclusion' : 'range'
        const before = text.slice(0, end)
        return new ProofReader(startOf(before, mode), chunks, before, text.slice(end))
      }
      const next = await chunks.next()
      if (next.done === true || text.length > MAX_FRAME) throw malformed('The file is not an export proof.')
      text += next.value
    }
  }

  /** The texts of the list: hashes in base64, or proofs. Once. */
  async *items(): AsyncGenerator<string> {
    let at = 0
    for (;;) {
      if (this.#text.length - at < MAX_ITEM) {
        this.#text = this.#text.slice(at)
        at = 0
        await this.#fill()
      }
      if (this.#text[at] === ']') break
      // neither hashes nor proofs contain quotation marks or escaped ones
      const end = this.#text[at] === '"' ? this.#text.indexOf('"', at + 1) : -1
      const after = this.#text[end + 1]
      if (end < 0 || (after !== ',' && after !== ']'))
        throw malformed('The list of the proof is incomplete or has another form.')
      yield this.#text.slice(at + 1, end).replaceAll(String.raw`\n`, '\n')
      at = end + (after === ',' ? 2 : 1)
    }
    this.#text = this.#text.slice(at)
  }

  /** To be asked when `items` has ended. */
  async end(): Promise<ProofEnd> {
    for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) {
      this.#text += next.value
      if (this.#text.length > MAX_FRAME) throw malformed('The proof goes on behind its end.')
    }
    return endOf(this.#before + this.#text, this.start.mode)
  }

  async #fill(): Promise<void> {
    while (this.#text.length < 4 * MAX_ITEM) {
      const next = await this.#chunks.next()
      if (next.done === true) return
      this.#text += next.value
    }
  }
}

function startOf(before: string, mode: ProofMode): ProofStart {
  const { checkpoint, first = 0, count = 0 } = parseObject(`${before}]}`)
  if (typeof checkpoint !== 'string') throw malformed('The proof has no checkpoint.')
  const isRange = mode === 'range' && Number.isSafeInteger(first) && Number.isSafeInteger(count)
  if (mode === 'range' && !isRange) throw malformed('The proof has no valid range.')
  return { mode, checkpoint, first: Number(first), count: Number(count) }
}

function endOf(text: string, mode: ProofMode): ProofEnd {
  const fields = parseObject(text)
  if (canonicalize(fields) !== text) throw malformed('The proof is not in canonical form.')
  if (fields['mode'] !== mode) throw malformed('The proof has another mode than its list.')
  if (mode === 'inclusion') return { left: [], right: [] }
  return { left: hashes(fields['left']), right: hashes(fields['right']) }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (cause) {
    throw malformed('The proof is not complete JSON.', cause)
  }
}

function hashes(value: unknown): readonly Uint8Array[] {
  if (!Array.isArray(value)) throw malformed('The proof has no hashes beside its range.')
  return value.map((hash: unknown) => decodeBase64Hash(String(hash), 'hash of the proof'))
}

async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  for await (const chunk of bytes) yield decode(decoder, chunk)
  yield decode(decoder)
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch (cause) {
    throw malformed('The proof is not valid UTF-8.', cause)
  }
}
