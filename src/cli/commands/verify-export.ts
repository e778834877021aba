import { createHash } from 'node:crypto'
import { createReadStream, existsSync, openSync, readFileSync, readSync, closeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TrailsealError } from '../../errors.ts'
import type { Sha256, VerifySignature } from '../../tlog/sha256.ts'
import type { Hasher } from '../../verify/export-files.ts'
import { isManifestText, parseSignedManifest } from '../../verify/export-manifest.ts'
import type { ExportFile } from '../../verify/export-manifest.ts'
import type { ExportReport } from '../../verify/export-report.ts'
import { verifyExport } from '../../verify/verify-export.ts'
import { Progress } from '../progress.ts'
import type { Terminal } from './context.ts'
import type { Verdict } from './verdict.ts'
import { verifyProofFile } from './verify-proof.ts'

interface Crypto {
  readonly sha256: Sha256
  readonly verifySignature: VerifySignature
}

interface Given {
  /** Where the exported file is, when it is not beside its manifest under its own name. */
  readonly file: string | undefined
  readonly vkey: string | null
}

type Kind = 'event-proof' | 'manifest' | 'export-proof' | 'export'

interface KnownPath {
  readonly path: string
  readonly kind: Kind
}

const MAX_MANIFEST_BYTES = 1024 * 1024
const CHUNK_BYTES = 256 * 1024
const MANIFEST = '.manifest.json'

/**
 * Verifies files offline: the proof of one event, or exports, of which any file is enough to find the others beside it. Throws
 * `bad_input_file` for what is missing, and `bad_request`.
 */
export async function verifyPaths(
  paths: readonly string[],
  given: Given,
  crypto: Crypto,
  terminal: Terminal,
): Promise<Verdict> {
  const known = paths.map((path) => ({ path, kind: kindOf(path) }))
  const [first, ...others] = known
  if (first?.kind === 'event-proof') {
    if (others.length > 0)
      throw new TrailsealError(
        'bad_request',
        'The proof of an event takes one PATH, and the event as --file.',
      )
    return await verifyProofFile(first.path, given, crypto)
  }
  const manifests = [...new Set(known.map(manifestOf))]
  const verdicts: Verdict[] = []
  for (const manifest of manifests) {
    verdicts.push(await verifyOne(manifest, manifests.length === 1 ? known : [], given, crypto, terminal))
  }
  return together(verdicts)
}

async function verifyOne(
  manifestPath: string,
  known: readonly KnownPath[],
  given: Given,
  crypto: Crypto,
  terminal: Terminal,
): Promise<Verdict> {
  const manifest = readStart(manifestPath, MAX_MANIFEST_BYTES)
  let files: readonly ExportFile[]
  try {
    files = parseSignedManifest(manifest).manifest.files
  } catch (error) {
    if (!(error instanceof TrailsealError) || error.code !== 'malformed_proof') throw error
    // it looked like one: what was a manifest no longer is
    return notVerified(`${manifestPath}: ${error.message}`)
  }
  // all of them first: a missing file is no sign of tampering
  const paths = new Map(files.map((file) => [file.name, pathOf(file, manifestPath, known, given)]))
  using progress = new Progress(`verify ${basename(manifestPath)}`, 'bytes', { stream: terminal.stderr })
  try {
    const report = await verifyExport({
      ...crypto,
      manifest,
      vkey: given.vkey,
      open: ({ name }) => readChunks(paths.get(name) ?? name),
      newHasher,
      onProgress: (done, total) => progress.update(done, total),
    })
    return verdictOf(report)
  } catch (error) {
    if (!(error instanceof TrailsealError) || error.code !== 'tampered') throw error
    return notVerified(error.message)
  }
}

function verdictOf(report: ExportReport): Verdict {
  const { ok, checked, unknown, findings, findings_count } = report
  const lines = findings.map(({ what, row, seq, message }) => {
    const place = [what, row === undefined ? '' : `${row}`, seq === undefined ? '' : `(seq ${seq})`]
    return `${place.filter((part) => part !== '').join(' ')}: ${message}`
  })
  const more = findings_count - findings.length
  return { ok, checked, unknown, findings: more > 0 ? [...lines, `and ${more} more`] : lines, report }
}

