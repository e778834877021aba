import type { Clock } from './clock.ts'
import type { Store } from './compose-store.ts'
import type { ElasticsearchConfig } from './config/config.ts'
import { ElasticsearchLedger } from './ledger/elasticsearch/elasticsearch-ledger.ts'
import { ProjectionWorker, type ProjectionWorkerOptions } from './projection/projection-worker.ts'
import { Projector } from './projection/projector.ts'
import { ElasticsearchSearchIndex } from './search/elasticsearch/elasticsearch-search-index.ts'
import { ElasticsearchRetention } from './retention/elasticsearch/elasticsearch-retention.ts'
import { clusterParts } from './setup/cluster-parts.ts'
import { connect } from './setup/connect.ts'
import { requireSetup } from './setup/setup.ts'
import type { Sha256 } from './tlog/sha256.ts'
import { ElasticsearchWorkspaceStore } from './workspaces/elasticsearch/elasticsearch-workspace-store.ts'

/** Plan of a workspace that nobody has put into the store. */
const NO_PLAN = 'none'
/** A change of plan moves new events to another index; it need not do so at once. */
const PLAN_KEPT_MS = 10_000
/** Of a replay that somebody waits for. */
const ENTRIES_AT_ONCE = 2048

export interface ElasticsearchStoreOptions {
  readonly clock: Clock
  readonly sha256: Sha256
  readonly observe: ProjectionWorkerOptions['observe']
}

/**
 * A cluster that any number of gateways share. The index is fed after the commit: by this process with what it commits, and by a
 * replay of what nobody has indexed.
 * Errors: `bad_configuration` where the cluster is not set up, or a setting is wrong; `store_unavailable`.
 */
export async function openElasticsearchStore(
  config: ElasticsearchConfig,
  { clock, sha256, observe }: ElasticsearchStoreOptions,
): Promise<Store<null>> {
  const { prefix } = config
  const elasticsearch = connect(config)
  try {
    await elasticsearch.check()
    await requireSetup(elasticsearch, prefix)
  } catch (error) {
    await elasticsearch[Symbol.asyncDispose]()
    throw error
  }
  const workspaces = new ElasticsearchWorkspaceStore({ elasticsearch, prefix })
  const planOf = plansOf(workspaces, clock)
  const ledger = new ElasticsearchLedger<null>({ elasticsearch, prefix, clock, planOf })
  const search = new ElasticsearchSearchIndex({ elasticsearch, prefix, planOf })
  const projector = new Projector({ ledger, search, entriesAtOnce: ENTRIES_AT_ONCE })
  const review = async (): Promise<void> => {
    try {
      for (const [workspace, why] of await search.review()) observe.projectionFailed(workspace, why)
    } catch (error) {
      // It must not keep the index from being kept up.
      observe.projectionFailed(null, error)
    }
  }
  const worker = new ProjectionWorker({
    ...{ ledger, search, observe },
    survey: async () => {
      // The index first: what is committed in between makes a log look behind for a moment, never ahead.
      const positions = await search.positions()
      const sizes = await ledger.sizes()
      await review()
      return [...sizes].map(([workspace, size]) => ({
        ...{ workspace, size, indexed: positions.get(workspace) ?? 0 },
      }))
    },
  })
  return {
    ...{ ledger, search, projector, workspaces, jobs: null, shared: true },
    place: `Elasticsearch at ${elasticsearch.host}`,
    derive: () => null,
    projection: {
      start: () => {
        worker.start()
        return Promise.resolve()
      },
      committed: (workspace, size, entries) => worker.committed(workspace, size, entries),
      state: () => worker.state(),
      [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
    },
    retention: async ({ plans, onFailure }) => {
      const { hasIlm } = await clusterParts(elasticsearch)
      const planNow = async (id: string) => (await workspaces.workspace(id))?.plan ?? null
      return new ElasticsearchRetention({
        ...{ elasticsearch, prefix, plans, clock, hasIlm, planOf: planNow, onFailure },
      })
    },
    ready: () => requireSetup(elasticsearch, prefix),
    abandon: () => elasticsearch.abandon(),
    frozen: async () => {
      // What can't be indexed stays behind, and is found.
      for (const workspace of await ledger.workspaces()) await projector.catchUp(workspace).catch(() => 0)
      // It copes with logs that grow. A ledger of its own: nothing that this process remembers may stand for the store.
      const stored = new ElasticsearchLedger<null>({ elasticsearch, prefix, clock, planOf })
      return {
        parts: { ledger: stored, documents: stored.documents(sha256), index: search },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }
    },
    [Symbol.asyncDispose]: () => elasticsearch[Symbol.asyncDispose](),
  }
}

function plansOf(
  workspaces: ElasticsearchWorkspaceStore,
  clock: Clock,
): (workspace: string, isFresh?: true) => Promise<string> {
  const kept = new Map<string, { readonly plan: string; readonly until: number }>()
  return async (id, isFresh) => {
    const known = kept.get(id)
    if (!isFresh && known && known.until > clock.now()) return known.plan
    const plan = (await workspaces.workspace(id))?.plan
    // Its first event, that it was created, comes before the workspace itself.
    if (plan === undefined) return NO_PLAN
    if (kept.size > 10_000) kept.clear()
    kept.set(id, { plan, until: clock.now() + PLAN_KEPT_MS })
    return plan
  }
}
