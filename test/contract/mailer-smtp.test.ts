import { expect, test } from '@jest/globals'
import { SmtpMailer } from '../../src/mail/smtp/smtp-mailer.ts'
import { TestSmtpServer } from '../support/smtp-server.ts'
import { mailerContract } from './mailer.ts'

const from = 'Trailseal <audit@example.com>'
const domain = 'audit.example'

mailerContract('SMTP', async () => {
  const server = new TestSmtpServer()
  const port = await server.listen()
  return {
    mailer: new SmtpMailer({ url: `smtp://127.0.0.1:${port}`, from, domain }),
    arrived: () => Promise.resolve(server.received),
    close: () => server.close(),
  }
})

const mail = { id: 'm1', to: 'ada@example.com', subject: 'S', text: 'T', html: '<p>T</p>' }

test('a server that is away is tried again, one that refuses the address is not', async () => {
  const server = new TestSmtpServer()
  const port = await server.listen()
  const mailer = new SmtpMailer({ url: `smtp://127.0.0.1:${port}`, from, domain })
  server.refusal = { responseCode: 550, message: 'no such person ada@example.com' }
  await expect(mailer.send(mail)).rejects.toMatchObject({ code: 'bad_request' })
  await expect(mailer.send(mail)).rejects.not.toThrow('ada@example.com')
  server.refusal = { responseCode: 451, message: 'come again later' }
  await expect(mailer.send(mail)).rejects.toMatchObject({ code: 'unreachable' })
  await server.close()
  await expect(mailer.send(mail)).rejects.toMatchObject({ code: 'unreachable' })
  expect(server.received).toEqual([])
})
