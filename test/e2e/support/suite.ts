import { describe, jest } from '@jest/globals'
import { chromiumPath } from './browser.ts'

/** These tests are about what a real browser shows: a machine without one can't run them, and says so. */
export const describeInBrowser = chromiumPath === null ? describe.skip : describe

// A browser, a gateway and the tests share what may be two cores.
jest.setTimeout(150_000)
