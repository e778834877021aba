import { createTransport } from 'nodemailer'
import { TrailsealError } from '../../errors.ts'
import { headerText, isMailAddress, type Mail, type Mailer } from '../mailer.ts'

export interface SmtpOptions {
  /** `smtp://` (STARTTLS where offered) or `smtps://`, with user and password where the server wants them. */
  readonly url: string
  /** `Name <address>` or an address. */
  readonly from: string
  /** Domain of the Message-ID. */
  readonly domain: string
}

/** A server that does not answer must not hold the queue. */
const TIMEOUT_MS = 20_000

/** Mail by SMTP (RFC 5321). Accepted by the server means sent; 5xx for this mail is final, everything else is tried again. */
export class SmtpMailer implements Mailer {
  readonly #options: SmtpOptions
  readonly #transport

  constructor(options: SmtpOptions) {
    this.#options = options
    this.#transport = createTransport({
      url: options.url,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      // texts are ours: nothing of a mail may name a file or an address to be read
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }

  async send({ id, to, subject, text, html }: Mail): Promise<void> {
    if (!isMailAddress(to)) throw new TrailsealError('bad_request', 'The address of the mail is not one.')
    try {
      await this.#transport.sendMail({
        from: this.#options.from,
        // as an object: a text would be parsed as a list of addresses
        to: { name: '', address: to },
        subject: headerText(subject),
        messageId: `<${id}@${this.#options.domain}>`,
        // RFC 3834 §5: no out-of-office replies
        headers: { 'Auto-Submitted': 'auto-generated' },
        text,
        html,
      })
    } catch (cause) {
      throw refused(cause)
    }
  }
}

function refused(cause: unknown): TrailsealError {
  const { responseCode, code } = cause as { readonly responseCode?: number; readonly code?: string }
  // what the server answered may quote the address, and a failed sign-in the user: neither is shown
  const answer = String(responseCode ?? code ?? 'no answer')
  if (responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH')
    return new TrailsealError('bad_request', `The mail server refused the mail (${answer}).`, { cause })
  return new TrailsealError('unreachable', `The mail server did not take the mail (${answer}).`, { cause })
}
