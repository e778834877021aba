import { openCheckpoint, parseCheckpoint } from '../tlog/checkpoint.ts'
import type { Checkpoint } from '../tlog/checkpoint.ts'
import { CompactRange } from '../tlog/compact-range.ts'
import { encodeBase64, equalBytes } from '../tlog/encoding.ts'
import type { Sha256, VerifySignature } from '../tlog/sha256.ts'
import { parseVkey } from '../tlog/signed-note.ts'
import type { HashHypothesis } from './hash-hypothesis.ts'
import { LeafWalk } from './leaf-walk.ts'
import { isUnavailable, readBatches, readTile } from './log-batches.ts'
import type { LogReader, StoredHead } from './log-reader.ts'
import { FindingList } from './log-report.ts'
import type { LogReport } from './log-report.ts'

export interface LogVerification {
  readonly reader: LogReader
  readonly sha256: Sha256
  readonly verifySignature: VerifySignature
  /** The log's keys that the verifier trusts, from elsewhere than the log. */
  readonly vkeys: readonly string[]
  readonly origin: string
  /** Called about every 256 entries. */
  onProgress?(done: number, total: number): void
  readonly signal?: AbortSignal
}

/** What the log is measured against. */
interface Claim {
  readonly size: number
  /** Unknown when no known key has signed for it. */
  readonly root: Uint8Array | undefined
}

/**
 * Verifies a whole log against its signed checkpoint: every entry (form, chain, leaf hash), every tile of every level,
 * the root, and the head where the reader has one. Goes on after a finding and names which entry, tile or part is wrong.
 * Flat memory. Throws `malformed_proof` for a bad vkey, the signal's reason, and what the reader throws when the log can't be reached.
 */
export async function verifyLog(verification: LogVerification): Promise<LogReport> {
  const { reader, origin, signal } = verification
  const findings = new FindingList()
  const head = await readHead(reader, findings)
  const claim = await readClaim(verification, head, findings)

  const walk = new LeafWalk({
    origin,
    isExpected: (seq) => seq >= (reader.firstEntry ?? 0) && !(reader.isOutOfReach?.(seq) ?? false),
    sha256: verification.sha256,
    findings,
  })
  let tiles = 0
  for await (const batch of readBatches(reader, claim.size)) {
    signal?.throwIfAborted()
    const isAbsent = batch.tile === null && batch.entries.every((entry) => entry === null)
    // a size that nobody signed for may be any number: it is believed as long as there is something to read
    if (isAbsent && claim.root === undefined) break
    walk.take(batch)
    tiles += batch.tile === null ? 0 : 1
    tiles += await checkUpperTiles(walk, (hypothesis) => hypothesis.checkFullTiles(readTile(reader)))
    verification.onProgress?.(batch.first + batch.count, claim.size)
  }
  walk.finish()
  await checkUpperTiles(walk, (hypothesis) => hypothesis.checkFullTiles(readTile(reader)))
  tiles += await checkUpperTiles(walk, (hypothesis) => hypothesis.checkPartialTiles(readTile(reader)))

  const truth = settleRoot(walk, claim, findings)
  if (head !== undefined) checkHead(head, claim, truth, { findings, sha256: verification.sha256 })
  return {
    ok: findings.count === 0,
    origin,
    size: claim.size,
    root: encodeBase64(truth.edge.root()),
    checked: { entries: walk.entriesChecked, tiles },
    findings: findings.kept,
    findingsCount: findings.count,
  }
}

async function readHead(reader: LogReader, findings: FindingList): Promise<StoredHead | undefined> {
  try {
    return await reader.head?.()
  } catch (error) {
    if (isUnavailable(error)) throw error
    findings.add({ what: 'head', message: 'The head of the log can not be read.' })
    return undefined
  }
}

/** Size and root that the log's key signed for; without a valid signature only how far to look. */
async function readClaim(
  { reader, origin, vkeys, sha256, verifySignature }: LogVerification,
  head: StoredHead | undefined,
  findings: FindingList,
): Promise<Claim> {
  const keys = vkeys.map((vkey) => parseVkey(vkey, sha256))
  let note = ''
  try {
    note = head?.checkpoint ?? (await reader.checkpoint())
    return await openCheckpoint(note, { origin, keys, verifySignature })
  } catch (error) {
    if (isUnavailable(error)) throw error
    const message = error instanceof Error ? error.message : 'The checkpoint can not be read.'
    findings.add({ what: 'checkpoint', message })
    return { size: head?.size ?? unsignedCheckpoint(note)?.size ?? 0, root: undefined }
  }
}

function unsignedCheckpoint(note: string): Checkpoint | undefined {
  try {
    return parseCheckpoint(note)
  } catch {
    return undefined
  }
}

/** Answers how many tiles were checked: those of the first hypothesis, so that each counts once. */
async function checkUpperTiles(
  walk: LeafWalk,
  check: (hypothesis: HashHypothesis) => Promise<number>,
): Promise<number> {
  const checked: number[] = []
  for (const hypothesis of walk.hypotheses()) checked.push(await check(hypothesis))
  return checked[0] ?? 0
}

/** The hypothesis that arrives at the signed root is the truth, and its findings are the findings. */
function settleRoot(walk: LeafWalk, { root }: Claim, findings: FindingList): HashHypothesis {
  const hypotheses = walk.hypotheses()
  const proved = root && hypotheses.find(({ edge }) => equalBytes(edge.root(), root))
  const truth = proved ?? hypotheses.at(-1)
  if (truth === undefined) throw new Error('A walk has at least one hypothesis.')
  findings.addAll(truth.findings)
  if (root !== undefined && proved === undefined) {
    const message =
      'The hashes of the log do not lead to the root of the checkpoint: entries were changed, added or removed.'
    findings.add({ what: 'root', message })
  }
  return truth
}

/** Each part of the head against what vouches for it, so that a changed log is not blamed on its head. */
function checkHead(
  head: StoredHead,
  claim: Claim,
  truth: HashHypothesis,
  { findings, sha256 }: { findings: FindingList; sha256: Sha256 },
): void {
  const wrong = (part: string): void => {
    findings.add({ what: 'head', message: `The head of the store has another ${part} than its log.` })
  }
  const root = truth.edge.root()
  if (head.size !== claim.size) wrong('size')
  if (!equalBytes(head.root, claim.root ?? root)) wrong('root')
  if (!leadsTo(head.root, head, sha256)) wrong('compact range')
  const isProved = claim.root !== undefined && equalBytes(claim.root, root)
  if (isProved && !equalBytes(head.lastLeaf, truth.lastLeaf)) wrong('last leaf hash')
}

function leadsTo(root: Uint8Array, { compactRange, size }: StoredHead, sha256: Sha256): boolean {
  try {
    return equalBytes(CompactRange.parse(compactRange, size, sha256).root(), root)
  } catch {
    return false
  }
}
