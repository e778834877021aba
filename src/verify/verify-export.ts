import { TrailsealError } from '../errors.ts'
import { openCheckpoint } from '../tlog/checkpoint.ts'
import type { Checkpoint } from '../tlog/checkpoint.ts'
import type { Sha256, VerifySignature } from '../tlog/sha256.ts'
import { parseVkey } from '../tlog/signed-note.ts'
import type { NoteKey } from '../tlog/signed-note.ts'
import { openManifest, parseSignedManifest } from './export-manifest.ts'
import type { ExportManifest, SignedManifest } from './export-manifest.ts'
import { allBytes, MeasuredFile } from './export-files.ts'
import type { FileAccess } from './export-files.ts'
import { ProofReader } from './export-proof.ts'
import { ExportProtocol } from './export-report.ts'
import type { ExportReport } from './export-report.ts'
import { fileRows } from './export-rows.ts'
import { RowQueue, walkInclusion, walkRange } from './export-walk.ts'

export interface ExportVerification extends FileAccess {
  /** Text of the signed manifest. */
  readonly manifest: string
  /** The log's verifier key, kept from elsewhere than the export; null: the one that the manifest names. */
  readonly vkey: string | null
  readonly sha256: Sha256
  readonly verifySignature: VerifySignature
}

/**
 * Verifies an export without network or store: the manifest's signature, its files byte for byte, each row of an NDJSON file
 * against the proof, and the proof against the signed checkpoint. Goes on after a finding. Memory is flat but for PDF. Throws
 * `malformed_proof` for what is no manifest or a bad `vkey`, `tampered` for a manifest without a key to check it with, and what `open` throws.
 */
export async function verifyExport(verification: ExportVerification): Promise<ExportReport> {
  const protocol = new ExportProtocol()
  const signed = parseSignedManifest(verification.manifest)
  const { manifest } = signed
  const given = verification.vkey
  const logKey =
    given === null ? namedKey(manifest, verification.sha256) : parseVkey(given, verification.sha256)
  await checkManifest(signed, logKey, verification, protocol)
  const checkpoint = await checkCheckpoint(manifest, logKey, verification, protocol)
  const range = await checkFiles(manifest, checkpoint, verification, protocol)
  protocol.unknown.push(...limitsOf(manifest, given === null))
  return {
    ok: protocol.findingsCount === 0,
    export_id: manifest.export_id,
    origin: manifest.origin,
    format: manifest.format,
    rows: manifest.rows,
    key: { vkey: given ?? manifest.vkey, given: given !== null },
    range,
    checked: protocol.checked,
    unknown: protocol.unknown,
    findings: protocol.findings,
    findings_count: protocol.findingsCount,
  }
}

function namedKey({ vkey }: ExportManifest, sha256: Sha256): NoteKey {
  try {
    return parseVkey(vkey, sha256)
  } catch (cause) {
    throw new TrailsealError('tampered', 'The manifest names no key that it could be checked with.', {
      cause,
    })
  }
}

async function checkManifest(
  signed: SignedManifest,
  logKey: NoteKey,
  { sha256, verifySignature }: ExportVerification,
  protocol: ExportProtocol,
): Promise<void> {
  const { origin, export_id, generated_at, requester, rows } = signed.manifest
  if (logKey.name !== origin) {
    protocol.wrong({
      what: 'manifest',
      message: `The manifest is one of the log ${origin}, the key is that of ${logKey.name}.`,
    })
  }
  if (await protocol.hold('manifest', () => openManifest(signed, { logKey, sha256, verifySignature }))) {
    protocol.checked.push(
      `the manifest is signed: export ${export_id} of ${origin}, ${said(rows)} events, made ${generated_at} for ${requester}`,
    )
  }
}

async function checkCheckpoint(
  { checkpoint, origin }: ExportManifest,
  logKey: NoteKey,
  { verifySignature }: ExportVerification,
  protocol: ExportProtocol,
): Promise<Checkpoint | undefined> {
  let opened: Checkpoint | undefined
  await protocol.hold('checkpoint', async () => {
    opened = await openCheckpoint(checkpoint, { origin, keys: [logKey], verifySignature })
  })
  if (opened !== undefined)
    protocol.checked.push(`the checkpoint for ${said(opened.size)} entries is signed by the log`)
  return opened
}

