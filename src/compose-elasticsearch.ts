import type { Clock } from './clock.ts'
import type { ElasticsearchConfig } from './config/config.ts'
import { ElasticsearchLedger } from './ledger/elasticsearch/elasticsearch-ledger.ts'
import { ElasticsearchSearchIndex } from './search/elasticsearch/elasticsearch-search-index.ts'
import { DEFAULT_PREFIX } from './setup/assets.ts'
import { connect } from './setup/connect.ts'
import { requireSetup } from './setup/setup.ts'
import { ElasticsearchWorkspaceStore } from './workspaces/elasticsearch/elasticsearch-workspace-store.ts'

export interface ElasticsearchStore<Derived> {
  readonly ledger: ElasticsearchLedger<Derived>
  readonly search: ElasticsearchSearchIndex
  readonly workspaces: ElasticsearchWorkspaceStore
  /** Settles when the store can be read with this key; for `/readyz`. Errors: `store_unavailable`. */
  ready(): Promise<void>
  close(): Promise<void>
}

/** Plan of a workspace that nobody has put into the store. */
const NO_PLAN = 'none'
/** A change of plan moves new events to another index; it need not do so at once. */
const PLAN_KEPT_MS = 10_000

/**
 * The three ports that a cluster serves. Errors: `bad_configuration` where the cluster is not set up, or a setting is wrong;
 * `store_unavailable`.
 */
export async function openElasticsearchStore<Derived>(
  config: ElasticsearchConfig,
  { clock, prefix = DEFAULT_PREFIX }: { readonly clock: Clock; readonly prefix?: string },
): Promise<ElasticsearchStore<Derived>> {
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
  return {
    ledger: new ElasticsearchLedger<Derived>({ elasticsearch, prefix, clock, planOf }),
    search: new ElasticsearchSearchIndex({ elasticsearch, prefix, planOf }),
    workspaces,
    ready: () => requireSetup(elasticsearch, prefix),
    close: () => elasticsearch[Symbol.asyncDispose](),
  }
}

function plansOf(
  workspaces: ElasticsearchWorkspaceStore,
  clock: Clock,
): (workspace: string) => Promise<string> {
  const kept = new Map<string, { readonly plan: string; readonly until: number }>()
  return async (id) => {
    const known = kept.get(id)
    if (known && known.until > clock.now()) return known.plan
    const plan = (await workspaces.workspace(id))?.plan ?? NO_PLAN
    if (kept.size > 10_000) kept.clear()
    kept.set(id, { plan, until: clock.now() + PLAN_KEPT_MS })
    return plan
  }
}
