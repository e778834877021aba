import type { Clock } from '../../clock.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import type { Chain } from './chain.ts'
import { BATCH_META, type BatchMeta, type BatchRef, type BatchSource, type Names } from './documents.ts'
import type { FencedHead } from './heads.ts'

/** A batch younger than this may be missing in a search of some shard copy (refresh interval and replicas' delay). */
const SETTLED_MS = 10_000
/** Recent batches are asked about once there are so many that could be let go. */
const SWEEP_AT = 64
const KEPT_LOGS = 1024
const MOST_RECENT = 2000
/** Elasticsearch's `index.max_terms_count` is 65,536. */
const IDS_AT_ONCE = 10_000
const WITH_IDS = [...BATCH_META, 'ids', 'id_seqs']

interface Recent {
  readonly ref: BatchRef
  readonly writtenAt: number
  readonly ids: ReadonlyMap<string, number>
}

interface Window {
  /** Youngest batch that is in it; null: none was ever committed. */
  newest: string | null
  /** Ascending. Every batch of the log before the first of them has been seen in a search. */
  recent: readonly Recent[]
}

type WithIds = Pick<BatchSource, 'ids' | 'id_seqs'> & BatchMeta

/**
 * Which client ids are in a log. Searches know every batch but the youngest; those are kept in memory: this process's own as it
 * commits them, other gateways' by walking from the head. So together they miss nothing, however late a refresh is.
 */
export class ClientIds {
  readonly #elasticsearch: Elasticsearch
  readonly #names: Names
  readonly #chain: Chain
  readonly #clock: Clock
  readonly #windows = new Map<string, Window>()

  constructor(elasticsearch: Elasticsearch, names: Names, chain: Chain, clock: Clock) {
    this.#elasticsearch = elasticsearch
    this.#names = names
    this.#chain = chain
    this.#clock = clock
  }

  /** Of a commit of this process, on top of what was there before. */
  committed(
    workspace: string,
    batches: readonly { readonly ref: BatchRef; readonly source: BatchSource }[],
  ): void {
    const window = this.#windows.get(workspace)
    const previous = batches[0]?.source.previous?.id ?? null
    // A log whose window is not known, or lacks somebody else's batch, is walked when an id is asked for.
    if (window?.newest !== previous && previous !== null) return
    // Nobody asks for ids in this log: what nothing asks for is not kept.
    if (window && window.recent.length > MOST_RECENT) return void this.#windows.delete(workspace)
    const recent = batches.map(({ ref, source }) => recentOf(ref, source))
    this.#keep(workspace, {
      newest: batches.at(-1)?.ref.id ?? previous,
      recent: [...(window?.recent ?? []), ...recent],
    })
  }

  /** Where the ids that are in the log are. Good for as long as the head holds. */
  async find(
    head: FencedHead,
    workspace: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, number>> {
    if (head.source === null || ids.length === 0) return new Map()
    const window = await this.#upToDate(workspace, head)
    const found = new Map<string, number>()
    for (const id of ids)
      for (const batch of window.recent) {
        const seq = batch.ids.get(id)
        if (seq !== undefined) found.set(id, seq)
      }
    const rest = ids.filter((id) => !found.has(id))
    await Promise.all([this.#search(head, workspace, rest, found), this.#letGo(workspace, window)])
    return found
  }

  async #search(
    head: FencedHead,
    workspace: string,
    ids: readonly string[],
    found: Map<string, number>,
  ): Promise<void> {
    for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
      const wanted = new Set(ids.slice(at, at + IDS_AT_ONCE))
      const query = { bool: { filter: [{ term: { workspace } }, { terms: { ids: [...wanted] } }] } }
      const { hits } = await this.#elasticsearch.search<WithIds>(
        this.#names.everyLedger,
        { query, size: IDS_AT_ONCE, track_total_hits: false, _source: WITH_IDS },
        workspace,
      )
      const batches = hits.map(({ index, id, source }) => ({
        ref: { index, id, first: source.first, count: source.count },
        meta: source,
      }))
      // A batch that lost its race is found too; the log does not have it.
      for (const { meta } of await this.#chain.committed(head, batches))
        for (const [id, seq] of recentIds(meta as WithIds)) if (wanted.has(id)) found.set(id, seq)
    }
  }

  /** The window with every batch up to this head. */
  async #upToDate(workspace: string, head: FencedHead): Promise<Window> {
    const window = this.#windows.get(workspace)
    const youngest = head.source?.last_batch ?? null
    if (window && window.newest === (youngest?.id ?? null)) return window
    const walked: Recent[] = []
    for (let ref = youngest; ref !== null && ref.id !== window?.newest;) {
      const address = { ...ref, routing: workspace }
      const batch = await this.#elasticsearch.get<WithIds>(address, WITH_IDS)
      // The rest of the log has left the store.
      if (batch === null) break
      const isOld = this.#clock.now() - batch.source.written_at > SETTLED_MS
      if (!window && isOld && (await this.#visible(workspace, [ref])).has(ref.id)) break
      walked.unshift(recentOf(ref, batch.source))
      ref = batch.source.previous
    }
    const whole = { newest: youngest?.id ?? null, recent: [...(window?.recent ?? []), ...walked] }
    this.#keep(workspace, whole)
    return whole
  }

  /** Forgets batches that searches see by now. */
  async #letGo(workspace: string, window: Window): Promise<void> {
    const settled = window.recent.filter(({ writtenAt }) => this.#clock.now() - writtenAt > SETTLED_MS)
    if (settled.length < SWEEP_AT) return
    const visible = await this.#visible(
      workspace,
      settled.map(({ ref }) => ref),
    )
    let gone = 0
    while (gone < settled.length && visible.has(settled[gone]?.ref.id ?? '')) gone++
    const last = settled[gone - 1]
    const current = this.#windows.get(workspace)
    if (!last || !current) return
    current.recent = current.recent.filter(({ ref }) => ref.first > last.ref.first)
  }

  async #visible(workspace: string, refs: readonly BatchRef[]): Promise<ReadonlySet<string>> {
    const { hits } = await this.#elasticsearch.search(
      this.#names.everyLedger,
      {
        query: { ids: { values: refs.map(({ id }) => id) } },
        size: IDS_AT_ONCE,
        track_total_hits: false,
        _source: false,
      },
      workspace,
    )
    return new Set(hits.map(({ id }) => id))
  }

  #keep(workspace: string, window: Window): void {
    this.#windows.delete(workspace)
    this.#windows.set(workspace, window)
    const [oldest] = this.#windows.keys()
    if (this.#windows.size > KEPT_LOGS && oldest !== undefined) this.#windows.delete(oldest)
  }
}

function recentOf(ref: BatchRef, source: WithIds): Recent {
  return { ref, writtenAt: source.written_at, ids: new Map(recentIds(source)) }
}

function recentIds({ ids, id_seqs: seqs }: WithIds): [string, number][] {
  return ids.map((id, at) => [id, seqs[at] ?? -1])
}
