import { describe, expect, test } from '@jest/globals'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileSigner } from '../../../../src/signing/file/file-signer.ts'
import { formatCheckpointText } from '../../../../src/tlog/checkpoint.ts'
import { encodeUtf8 } from '../../../../src/tlog/encoding.ts'
import { formatNote, keyIdOf } from '../../../../src/tlog/signed-note.ts'
import { sha256 } from '../../../support/sha256.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const ORIGIN = 'example.com/acme'
const text = encodeUtf8('example.com/acme\n5\nroot\n')
const root = (byte: number) => new Uint8Array(32).fill(byte)

describe('the key in a file', () => {
  test('is made once, readable by its owner alone, and signs what its public key checks', async () => {
    using directory = temporaryDirectory()
    using signer = FileSigner.open({ dataDir: directory.path, pem: null })
    const file = join(directory.path, 'signing-key.pem')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    using again = FileSigner.open({ dataDir: directory.path, pem: null })
    expect(again.publicKey).toEqual(signer.publicKey)
    const previous = { size: 0, root: root(0) }
    const signature = await signer.signCheckpoint({ origin: ORIGIN, previous, text })
    expect(verify(null, text, createPublicKey(readFileSync(file, 'utf8')), signature)).toBe(true)
  })

  test.each([
    [
      'another kind of key',
      generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
    ],
    ['a public key', generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' })],
    ['no key', '-----BEGIN PRIVATE KEY-----\nSECRETSECRET\n-----END PRIVATE KEY-----'],
  ])('%s is refused without being shown', (_name, pem) => {
    using directory = temporaryDirectory()
    const open = () => FileSigner.open({ dataDir: directory.path, pem: pem.toString() })
    expect(open).toThrow(expect.objectContaining({ code: 'bad_configuration' }))
    expect(open).not.toThrow(/SECRET/)
  })
})

describe('the record of what was published', () => {
  async function published(directory: string, size: number, byte: number): Promise<void> {
    using signer = FileSigner.open({ dataDir: directory, pem: null })
    await signer.published({ origin: ORIGIN, size, root: root(byte) })
  }

  test('outlives the process: a shorter log or another root of the same size is never extended', async () => {
    using directory = temporaryDirectory()
    await published(directory.path, 5, 1)
    using signer = FileSigner.open({ dataDir: directory.path, pem: null })
    const extend = (size: number, byte: number) =>
      signer.signCheckpoint({ origin: ORIGIN, previous: { size, root: root(byte) }, text })
    await expect(extend(4, 1)).rejects.toMatchObject({ code: 'tampered' })
    await expect(extend(5, 2)).rejects.toMatchObject({ code: 'tampered' })
    await expect(extend(5, 1)).resolves.toHaveLength(64)
    await expect(extend(9, 3)).resolves.toHaveLength(64)
  })

  test('never goes back, and logs do not share it', async () => {
    using directory = temporaryDirectory()
    await published(directory.path, 12_345, 1)
    await published(directory.path, 7, 2)
    using signer = FileSigner.open({ dataDir: directory.path, pem: null })
    expect(signer.lastPublished(ORIGIN)).toEqual({ size: 12_345, root: root(1) })
    expect(signer.lastPublished('example.com/other')).toBeNull()
    expect(signer.lastPublished('../../signing-key.pem')).toBeNull()
  })

  test('damaged it refuses; emptied by a power cut it counts as none', async () => {
    using directory = temporaryDirectory()
    await published(directory.path, 5, 1)
    const file = join(directory.path, 'published', encodeURIComponent(ORIGIN))
    for (const damaged of ['5 x\n', 'five\n', `${readFileSync(file, 'utf8').slice(0, 30)}\n`]) {
      writeFileSync(file, damaged)
      using signer = FileSigner.open({ dataDir: directory.path, pem: null })
      expect(() => signer.lastPublished(ORIGIN)).toThrow(expect.objectContaining({ code: 'tampered' }))
    }
    writeFileSync(file, '\0'.repeat(60))
    using signer = FileSigner.open({ dataDir: directory.path, pem: null })
    expect(signer.lastPublished(ORIGIN)).toBeNull()
  })
})

describe('several gateways with one key', () => {
  const key = () =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const headOf = async (signer: FileSigner, size: number, byte: number) => {
    const head = { origin: ORIGIN, size, root: root(byte) }
    const noteText = formatCheckpointText(head)
    const previous = { size: 0, root: root(0) }
    const signature = await signer.signCheckpoint({ origin: ORIGIN, previous, text: encodeUtf8(noteText) })
    const keyId = keyIdOf(ORIGIN, signer.publicKey, sha256)
    return { ...head, checkpoint: formatNote(noteText, [{ name: ORIGIN, keyId, signature }]) }
  }

  test("each records what it built on, another one's heads too, and refuses to go back behind it", async () => {
    using one = temporaryDirectory()
    using other = temporaryDirectory()
    const pem = key()
    using first = FileSigner.open({ dataDir: one.path, pem, shared: true })
    using second = FileSigner.open({ dataDir: other.path, pem, shared: true })
    await second.acknowledge(await headOf(first, 7, 1))
    expect(second.lastPublished(ORIGIN)).toEqual({ size: 7, root: root(1) })
    const extend = (size: number, byte: number) =>
      second.signCheckpoint({ origin: ORIGIN, previous: { size, root: root(byte) }, text })
    await expect(extend(6, 1)).rejects.toMatchObject({ code: 'tampered' })
    await expect(extend(7, 2)).rejects.toMatchObject({ code: 'tampered' })
    await expect(extend(7, 1)).resolves.toHaveLength(64)
  })

  test('nothing is built on a head that the key has not signed', async () => {
    using directory = temporaryDirectory()
    using elsewhere = temporaryDirectory()
    using signer = FileSigner.open({ dataDir: directory.path, pem: key(), shared: true })
    using stranger = FileSigner.open({ dataDir: elsewhere.path, pem: key(), shared: true })
    const head = await headOf(signer, 7, 1)
    for (const forged of [
      await headOf(stranger, 7, 1),
      { ...head, size: 8 },
      { ...head, root: root(2) },
      { ...head, checkpoint: 'nothing' },
    ])
      await expect(signer.acknowledge(forged)).rejects.toMatchObject({ code: 'tampered' })
    expect(signer.lastPublished(ORIGIN)).toBeNull()
  })

  test('they have the same secrets for the same purpose', () => {
    using one = temporaryDirectory()
    using other = temporaryDirectory()
    const pem = key()
    using first = FileSigner.open({ dataDir: one.path, pem })
    using second = FileSigner.open({ dataDir: other.path, pem })
    expect(first.secretFor('session key')).toHaveLength(32)
    expect(first.secretFor('session key')).toEqual(second.secretFor('session key'))
    expect(first.secretFor('session key')).not.toEqual(first.secretFor('another'))
  })
})
