import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { simpleParser, type AddressObject } from 'mailparser'
import type { Mail, Mailer } from '../../src/mail/mailer.ts'

export interface OpenMailer {
  readonly mailer: Mailer
  /** Messages as they arrived, each with the addresses that it was delivered to, where the carrier has those. */
  arrived(): Promise<readonly { readonly message: Buffer | string; readonly to: readonly string[] | null }[]>
  close(): Promise<void>
}

const mail: Mail = {
  id: 'exp_1.done',
  to: 'ada@example.com',
  subject:
    'Your export of Zürich Überwachung Αθήνα 審査 is ready, and this subject is longer than one line can hold',
  text: 'Grüße,\n.\nthe line above is a lone dot\nhttps://audit.example/exports/acme/exp_1',
  html: '<p>Grüße <a href="https://audit.example/exports/acme/exp_1">Open</a></p>',
}

/** What every adapter of the port Mailer has to do; the messages are read by a parser that is not ours. */
export function mailerContract(name: string, open: () => Promise<OpenMailer>): void {
  describe(`mailer: ${name}`, () => {
    let opened: OpenMailer
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(async () => await opened.close())

    test('a mail arrives whole, with text and HTML and without attachments', async () => {
      await opened.mailer.send(mail)
      const [arrived] = await opened.arrived()
      const parsed = await simpleParser(arrived!.message)
      expect(parsed).toMatchObject({
        subject: mail.subject,
        messageId: '<exp_1.done@audit.example>',
        attachments: [],
      })
      expect(parsed.text?.trim().replaceAll('\r\n', '\n')).toBe(mail.text)
      expect(parsed.html).toContain('href="https://audit.example/exports/acme/exp_1"')
      expect((parsed.to as AddressObject).value).toEqual([{ address: 'ada@example.com', name: '' }])
      expect(parsed.from?.value).toEqual([{ address: 'audit@example.com', name: 'Trailseal' }])
      expect(parsed.headers.get('auto-submitted')).toBe('auto-generated')
      expect(Number.isNaN(parsed.date?.getTime())).toBe(false)
      expect(arrived!.to ?? ['ada@example.com']).toEqual(['ada@example.com'])
    })

    test('a subject can not add headers or lines', async () => {
      await opened.mailer.send({ ...mail, subject: 'Export\r\nBcc: eve@example.com\r\n\r\nbody\u2028X: y' })
      const [arrived] = await opened.arrived()
      const parsed = await simpleParser(arrived!.message)
      expect(parsed.subject).toBe('Export Bcc: eve@example.com body X: y')
      expect(parsed.bcc).toBeUndefined()
      expect(arrived!.to ?? ['ada@example.com']).toEqual(['ada@example.com'])
    })

    test.each([
      'ada@example.com\r\nBcc: eve@example.com',
      'ada@example.com, eve@example.com',
      'Ada <ada@example.com>',
      'ada@example.com>\r\nRCPT TO:<eve@example.com',
      '"a b"@example.com',
      'ada',
      '',
    ])('refuses %j as an address', async (to) => {
      await expect(opened.mailer.send({ ...mail, to })).rejects.toMatchObject({ code: 'bad_request' })
      expect(await opened.arrived()).toEqual([])
    })
  })
}
