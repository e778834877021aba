import { TrailsealError } from '../errors.ts'
import { seqOfServerId } from '../event/server-id.ts'
import { Slices } from '../slices.ts'
import { inclusionProof } from '../tlog/proofs.ts'
import { formatTlogProof } from '../tlog/tlog-proof.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { View } from './access.ts'
import type { ListDependencies, QueryDependencies } from './dependencies.ts'
import { untilIndexed } from './index-progress.ts'
import { listedEvents } from './listed-events.ts'
import type { ListedEvent } from './query-facade.ts'

/** The event of this id, if a search by the same principal could find it. Throws `not_found`. */
export async function findEvent(
  dependencies: ListDependencies,
  view: View,
  id: string,
): Promise<ListedEvent> {
  const { ledger, search } = dependencies
  const seq = await seqOfId(dependencies, view.workspace, id)
  const size = (await ledger.head(view.workspace))?.size ?? 0
  if (seq === null || seq >= size) throw noSuchEvent()
  await untilIndexed(dependencies, view.workspace, seq)
  const hits = await search.page({
    ...view.search({ type: 'range', field: 'seq', from: seq, to: seq }),
    order: 'seq',
    direction: 'asc',
    limit: 1,
    after: null,
  })
  const [event] = await listedEvents(dependencies, view.workspace, hits)
  // an event with a client's id is not known by its position
  if (event === undefined || (event.id !== id && event.tampered !== true)) throw noSuchEvent()
  return event
}

/** C2SP tlog-proofs of entries, in the order given, all under the current checkpoint. */
export async function proveEntries(
  { ledger, sha256 }: Pick<QueryDependencies, 'sha256'> & { readonly ledger: Pick<Ledger, 'head' | 'tile'> },
  workspace: string,
  seqs: readonly number[],
): Promise<readonly string[]> {
  const head = await ledger.head(workspace)
  if (head === null) throw noSuchEvent()
  // Neighbours share nearly all of their path: each tile is read once.
  const tiles = new Map<string, Promise<Uint8Array | null>>()
  const readTile = async (level: number, index: number, width: number): Promise<Uint8Array> => {
    const key = `${level}/${index}/${width}`
    const reading = tiles.get(key) ?? ledger.tile(workspace, level, index, width)
    tiles.set(key, reading)
    const tile = await reading
    if (tile === null) throw new TrailsealError('tampered', 'A hash tile of the log is missing.')
    return tile
  }
  const proofs: string[] = []
  const slices = new Slices()
  for (const seq of seqs) {
    if (slices.isOver()) await slices.next()
    const hashes = await inclusionProof(seq, head.size, readTile, sha256)
    proofs.push(formatTlogProof({ index: seq, hashes, checkpoint: head.checkpoint }))
  }
  return proofs
}

async function seqOfId({ ledger }: QueryDependencies, workspace: string, id: string): Promise<number | null> {
  const position = seqOfServerId(id)
  if (position !== null) return position
  return (await ledger.seqOf(workspace, [id])).get(id) ?? null
}

/** The same sentence for an event of another workspace, outside a scope or window, and for none at all. */
function noSuchEvent(): TrailsealError {
  return new TrailsealError('not_found', 'There is no such event.')
}
