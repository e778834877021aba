import { TrailsealError } from '../errors.ts'

/** `tampered`: there is no such entry, or no leaf hash of it. */
export function lostEntry(seq: number): TrailsealError {
  return new TrailsealError('tampered', `Entry ${seq} of the log can not be read.`)
}

/** `tampered`: the entry hashes to something else than its leaf. */
export function changedEntry(seq: number): TrailsealError {
  return new TrailsealError('tampered', `Entry ${seq} of the log is not what the log committed to.`)
}
