import { mkdirSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { S3Blobs } from '../../src/blobs/s3/s3-blobs.ts'
import { S3Server } from '../support/s3-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { blobsContract, type OpenBlobs } from './blobs.ts'

const serverDirectory = temporaryDirectory()
let server: S3Server
beforeAll(async () => {
  server = await S3Server.start(serverDirectory.path)
})
afterAll(async () => {
  await server.stop()
  serverDirectory[Symbol.dispose]()
})

/** Each test has a prefix of its own. */
// eslint-disable-next-line @typescript-eslint/require-await -- what the contract asks for
async function open(): Promise<OpenBlobs> {
  const directory = temporaryDirectory()
  const folder = join(directory.path, 'files-of-the-test')
  mkdirSync(folder)
  const blobs = new S3Blobs(
    { bucket: server.bucket, prefix: `${randomUUID()}/`, endpoint: server.url, region: 'us-east-1' },
    { credentials: server.credentials },
  )
  return {
    ...{ blobs, folder },
    close: () => {
      blobs[Symbol.dispose]()
      directory[Symbol.dispose]()
      return Promise.resolve()
    },
  }
}

blobsContract('S3', open)

test('blobs: S3: a file of several parts arrives whole, and a server that is gone is an error that says so', async () => {
  const opened = await open()
  const { blobs, folder } = opened
  const content = Buffer.alloc(20 * 1024 * 1024, 'trailseal')
  writeFileSync(join(folder, 'large'), content)
  await blobs.putFile('exports/large', join(folder, 'large'))
  const stored = await blobs.get('exports/large')
  expect(stored?.size).toBe(content.length)
  expect((await buffer(stored!.body)).equals(content)).toBe(true)
  const nowhere = new S3Blobs(
    { bucket: 'none', prefix: '', endpoint: new URL('http://127.0.0.1:9'), region: 'us-east-1' },
    { credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1 },
  )
  await expect(nowhere.get('exports/large')).rejects.toMatchObject({ code: 'store_unavailable' })
  await expect(nowhere.putFile('exports/large', join(folder, 'large'))).rejects.toThrow()
  nowhere[Symbol.dispose]()
  await opened.close()
})
