import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileMailer } from '../../src/mail/file/file-mailer.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { mailerContract } from './mailer.ts'

mailerContract('file', () => {
  const directory = temporaryDirectory()
  const folder = join(directory.path, 'mail')
  const clock = { now: () => Date.parse('2026-11-23T12:00:00Z') }
  return Promise.resolve({
    mailer: new FileMailer({ folder, from: 'Trailseal <audit@example.com>', domain: 'audit.example', clock }),
    arrived: () => {
      const names = readdirSync(directory.path).includes('mail') ? readdirSync(folder) : []
      return Promise.resolve(names.map((name) => ({ message: readFileSync(join(folder, name)), to: null })))
    },
    close: () => {
      directory[Symbol.dispose]()
      return Promise.resolve()
    },
  })
})
