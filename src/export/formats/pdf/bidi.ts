import bidiFactory from 'bidi-js'
import type { Bidi } from 'bidi-js'

/** The Unicode Bidirectional Algorithm (UAX #9). The package's types take its default export for that of a CommonJS module. */
export const makeBidi = bidiFactory as unknown as () => Bidi
