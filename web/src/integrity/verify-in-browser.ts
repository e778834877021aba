import { parseCheckpoint } from '../../../src/tlog/checkpoint.ts'
import type { LogReport } from '../../../src/verify/log-report.ts'
import { verifyLog } from '../../../src/verify/verify-log.ts'
import { address, getJson, Problem, request, workspacePath } from '../api/client.ts'
import type { EventPage } from '../api/types.ts'
import { sha256, signatureObstacle, verifySignature } from '../proof/browser-crypto.ts'
import { keyHistory } from '../proof/known-keys.ts'
import { HttpLogReader } from './http-log-reader.ts'

export interface BrowserReport extends LogReport {
  /** Entries before it were checked by their hashes alone. */
  readonly firstEntry: number
  readonly key: 'first' | 'same' | 'changed'
}

export interface BrowserVerification {
  readonly workspace: string
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Reads the whole log, tile by tile, and recomputes it here. Who may not read raw entries checks the hashes alone.
 * Throws `Problem` where the log can't be read or this browser can't check signatures.
 */
export async function verifyInBrowser({
  workspace,
  signal,
  onProgress,
}: BrowserVerification): Promise<BrowserReport> {
  const obstacle = await signatureObstacle()
  if (obstacle !== null) throw new Problem(0, 'no_ed25519', obstacle)
  const text = async (...parts: string[]) =>
    await (await request(workspacePath(workspace, 'log', ...parts), { signal })).text()
  const [checkpoint, vkey] = await Promise.all([text('checkpoint'), text('vkey')])
  const { origin, size } = parseCheckpoint(checkpoint)
  const firstEntry = await firstReadable(workspace, size, signal)
  const report = await verifyLog({
    reader: new HttpLogReader({ workspace, checkpoint, firstEntry, signal }),
    vkeys: [vkey.trim()],
    ...{ origin, sha256, verifySignature, signal, onProgress },
  })
  return { ...report, firstEntry, key: keyHistory(origin, vkey.trim()) }
}

/** Where the plan's window begins; `size` where raw entries are not for this role. */
async function firstReadable(workspace: string, size: number, signal: AbortSignal): Promise<number> {
  try {
    await request(
      workspacePath(workspace, 'log', 'tile', 'entries', ...(size < 256 ? ['000.p', String(size)] : ['000'])),
      { signal },
    )
    return 0
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'forbidden' || error.code === 'plan_required') return size
    if (error.status !== 410) return 0
  }
  const path = address(workspacePath(workspace, 'events'), {
    q: `seq:[0 TO ${size}]`,
    order: 'asc',
    limit: 1_000,
  })
  const { events } = await getJson<EventPage>(path, signal)
  const first = Math.min(size, ...events.map(({ seq }) => seq))
  // Bundles are read whole: the first one that has nothing but readable entries.
  return Math.min(size, Math.ceil(first / 256) * 256)
}
