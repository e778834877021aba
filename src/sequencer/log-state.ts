import { TrailsealError } from '../errors.ts'
import type { Ledger, LogHead } from '../ledger/ledger.ts'
import { equalBytes } from '../tlog/encoding.ts'
import type { Sha256 } from '../tlog/sha256.ts'
import { TileEdge } from '../tlog/tile-edge.ts'
import { EMPTY_ROOT } from '../tlog/leaf.ts'

/** What sequencing needs of a log: its head, and the growing edge of its tiles. Good for one attempt to append. */
export interface LogState {
  readonly head: LogHead
  readonly edge: TileEdge
}

export const EMPTY_HEAD: LogHead = {
  size: 0,
  root: EMPTY_ROOT,
  compactRange: new Uint8Array(),
  lastLeaf: new Uint8Array(32),
  lastReceivedAt: 0,
  checkpoint: '',
}

/**
 * Reads head and partial tiles and checks one against the other, so that nothing is ever signed on top of a damaged edge.
 * Errors: `tampered`.
 */
export async function loadLogState(ledger: Ledger, workspace: string, sha256: Sha256): Promise<LogState> {
  const head = await ledger.head(workspace)
  if (!head) return { head: EMPTY_HEAD, edge: TileEdge.empty(sha256) }
  const tiles = new Map<number, Uint8Array>()
  for (let level = 0, nodes = head.size; nodes > 0; level++, nodes = Math.floor(nodes / 256)) {
    const width = nodes % 256
    if (width === 0) continue
    const tile = await ledger.tile(workspace, level, Math.floor(nodes / 256), width)
    if (!tile) throw damaged(workspace)
    tiles.set(level, tile)
  }
  const edge = TileEdge.load(head.size, (level) => tiles.get(level) ?? new Uint8Array(), sha256)
  if (!equalBytes(edge.root(), head.root) || !equalBytes(edge.compactRange(), head.compactRange))
    throw damaged(workspace)
  return { head, edge }
}

function damaged(workspace: string): TrailsealError {
  return new TrailsealError(
    'tampered',
    `The head of the log of ${workspace} does not fit its tiles: the store was changed or damaged. Nothing is appended; run \`trailseal verify --store\`.`,
  )
}
