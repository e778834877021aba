import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Blobs } from '../../src/blobs/blobs.ts'

export interface OpenBlobs {
  readonly blobs: Blobs
  /** A folder for local files of the test. */
  readonly folder: string
  close(): Promise<void>
}

const LATER = Date.parse('2100-01-01T00:00:00Z')

// eslint-disable-next-line @typescript-eslint/require-await -- a stream, whose parts are at hand
async function* parts(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

/** What every adapter of the port Blobs has to do. */
export function blobsContract(name: string, open: () => Promise<OpenBlobs>): void {
  describe(`blobs: ${name}`, () => {
    let opened: OpenBlobs
    let blobs: Blobs
    beforeEach(async () => {
      opened = await open()
      blobs = opened.blobs
    })
    afterEach(async () => await opened.close())
    const read = async (key: string): Promise<string | null> => {
      const content = await blobs.get(key)
      return content && (await buffer(content.body)).toString()
    }
    const keys = async (prefix: string, moment = LATER): Promise<string[]> =>
      (await Array.fromAsync(blobs.storedBefore(prefix, moment))).map(({ key }) => key)

    test('gives back what was put, and says size and SHA-256', async () => {
      const facts = await blobs.put('exports/acme/e1/a.csv', parts('one,', 'two'))
      const sha256 = createHash('sha256').update('one,two').digest('hex')
      expect(facts).toEqual({ key: 'exports/acme/e1/a.csv', size: 7, sha256 })
      expect(await read('exports/acme/e1/a.csv')).toBe('one,two')
      const content = await blobs.get('exports/acme/e1/a.csv')
      content?.body.destroy()
      expect(content?.size).toBe(7)
    })

    test('a stream that fails leaves the former blob, or none', async () => {
      // eslint-disable-next-line @typescript-eslint/require-await -- as above
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('half')
        throw new Error('cut off')
      }
      await expect(blobs.put('exports/new', failing())).rejects.toThrow('cut off')
      expect(await blobs.get('exports/new')).toBeNull()
      await blobs.put('exports/old', parts('whole'))
      await expect(blobs.put('exports/old', failing())).rejects.toThrow('cut off')
      expect(await read('exports/old')).toBe('whole')
      expect(await keys('exports/')).toEqual(['exports/old'])
    })

    test('takes a finished file over', async () => {
      const path = join(opened.folder, 'finished')
      writeFileSync(path, 'content')
      await blobs.putFile('exports/e1', path)
      expect(await read('exports/e1')).toBe('content')
      expect(existsSync(path)).toBe(false)
    })

    test('putting again replaces, and a reader keeps what it began to read', async () => {
      await blobs.put('exports/e1', parts('first'))
      const reading = await blobs.get('exports/e1')
      await blobs.put('exports/e1', parts('second, and longer'))
      expect((await buffer(reading!.body)).toString()).toBe('first')
      expect(await read('exports/e1')).toBe('second, and longer')
    })

    test('deleting is harmless where there is nothing', async () => {
      await blobs.put('exports/e1', parts('x'))
      await blobs.delete('exports/e1')
      await blobs.delete('exports/e1')
      expect(await read('exports/e1')).toBeNull()
    })

    test('lists by prefix and age, by whole segments', async () => {
      expect(await keys('exports/')).toEqual([])
      await blobs.put('exports/acme/e1', parts('x'))
      await blobs.put('exports-of-others/e2', parts('y'))
      expect(await keys('exports/')).toEqual(['exports/acme/e1'])
      expect(await keys('exports/', Date.parse('2020-01-01T00:00:00Z'))).toEqual([])
    })

    test.each([
      '../outside',
      '/etc/passwd',
      'exports/../../x',
      'exports/.hidden',
      'A',
      'a//b',
      'a/',
      'a b',
      '',
    ])('refuses %j as a key', async (key) => {
      await expect(blobs.put(key, parts('x'))).rejects.toThrow('not a blob key')
      await expect(blobs.get(key)).rejects.toThrow('not a blob key')
    })
  })
}
