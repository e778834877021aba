import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { csvFormat } from '../../../src/export/formats/csv/csv-format.ts'
import { ndjsonFormat } from '../../../src/export/formats/ndjson/ndjson-format.ts'
import type { ExportReport } from '../../../src/verify/export-report.ts'
import type { ExportManifest, SignedManifest } from '../../../src/verify/export-manifest.ts'
import { manifestNoteText } from '../../../src/verify/export-manifest.ts'
import { verifyExport } from '../../../src/verify/verify-export.ts'
import { encodeBase64, encodeHex, encodeUtf8 } from '../../../src/tlog/encoding.ts'
import { leafHash } from '../../../src/tlog/leaf.ts'
import { formatVkey } from '../../../src/tlog/signed-note.ts'
import { attested, ExportedLog } from '../export/support.ts'
import type { AttestedExport } from '../export/support.ts'
import { sha256, testKey, vectors, verifySignature } from '../tlog/support.ts'

const log = new ExportedLog(Array.from({ length: 700 }, (_, seq) => ({ id: `evt_${seq}` })))
const otherLog = new ExportedLog(
  Array.from({ length: 700 }, (_, seq) => ({ id: `evt_${seq}` })),
  'other',
)
const otherKey = testKey(`${log.origin}/export`, vectors.keys[1]!.seedHex)

/** Rows 300 to 399 but every fourth: a range proof with 25 left out. */
const dense = log.rows.slice(300, 400).filter(({ seq }) => seq % 4 !== 0)
/** Two rows far apart: inclusion proofs. */
const sparse = log.rows.filter(({ seq }) => seq === 5 || seq === 600)

const digest = (bytes: Uint8Array): string => encodeHex(sha256(bytes))

async function verify(export_: AttestedExport, vkey: string | null = log.vkey): Promise<ExportReport> {
  return await verifyExport({
    ...{ manifest: export_.manifest, vkey, sha256, verifySignature },
    // chunks of a size that rows and hashes don't fit into
    async *open({ name }) {
      const bytes = export_.files.get(name)!
      for (let at = 0; at < bytes.length; at += 1_000) yield Promise.resolve(bytes.subarray(at, at + 1_000))
    },
    newHasher: () => {
      const hash = createHash('sha256')
      return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) }
    },
  })
}

const found = (report: ExportReport): string[] =>
  report.findings.map(({ what, row, seq }) => [what, row, seq].filter((part) => part !== undefined).join(' '))

