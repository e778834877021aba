import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { TrailsealError } from '../../errors.ts'
import { isMailAddress, type Mail, type Mailer } from '../mailer.ts'
import { formatMessage } from './message.ts'

export interface FileMailerOptions {
  readonly folder: string
  readonly from: string
  readonly domain: string
  readonly clock: Clock
}

/** Where no mail server is configured: each mail is one .eml file, which any mail program opens. A mail sent twice is one file. */
export class FileMailer implements Mailer {
  readonly #options: FileMailerOptions

  constructor(options: FileMailerOptions) {
    this.#options = options
  }

  async send(mail: Mail): Promise<void> {
    const { folder, from, domain, clock } = this.#options
    if (!isMailAddress(mail.to))
      throw new TrailsealError('bad_request', 'The address of the mail is not one.')
    if (!/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/.test(mail.id)) throw new Error('not an id of a mail')
    const path = join(folder, `${mail.id}.eml`)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(`${path}.part`, formatMessage(mail, { from, domain, date: new Date(clock.now()) }), {
        mode: 0o600,
      })
      await rename(`${path}.part`, path)
    } catch (cause) {
      throw new TrailsealError('unreachable', 'The folder of the mails could not be written.', { cause })
    }
  }
}
