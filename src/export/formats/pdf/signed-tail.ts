import type { Hash } from 'node:crypto'
import { TrailsealError } from '../../../errors.ts'
import type { PdfSigner } from './pdf-signer.ts'

const RANGE_START = '/ByteRange ['
const CONTENTS_START = '/Contents <'

/**
 * Signs a document by its last bytes: `tail` begins with the signature dictionary, at offset `start` of the file, and `before` has
 * hashed everything before it. The hole of the signature has exactly its size, so nothing in the file stays uncovered.
 */
export function signedTail(tail: Buffer, start: number, before: Hash, signer: PdfSigner): Buffer {
  const text = tail.toString('latin1')
  const range = text.indexOf(RANGE_START)
  const rangeEnd = text.indexOf(']', range) + 1
  const hole = text.indexOf(CONTENTS_START) + CONTENTS_START.length - 1
  const holeEnd = text.indexOf('>', hole) + 1
  if (range < 0 || hole < CONTENTS_START.length || holeEnd === 0) {
    throw new TrailsealError('internal', 'The document has no place for its signature.')
  }
  const covered = [0, start + hole, start + holeEnd, tail.length - holeEnd]
  tail.write(`${RANGE_START}${covered.join(' ')}]`.padEnd(rangeEnd - range), range, 'latin1')
  const digest = before.copy().update(tail.subarray(0, hole)).update(tail.subarray(holeEnd)).digest()
  const signature = signer.sign(digest)
  if (signature.length * 2 !== holeEnd - hole - 2) {
    throw new TrailsealError('internal', 'The signature has another size than its place in the document.')
  }
  tail.write(signature.toString('hex'), hole + 1, 'latin1')
  return tail
}
