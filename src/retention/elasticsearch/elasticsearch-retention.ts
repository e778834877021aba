import type { Clock } from '../../clock.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import { windowStart, type Plans } from '../../workspaces/plans.ts'
import { NOTHING_ARCHIVED, type ArchiveProgress } from '../archive-progress.ts'
import { EventStreams } from './event-streams.ts'
import { endOfMonth, ledgerParts, type LedgerPart } from './ledger-part.ts'
import { PlanMove } from './plan-move.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** After a plan's window nothing shows its events any more; so much later they may go. As in index-templates/ilm. */
const GRACE_MS = 30 * DAY_MS
const EVERY_MS = 10 * 60 * 1000

export interface RetentionRun {
  /** Plans whose data stream has a new backing index. */
  readonly rolledOver: readonly string[]
  /** Batches copied because their workspace has another plan now. */
  readonly copied: number
  /** Indices that are gone. */
  readonly deleted: readonly string[]
}

export interface ElasticsearchRetentionOptions {
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
  readonly plans: Plans
  readonly clock: Clock
  /** As the workspace store has it now, not remembered; null for a workspace that it does not know. */
  readonly planOf: (workspace: string) => Promise<string | null>
  /** Whether the cluster has ILM, which then rolls over and deletes event streams itself (`clusterParts`). */
  readonly hasIlm: boolean
  /** Default: nothing is archived, so nothing is deleted that has no other copy. */
  readonly archive?: ArchiveProgress
  readonly onRun?: (run: RetentionRun) => void
  /** A run failed; the next one is made all the same. */
  readonly onFailure?: (error: unknown) => void
  /** Milliseconds from the end of a run to the next; default ten minutes. */
  readonly everyMs?: number
  /** Conditions of the rollover API, instead of those of the lifecycle policies. */
  readonly rollover?: object
}

/**
 * The background role `retention` on a cluster: rolls event streams over where the cluster has no ILM, moves the ledger batches of
 * workspaces whose plan changed, and deletes what has left every plan's window by 30 days and is in the archive.
 * `start()` runs it now and then; disposing it waits for the run that is under way. `run()` does all of it once.
 *
 * Any number of processes may run it: each step is repeated without effect. It needs a key that may manage the indices (`trailseal
 * setup` makes one); with the gateway's key it only moves batches, and says what it lacks through `onFailure`.
 */
export class ElasticsearchRetention implements AsyncDisposable {
  readonly #options: ElasticsearchRetentionOptions
  readonly #archive: ArchiveProgress
  readonly #streams: EventStreams
  readonly #move: PlanMove
  /** Parts that are copied to the last batch, with how many they had then. */
  readonly #copied = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()
  #disposed = false

  constructor(options: ElasticsearchRetentionOptions) {
    this.#options = options
    this.#archive = options.archive ?? NOTHING_ARCHIVED
    this.#streams = new EventStreams(options)
    this.#move = new PlanMove(options)
  }

  start(): void {
    if (this.#disposed) return
    this.#running = this.run()
      .then(
        (run) => this.#options.onRun?.(run),
        (error: unknown) => this.#options.onFailure?.(error),
      )
      .finally(() => {
        if (this.#disposed) return
        this.#timer = setTimeout(() => this.start(), this.#options.everyMs ?? EVERY_MS)
        this.#timer.unref()
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#running
  }

  /** Errors: `store_unavailable`; what was done until then stays done. */
  async run(): Promise<RetentionRun> {
    const { elasticsearch, prefix, plans, hasIlm } = this.#options
    const parts = await ledgerParts(elasticsearch, prefix)
    // First what no right to manage is needed for.
    let copied = 0
    for (const [workspace, own] of Map.groupBy(parts, (part) => part.workspace))
      copied += await this.#moveToCurrentPlan(workspace, own)
    const rolledOver: string[] = []
    const deleted: string[] = []
    for (const plan of plans.keys()) {
      if (hasIlm) break
      if (await this.#streams.rollOver(plan)) rolledOver.push(plan)
      deleted.push(...(await this.#removeClosed(plan)))
    }
    for (const index of new Set(parts.map((part) => part.index)))
      if (await this.#removeLedgerIndex(index)) deleted.push(index)
    return { rolledOver, copied, deleted }
  }

  async #moveToCurrentPlan(workspace: string, parts: readonly LedgerPart[]): Promise<number> {
    const plan = await this.#currentPlan(workspace)
    let copied = 0
    for (const part of parts) {
      const key = `${part.index}/${workspace}/${plan ?? ''}`
      if (plan === null || plan === part.plan || this.#copied.get(key) === part.batches) continue
      copied += await this.#move.copy(part, plan)
      this.#copied.set(key, part.batches)
    }
    return copied
  }

  /** Event documents can be made again of the ledger; they go no earlier than its entries all the same. */
  async #removeClosed(plan: string): Promise<string[]> {
    const removed: string[] = []
    for (const { index, closedAt } of await this.#streams.closed(plan)) {
      if (!this.#isPast(plan, closedAt)) break
      if (!(await this.#areArchived(await this.#streams.ends(index)))) break
      await this.#options.elasticsearch.request({ method: 'DELETE', path: `/${index}` })
      removed.push(index)
    }
    return removed
  }

  /**
   * Looks, closes the index to writes, and looks again: a move to this plan that came in between is seen, and later ones can't
   * get in. If we die in between, the index stays closed until the next run: its month is long over.
   */
  async #removeLedgerIndex(index: string): Promise<boolean> {
    const { elasticsearch, prefix, clock } = this.#options
    if (clock.now() < endOfMonth(prefix, index) + GRACE_MS || !(await this.#isRemovable(index))) return false
    await elasticsearch.request({ method: 'PUT', path: `/${index}/_block/write` })
    await elasticsearch.request({ method: 'POST', path: `/${index}/_refresh` })
    if (!(await this.#isRemovable(index))) {
      const body = { 'index.blocks.write': false }
      await elasticsearch.request({ method: 'PUT', path: `/${index}/_settings`, body })
      return false
    }
    await elasticsearch.request({ method: 'DELETE', path: `/${index}` })
    return true
  }

  async #isRemovable(index: string): Promise<boolean> {
    const { elasticsearch, prefix } = this.#options
    for (const part of await ledgerParts(elasticsearch, prefix, index)) {
      const plan = await this.#currentPlan(part.workspace)
      if (plan === null) return false
      if (plan !== part.plan) {
        if (!(await this.#move.isCopied(part, plan))) return false
      } else {
        if (!this.#isPast(plan, part.newest)) return false
        if (!(await this.#areArchived(new Map([[part.workspace, part.end]])))) return false
      }
    }
    return true
  }

  async #areArchived(ends: ReadonlyMap<string, number>): Promise<boolean> {
    for (const [workspace, end] of ends)
      if ((await this.#archive.archivedThrough(workspace)) < end) return false
    return true
  }

  /** Null where the plan is none of ours: then nothing is moved or deleted. */
  async #currentPlan(workspace: string): Promise<string | null> {
    const plan = await this.#options.planOf(workspace)
    return plan !== null && this.#options.plans.has(plan) ? plan : null
  }

  #isPast(plan: string, receivedAt: number): boolean {
    const { plans, clock } = this.#options
    const current = plans.get(plan)
    return current !== undefined && receivedAt < windowStart(current, clock.now()) - GRACE_MS
  }
}
