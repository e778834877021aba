import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileWriter } from '../../../src/export/file-writer.ts'
import type { ScannedRows } from '../../../src/query/event-scan.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { ExportedLog, scannedRows } from './support.ts'

const log = new ExportedLog(Array.from({ length: 300 }, () => ({})))

const scanned = (first: number, end: number): ScannedRows => scannedRows(log.rows.slice(first, end))

const writerOf = (path: string, released: ArrayBuffer[]): FileWriter =>
  new FileWriter({ format: 'ndjson', context: log.context(), path, settings: null }, (bytes) =>
    released.push(bytes),
  )

test('writes what it is given, and gives its memory back', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'export.ndjson')
  const released: ArrayBuffer[] = []
  await using file = writerOf(path, released)
  const batches = [scanned(0, 100), scanned(100, 101), scanned(101, 300)]
  const sizes = batches.map(({ bytes }) => bytes.byteLength)
  for (const batch of batches) await file.write(batch)
  const { size } = await file.end()
  const lines = readFileSync(path)
  expect(lines.toString()).toBe(log.rows.map(({ entry }) => `${Buffer.from(entry).toString()}\n`).join(''))
  expect(size).toBe(lines.length)
  expect(released.map(({ byteLength }) => byteLength)).toEqual(sizes)
  // what was handed over can't be changed any more
  expect(batches.map(({ bytes }) => bytes.byteLength)).toEqual([0, 0, 0])
})

test('a full disk is said in a sentence', async () => {
  // Linux's device that is always full (full(4))
  await using file = writerOf('/dev/full', [])
  const whole = async (): Promise<void> => {
    await file.write(scanned(0, 100))
    await file.write(scanned(100, 200))
    await file.end()
  }
  await expect(whole()).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'No space is left for the file of the export.',
  })
})