async function checkFiles(
  manifest: ExportManifest,
  checkpoint: Checkpoint | undefined,
  verification: ExportVerification,
  protocol: ExportProtocol,
): Promise<ExportReport['range']> {
  const [exported, proofFile, ...others] = [...manifest.files].sort((left, right) =>
    left.role < right.role ? -1 : 1,
  )
  const hasProof = proofFile?.role === 'proof' && proofFile.name === manifest.proof?.file
  if (exported?.role !== 'export' || others.length > 0 || hasProof !== (manifest.proof !== null)) {
    protocol.wrong({ what: 'manifest', message: 'The manifest does not name one export and its proof.' })
    return null
  }
  const file = new MeasuredFile(exported, verification)
  let range: ExportReport['range'] = null
  if (hasProof) {
    const proof = new MeasuredFile(proofFile, verification)
    range = await checkRows({ manifest, checkpoint, file, proof }, verification, protocol)
    await proof.finish(protocol)
  }
  await file.finish(protocol)
  if (manifest.format === 'pdf') {
    // loaded where there is one to check: what reads certificates is larger than all else here
    const { verifyPdfSignature } = await import('./export-pdf-signature.ts')
    await protocol.hold('signature', async () => {
      const signer = await verifyPdfSignature(
        await allBytes(verification.open(exported)),
        verification.sha256,
      )
      protocol.checked.push(
        `the PDF's own signature covers the whole document; it was made by the key of ${signer}`,
      )
    })
  }
  return range
}

interface Contents {
  readonly manifest: ExportManifest
  readonly checkpoint: Checkpoint | undefined
  readonly file: MeasuredFile
  readonly proof: MeasuredFile
}

/** Rows and proof side by side, each read once. */
async function checkRows(
  { manifest, checkpoint, file, proof }: Contents,
  { sha256 }: ExportVerification,
  protocol: ExportProtocol,
): Promise<ExportReport['range']> {
  const rows = new RowQueue(fileRows(file.bytes(), { origin: manifest.origin, sha256, protocol }))
  const before = protocol.findingsCount
  let range: ExportReport['range'] = null
  const isRead = await protocol.hold('proof', async () => {
    const reader = await ProofReader.open(proof.bytes())
    const { mode, first, count } = reader.start
    if (reader.start.checkpoint !== manifest.checkpoint || mode !== manifest.proof?.mode) {
      protocol.wrong({
        what: 'proof',
        message: 'The proof is not that of this export: it has another checkpoint or mode.',
      })
    }
    if (checkpoint === undefined) return
    const options = { proof: reader, checkpoint, sha256, protocol }
    if (mode === 'inclusion') await walkInclusion(rows, options)
    else range = { first, count, left_out: count - (await walkRange(rows, options)) }
  })
  await protocol.hold('file', async () => compareRows(await rows.finish(), manifest, protocol))
  if (isRead && protocol.findingsCount === before && checkpoint !== undefined) {
    protocol.checked.push(proofSentence(manifest.rows, range))
  }
  return range
}

function compareRows(
  counted: { readonly rows: number; readonly first: number | undefined; readonly last: number | undefined },
  { rows, seq }: ExportManifest,
  protocol: ExportProtocol,
): void {
  if (counted.rows !== rows) {
    protocol.wrong({
      what: 'file',
      message: `The file has ${said(counted.rows)} rows, the manifest says ${said(rows)}.`,
    })
  } else if (counted.first !== seq?.first || counted.last !== seq?.last) {
    protocol.wrong({
      what: 'file',
      message: 'The rows are not those from the first to the last seq of the manifest.',
    })
  }
}

function proofSentence(rows: number, range: ExportReport['range']): string {
  const each = `each of the ${said(rows)} rows is an entry of the log under the checkpoint, in the order of the log`
  if (range === null) return each
  const { first, count, left_out } = range
  return count === 0
    ? each
    : `${each}; of entries ${said(first)} to ${said(first + count - 1)} the export leaves out ${said(left_out)}`
}

/** A number as people read it. */
function said(count: number): string {
  return count.toLocaleString('en-US')
}

/** What no check here can tell. */
function limitsOf({ format, vkey, proof }: ExportManifest, isKeyUnconfirmed: boolean): string[] {
  const limits = [
    'whether the log goes on from this checkpoint today: trailseal verify --url tells',
    'whether the filters chose the right events: run the same query again',
  ]
  if (proof === null) {
    limits.unshift(
      `whether the ${format.toUpperCase()} file shows what the entries of the log say: the NDJSON export of the same events proves each row`,
    )
  } else if (proof.mode === 'inclusion') {
    limits.unshift('how many entries between the rows were left out: the proof has only those of the rows')
  }
  if (isKeyUnconfirmed)
    limits.unshift(
      `whether ${vkey} is the key of the log: only the manifest says so; give the key that you know from elsewhere`,
    )
  return limits
}
