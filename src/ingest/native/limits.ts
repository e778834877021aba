import { MAX_ENTRY_BYTES } from '../../event/entry.ts'

/** Longest request body, after decompression (contract §5). */
export const MAX_BODY_BYTES = 32 * 1_024 * 1_024

/** Events of one request: a body of the smallest ones would take the gateway many seconds for one answer. */
export const MAX_EVENTS = 50_000

/**
 * Longest event on the wire. Escapes, white space and file contents that redaction takes out may make it longer than its canonical
 * form; beyond this it is refused before it is parsed.
 */
export const MAX_WIRE_EVENT_BYTES = 4 * MAX_ENTRY_BYTES

/** Levels of arrays and objects that are still parsed; far beyond what an event may have, far below what a stack holds. */
export const MAX_WIRE_DEPTH = 64

/** How much is scanned between two looks at the clock. */
export const SCAN_BYTES = 64 * 1_024
