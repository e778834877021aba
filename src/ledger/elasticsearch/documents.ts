import type { LogCommit, LogHead, TileWrite } from '../ledger.ts'

/** Where a batch document is, and which entries it has. */
export interface BatchRef {
  readonly index: string
  readonly id: string
  readonly first: number
  readonly count: number
}

export interface TileSource {
  readonly workspace: string
  readonly level: number
  readonly index: number
  /** Base64 of 256 hashes. */
  readonly hashes: string
}

/** `trailseal-heads`, one a log: the fence. Hashes are base64. */
export interface HeadSource {
  readonly kind: 'head'
  readonly workspace: string
  readonly size: number
  readonly root: string
  readonly compact_range: string
  readonly last_leaf: string
  readonly last_received_at: number
  readonly checkpoint: string
  readonly last_batch: BatchRef
  /** The partial tile of each level that has one. */
  readonly edge: readonly { readonly level: number; readonly hashes: string }[]
}

/** What is known of a batch without its entries. */
export interface BatchMeta {
  readonly workspace: string
  readonly first: number
  readonly count: number
  /** Milliseconds; one a batch. */
  readonly received_at: number
  /** When the gateway wrote it, by its own clock: only decides where a search is asked and where a chain is walked. */
  readonly written_at: number
  /** Base64 leaf hash of the last entry: tells a batch of the log from one that lost its race. */
  readonly last_leaf: string
  readonly previous: BatchRef | null
}

/** `trailseal-ledger-<plan>-<month>`: part of a commit that the head, or a later batch, points to. */
export interface BatchSource extends BatchMeta {
  /** Client ids, and the place of each in the log. */
  readonly ids: readonly string[]
  readonly id_seqs: readonly number[]
  /** Base64 of zstd of entry bundles (docs/format.md, Tiles), ENTRIES_PER_BUNDLE entries each. */
  readonly bundles: readonly string[]
  /** Tiles that the commit has completed. They are copied to `trailseal-tiles` ahead of the next commit. */
  readonly tiles: readonly TileSource[]
}

/** Without what is large. */
export function metaOf(batch: BatchMeta): BatchMeta {
  const { workspace, first, count, received_at, written_at, last_leaf, previous } = batch
  return { workspace, first, count, received_at, written_at, last_leaf, previous }
}

export const BATCH_META = [
  'workspace',
  'first',
  'count',
  'received_at',
  'written_at',
  'last_leaf',
  'previous',
]

/** Names of the indices of one installation. */
export class Names {
  readonly heads: string
  readonly tiles: string
  readonly everyLedger: string
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.heads = `${prefix}-heads`
    this.tiles = `${prefix}-tiles`
    this.everyLedger = `${prefix}-ledger-*`
  }

  ledger(plan: string, receivedAt: number): string {
    return `${this.#prefix}-ledger-${plan}-${new Date(receivedAt).toISOString().slice(0, 7).replace('-', '.')}`
  }
}

export function tileId({
  workspace,
  level,
  index,
}: Pick<TileSource, 'workspace' | 'level' | 'index'>): string {
  return `${workspace}/${level}/${index}`
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Lenient: a damaged text gives damaged bytes, which verification then names. */
export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

export function headOf(source: HeadSource): LogHead {
  return {
    size: source.size,
    root: fromBase64(source.root),
    compactRange: fromBase64(source.compact_range),
    lastLeaf: fromBase64(source.last_leaf),
    lastReceivedAt: source.last_received_at,
    checkpoint: source.checkpoint,
  }
}

export function headSource(commit: LogCommit, lastBatch: BatchRef, previous: HeadSource | null): HeadSource {
  const { head, workspace } = commit
  return {
    kind: 'head',
    workspace,
    size: head.size,
    root: toBase64(head.root),
    compact_range: toBase64(head.compactRange),
    last_leaf: toBase64(head.lastLeaf),
    last_received_at: head.lastReceivedAt,
    checkpoint: head.checkpoint,
    last_batch: lastBatch,
    edge: edgeOf(commit, previous),
  }
}

/** The commit only has the tiles that it changes; those of the other levels stay as they were. */
function edgeOf({ head, tiles }: LogCommit, previous: HeadSource | null): HeadSource['edge'] {
  const edge: { level: number; hashes: string }[] = []
  for (let level = 0, nodes = head.size; nodes > 0; level++, nodes = Math.floor(nodes / 256)) {
    if (nodes % 256 === 0) continue
    const changed = tiles.find((tile) => tile.level === level && tile.index === Math.floor(nodes / 256))
    const hashes = changed
      ? toBase64(changed.hashes)
      : previous?.edge.find((tile) => tile.level === level)?.hashes
    if (hashes !== undefined) edge.push({ level, hashes })
  }
  return edge
}

export function fullTiles(workspace: string, tiles: readonly TileWrite[]): TileSource[] {
  return tiles
    .filter(({ width }) => width === 256)
    .map(({ level, index, hashes }) => ({ workspace, level, index, hashes: toBase64(hashes) }))
}
