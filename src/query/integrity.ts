import { TrailsealError } from '../errors.ts'
import { encodeBase64 } from '../tlog/encoding.ts'
import { EMPTY_ROOT } from '../tlog/leaf.ts'
import type { View } from './access.ts'
import type { QueryDependencies } from './dependencies.ts'
import type { Integrity } from './query-facade.ts'

export async function readIntegrity(
  dependencies: QueryDependencies,
  { workspace, firstSeq }: View,
): Promise<Integrity> {
  const { ledger, search, workspaces, origin } = dependencies
  // the index first: an event in between makes the lag too large for a moment, never negative
  const indexed = await search.position(workspace)
  const [head, lastVerification] = await Promise.all([
    ledger.head(workspace),
    workspaces.verificationRun(workspace),
  ])
  return {
    origin: origin(workspace),
    size: head?.size ?? 0,
    first_seq: firstSeq,
    root: encodeBase64(head?.root ?? EMPTY_ROOT),
    checkpoint: head?.checkpoint ?? '',
    index_lag: Math.max(0, (head?.size ?? 0) - indexed),
    last_verification: lastVerification,
  }
}

/** The signed note over the whole log. Throws `not_found` while the log has no entry. */
export async function readCheckpoint({ ledger }: QueryDependencies, { workspace }: View): Promise<string> {
  const head = await ledger.head(workspace)
  if (head === null || head.size === 0) throw new TrailsealError('not_found', 'This log has no entry yet.')
  return head.checkpoint
}