function notVerified(finding: string): Verdict {
  return {
    ok: false,
    checked: [],
    unknown: [],
    findings: [finding],
    report: { ok: false, findings: [{ what: 'manifest', message: finding }] },
  }
}

function together(verdicts: readonly Verdict[]): Verdict {
  const [only] = verdicts
  if (only !== undefined && verdicts.length === 1) return only
  const ok = verdicts.every((verdict) => verdict.ok)
  return {
    ok,
    checked: verdicts.flatMap(({ checked }) => checked),
    unknown: [...new Set(verdicts.flatMap(({ unknown }) => unknown))],
    findings: verdicts.flatMap(({ findings }) => findings),
    report: { ok, exports: verdicts.map(({ report }) => report) },
  }
}

/** By content: names are what people change. */
function kindOf(path: string): Kind {
  const start = readStart(path, 256)
  if (start.startsWith('c2sp.org/tlog-proof@')) return 'event-proof'
  if (isManifestText(start)) return 'manifest'
  return start.startsWith('{"checkpoint":') ? 'export-proof' : 'export'
}

function manifestOf({ path, kind }: KnownPath, _at: number, all: readonly KnownPath[]): string {
  if (kind === 'manifest') return path
  const manifests = all.filter((other) => other.kind === 'manifest')
  if (manifests[0] !== undefined)
    return (manifests.find((other) => dirname(other.path) === dirname(path)) ?? manifests[0]).path
  const beside = [...besideNames(basename(path))].map((name) => join(dirname(path), name))
  const found = beside.find((candidate) => existsSync(candidate))
  if (found !== undefined) return found
  throw new TrailsealError(
    'bad_input_file',
    `${path} can't be verified without its manifest: give that too, or put it beside it as ${beside.map((candidate) => basename(candidate)).join(' or ')}.`,
  )
}

/** `trailseal export` writes FILE.csv.manifest.json beside FILE.csv, a gateway's download is FILE.manifest.json. */
function besideNames(name: string): Set<string> {
  const stems = [name.replace(/\.proof\.json$/, ''), name.replace(/(\.proof)?\.[^.]+$/, '')]
  return new Set(stems.map((stem) => `${stem}${MANIFEST}`))
}

function pathOf(file: ExportFile, manifestPath: string, known: readonly KnownPath[], given: Given): string {
  // the name is attacker-controlled: only its last part is looked for, and only here
  const name = basename(file.name)
  if (file.role === 'export' && given.file !== undefined) return readable(given.file)
  const named = known.find(({ path }) => basename(path) === name)
  if (named !== undefined) return named.path
  const kind = file.role === 'export' ? 'export' : 'export-proof'
  const [renamed, ...others] = known.filter((path) => path.kind === kind)
  if (renamed !== undefined && others.length === 0) return renamed.path
  return readable(besideOf(manifestPath, name, file.role))
}

/** Under the name that the manifest gives it, or that of the manifest itself: a file may be renamed together with what belongs to it. */
function besideOf(manifestPath: string, name: string, role: ExportFile['role']): string {
  const named = join(dirname(manifestPath), name)
  if (existsSync(named) || !manifestPath.endsWith(MANIFEST)) return named
  const stem = manifestPath.slice(0, -MANIFEST.length)
  const renamed = role === 'export' ? stem : `${stem}.proof.json`
  return existsSync(renamed) ? renamed : named
}

function readable(path: string): string {
  if (!existsSync(path))
    throw new TrailsealError('bad_input_file', `${path}, which belongs to the export, is missing.`)
  return path
}

function readStart(path: string, bytes: number): string {
  try {
    if (bytes >= MAX_MANIFEST_BYTES) return readFileSync(path).subarray(0, bytes).toString('utf8')
    const file = openSync(path, 'r')
    try {
      const start = Buffer.alloc(bytes)
      return start.subarray(0, readSync(file, start, 0, bytes, 0)).toString('utf8')
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

async function* readChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) yield chunk as Buffer
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): TrailsealError {
  return new TrailsealError('bad_input_file', `${path} can't be read.`, { cause })
}

function newHasher(): Hasher {
  const hash = createHash('sha256')
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
}
