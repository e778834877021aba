/** One mail to one person. It never has an attachment: files stay behind the sign-in. */
export interface Mail {
  /** Unique, and the same on a retry: becomes the Message-ID, by which receivers drop repetitions. Letters, digits, `_`, `-`, `.`. */
  readonly id: string
  /** A bare address: `ada@example.com`. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/**
 * Port: mail that leaves the house.
 *
 * Durability: a settled `send` was accepted by whoever carries it on. Retry: harmless, see `Mail.id`; who calls does it, as
 * a job. Conflict: none. Errors: `unreachable` (try again later), `bad_request` (this mail will never be taken).
 */
export interface Mailer {
  send(mail: Mail): Promise<void>
}

/**
 * An address that can stand in a header and on the command line of SMTP: no spaces, control characters, quotes, commas, angle
 * brackets or comments, exactly one `@`. RFC 5321 allows more, which nobody has and injections need.
 */
const ADDRESS = /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])?$/u

export function isMailAddress(text: string): boolean {
  return ADDRESS.test(text)
}

/** Header text: whatever would end or fold a line (RFC 5322 §2.2) is a space. */
export function headerText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, 200)
}
