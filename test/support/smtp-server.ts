import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  readonly message: Buffer
  readonly to: readonly string[]
}

/** A real SMTP server on a port of its own. */
export class TestSmtpServer implements AsyncDisposable {
  readonly received: ReceivedMail[] = []
  /** Answered to RCPT TO, where set. */
  refusal: { readonly responseCode: number; readonly message: string } | null = null
  readonly #server: SMTPServer

  constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      logger: false,
      onRcptTo: (_address, _session, done) => {
        done(this.refusal && Object.assign(new Error(this.refusal.message), this.refusal))
      },
      onData: (stream, { envelope }, done) => {
        const to = envelope.rcptTo.map(({ address }) => address)
        buffer(stream).then((message) => {
          this.received.push({ message, to })
          done()
        }, done)
      },
    })
  }

  /** The same port again after `close`, where it is given. */
  async listen(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server.server, 'listening')
    return (this.#server.server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    if (!this.#server.server.listening) return
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