/** Changes the lines of the exported file. */
function changeRows(export_: AttestedExport, change: (lines: string[]) => string[]): AttestedExport {
  const lines = Buffer.from(export_.files.get(export_.names.export)!).toString('utf8').trimEnd().split('\n')
  export_.files.set(
    export_.names.export,
    encodeUtf8(
      change(lines)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  )
  return export_
}

/** Does what an insider with the export key could: makes the manifest say what the files are now. */
function signAgain(
  export_: AttestedExport,
  change: (manifest: ExportManifest) => ExportManifest = (same) => same,
): AttestedExport {
  const { manifest } = JSON.parse(export_.manifest) as SignedManifest
  const files = manifest.files.map((file) => {
    const bytes = export_.files.get(file.name)!
    return { ...file, size: bytes.length, sha256: digest(bytes) }
  })
  const changed = change({ ...manifest, files })
  export_.manifest = JSON.stringify({
    manifest: changed,
    signature: log.signExport(manifestNoteText(changed, sha256)),
  })
  return export_
}

function changeManifest(
  export_: AttestedExport,
  change: (signed: SignedManifest) => unknown,
): AttestedExport {
  export_.manifest = JSON.stringify(change(JSON.parse(export_.manifest) as SignedManifest))
  return export_
}

function changeProof(export_: AttestedExport, change: (text: string) => string): AttestedExport {
  const proof = Buffer.from(export_.files.get(export_.names.proof)!).toString('utf8')
  export_.files.set(export_.names.proof, encodeUtf8(change(proof)))
  return export_
}

describe('an intact export is verified', () => {
  test.each([
    ['the whole log', log.rows, 'range', { first: 0, count: 700, left_out: 0 }],
    ['an unfiltered part', log.rows.slice(100, 613), 'range', { first: 100, count: 513, left_out: 0 }],
    ['a filtered part', dense, 'range', { first: 301, count: 99, left_out: 24 }],
    ['a few rows far apart', sparse, 'inclusion', null],
    ['no row at all', [], 'range', { first: 0, count: 0, left_out: 0 }],
  ])('NDJSON of %s', async (_what, rows, mode, range) => {
    const export_ = await attested(log, ndjsonFormat, rows)
    const report = await verify(export_)
    expect(report.findings).toEqual([])
    expect(report).toMatchObject({ ok: true, rows: rows.length, range, key: { vkey: log.vkey, given: true } })
    expect((JSON.parse(export_.manifest) as SignedManifest).manifest.proof?.mode).toBe(mode)
    expect(report.checked.join('\n')).toMatch(
      /manifest is signed[^]*checkpoint[^]*entry of the log[^]*byte for byte/,
    )
  })

  test('CSV as the file that was generated, saying what that leaves open', async () => {
    const report = await verify(await attested(log, csvFormat, log.rows))
    expect(report).toMatchObject({ ok: true, range: null })
    expect(report.unknown.join('\n')).toMatch(/whether the CSV file shows what the entries of the log say/)
  })

  test('without a known key, saying that only the manifest vouches for the key', async () => {
    const report = await verify(await attested(log, ndjsonFormat, dense), null)
    expect(report).toMatchObject({ ok: true, key: { vkey: log.vkey, given: false } })
    expect(report.unknown[0]).toContain(`whether ${log.vkey} is the key of the log`)
  })
})

describe.each([
  ['range', dense],
  ['inclusion', sparse],
] as const)('%s mode: a changed file is found, and so is the row', (_mode, rows) => {
  const fresh = (): Promise<AttestedExport> => attested(log, ndjsonFormat, rows)
  const last = rows.length

  test('row edited', async () => {
    const export_ = changeRows(await fresh(), (lines) => lines.with(1, lines[1]!.replace('ada@', 'eve@')))
    const report = await verify(export_)
    expect(report.ok).toBe(false)
    expect(found(report)).toContain('file')
    expect(report.findings.some(({ what, message }) => what === 'row' && /not/.test(message))).toBe(true)
  })

  test('row removed', async () => {
    const report = await verify(changeRows(await fresh(), (lines) => lines.toSpliced(1, 1)))
    expect(report.findings.map(({ message }) => message).join('\n')).toContain(
      `The file has ${last - 1} rows, the manifest says ${last}.`,
    )
  })

  test('row added: one of the log that was not exported, and one that never was in the log', async () => {
    const outside = Buffer.from(log.rows[650]!.entry).toString('utf8')
    expect(found(await verify(changeRows(await fresh(), (lines) => [...lines, outside])))).toContain(
      `row ${last + 1} 650`,
    )
    const report = await verify(changeRows(await fresh(), (lines) => [...lines, '{"seq":1}', 'no JSON']))
    expect(found(report)).toEqual(expect.arrayContaining([`row ${last + 1} 1`, `row ${last + 2}`, 'file']))
  })

  test('rows reordered or repeated', async () => {
    const swapped = changeRows(await fresh(), (lines) => [lines[1]!, lines[0]!, ...lines.slice(2)])
    expect((await verify(swapped)).findings.some(({ message }) => /in another order/.test(message))).toBe(
      true,
    )
    const repeated = changeRows(await fresh(), (lines) => [lines[0]!, ...lines])
    expect(
      (await verify(repeated)).findings.some(({ message }) => /repeats an earlier one/.test(message)),
    ).toBe(true)
  })

  test('file truncated within a row', async () => {
    const export_ = await fresh()
    const bytes = export_.files.get(export_.names.export)!
    export_.files.set(export_.names.export, bytes.slice(0, -20))
    expect(found(await verify(export_))).toEqual(expect.arrayContaining([`row ${last}`, 'file']))
  })

  test('file, proof or manifest swapped for those of another export', async () => {
    const other = await attested(log, ndjsonFormat, log.rows.slice(10, 20), 'exp_2')
    for (const part of ['export', 'proof'] as const) {
      const export_ = await fresh()
      export_.files.set(export_.names[part], other.files.get(other.names[part])!)
      expect((await verify(export_)).ok).toBe(false)
    }
    const export_ = await fresh()
    export_.files.set(other.names.export, export_.files.get(export_.names.export)!)
    export_.files.set(other.names.proof, export_.files.get(export_.names.proof)!)
    expect((await verify({ ...export_, manifest: other.manifest })).ok).toBe(false)
  })

  test('proof changed, truncated or that of another workspace', async () => {
    const hash = /[A-Za-z0-9+/]{43}=/g
    const changed = changeProof(await fresh(), (text) =>
      text.replace(hash, (found_) => (found_[0] === 'A' ? 'B' : 'A') + found_.slice(1)),
    )
    expect(found(await verify(changed))).toContain('proof')
    const cut = changeProof(await fresh(), (text) => text.slice(0, -50))
    expect(found(await verify(cut))).toContain('proof')
    const foreignRows = otherLog.rows.filter(({ seq }) => rows.some((row) => row.seq === seq))
    const foreign = await attested(otherLog, ndjsonFormat, foreignRows)
    const export_ = await fresh()
    export_.files.set(export_.names.proof, foreign.files.get(foreign.names.proof)!)
    expect((await verify(export_)).findings.map(({ message }) => message).join('\n')).toMatch(
      /not that of this export/,
    )
  })

  test.each<[string, (signed: SignedManifest) => unknown]>([
    ['filters', ({ manifest, signature }) => ({ manifest: { ...manifest, filters: 'nothing' }, signature })],
    [
      'a file hash',
      ({ manifest, signature }) => ({
        manifest: { ...manifest, files: manifest.files.map((file) => ({ ...file, sha256: 'a'.repeat(64) })) },
        signature,
      }),
    ],
    [
      'an added field',
      ({ manifest, signature }) => ({ manifest: { ...manifest, approved: true }, signature }),
    ],
    [
      'signature by another key',
      ({ manifest }) => ({ manifest, signature: otherKey.signNote(manifestNoteText(manifest, sha256)) }),
    ],
    [
      'checkpoint of another size',
      ({ manifest, signature }) => ({
        manifest: { ...manifest, checkpoint: manifest.checkpoint.replace('\n700\n', '\n701\n') },
        signature,
      }),
    ],
    [
      'origin of another log',
      ({ manifest, signature }) => ({ manifest: { ...manifest, origin: otherLog.origin }, signature }),
    ],
  ])('manifest changed: %s', async (_what, change) => {
    const report = await verify(changeManifest(await fresh(), change))
    expect(found(report)).toContain('manifest')
  })

  test('key changed', async () => {
    expect((await verify(await fresh(), otherLog.vkey)).ok).toBe(false)
    const sameName = vectors.keys[1]!
    const key = testKey(log.origin, sameName.seedHex).key
    expect(found(await verify(await fresh(), formatVkey(key)))).toEqual(
      expect.arrayContaining(['manifest', 'checkpoint']),
    )
  })
})

describe('whoever holds the export key can still not forge rows, since the log has signed its root', () => {
  test.each([
    ['range', dense],
    ['inclusion', sparse],
  ] as const)('%s mode', async (mode, rows) => {
    const edited = changeRows(await attested(log, ndjsonFormat, rows), (lines) =>
      lines.with(0, lines[0]!.replace('ada@', 'eve@')),
    )
    const { findings } = await verify(signAgain(edited))
    expect(findings.map(({ what }) => what)).toEqual(['row'])

    // in range mode the proof can be fitted to the forged row, but not to the root
    const forged = leafHash(
      encodeUtf8(Buffer.from(rows[0]!.entry).toString('utf8').replace('ada@', 'eve@')),
      sha256,
    )
    const fitted = changeProof(edited, (text) =>
      text.replace(encodeBase64(rows[0]!.leafHash), encodeBase64(forged)),
    )
    expect(found(await verify(signAgain(fitted)))).toEqual([mode === 'range' ? 'proof' : 'row'])
  })

  test('a range proof that hides its own length', async () => {
    const whole = await attested(log, ndjsonFormat, dense)
    const fewer = changeProof(whole, (text) => text.replace('"count":99', '"count":98'))
    expect(found(await verify(signAgain(fewer)))).toContain('proof')
  })

  test('the checkpoint by its own hand', async () => {
    const whole = await attested(log, ndjsonFormat, dense)
    const forged = signAgain(whole, (manifest) => ({
      ...manifest,
      checkpoint: log.signExport(manifest.checkpoint.split('\n\n')[0]! + '\n'),
    }))
    expect(found(await verify(forged))).toEqual(expect.arrayContaining(['checkpoint', 'proof']))
  })
})

describe('a hostile manifest or proof is refused in words', () => {
  test.each([
    ['not JSON', 'no manifest'],
    ['another JSON', '{"manifest":[],"signature":""}'],
    ['a lone surrogate', '{"manifest":{"v":1,"x":"\\ud800"},"signature":""}'],
  ])('%s', async (_what, manifest) => {
    await expect(
      verify({ manifest, files: new Map(), names: { export: '', proof: '', manifest: '' } }),
    ).rejects.toMatchObject({ code: 'malformed_proof' })
  })

  test.each([
    ['an endless start', 'x'.repeat(2_000_000)],
    ['an endless list', `{"checkpoint":"c","count":1,"first":0,"leaf_hashes":["${'A'.repeat(100_000)}`],
    [
      'a range beyond the log',
      `{"checkpoint":"c","count":9007199254740991,"first":1,"leaf_hashes":[],"left":[],"mode":"range","right":[]}`,
    ],
    [
      'spaces',
      ' {"checkpoint":"c","count":0,"first":0,"leaf_hashes":[ ],"left":[],"mode":"range","right":[]}',
    ],
    ['no UTF-8', '\ufffd'],
    ['nothing', ''],
  ])('%s', async (_what, proof) => {
    const export_ = signAgain(changeProof(await attested(log, ndjsonFormat, dense), () => proof))
    expect(found(await verify(export_))).toContain('proof')
  })
})
