import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FileSystemBlobs } from '../../src/blobs/file-system/file-system-blobs.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { blobsContract } from './blobs.ts'

blobsContract('file system', () => {
  const directory = temporaryDirectory()
  const folder = join(directory.path, 'files-of-the-test')
  mkdirSync(folder)
  return Promise.resolve({
    blobs: new FileSystemBlobs(join(directory.path, 'blobs')),
    folder,
    close: () => {
      directory[Symbol.dispose]()
      return Promise.resolve()
    },
  })
})
