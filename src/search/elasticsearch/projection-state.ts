import { randomBytes } from 'node:crypto'
import type { BulkOperation } from '../../drivers/elasticsearch/bulk.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'

/** How far the projection of a workspace is, and where it is. */
export interface Projection {
  readonly kind: 'projection'
  readonly workspace: string
  /** The workspace and its generation: what every document of it has, and every query asks for. */
  readonly log: string
  /** Its data stream is that of this plan. */
  readonly plan: string
  /** Entries before this one are indexed and can be searched. */
  readonly position: number
  /** Backing index of the last document. */
  readonly backing: string
  /** The newest backing index when nothing was found doubled (`RolloverReview`); states of before have none. */
  readonly reviewed?: string
}

export interface FencedProjection {
  readonly value: Projection
  /** Null: not stored yet. */
  readonly fence: { readonly seqNo: number; readonly primaryTerm: number } | null
}

/** Documents of another generation are garbage that nobody reads and that goes with its index: so nothing has to be deleted. */
export function newGeneration(workspace: string, plan: string): Projection {
  const log = `${workspace}/${randomBytes(6).toString('base64url')}`
  return { kind: 'projection', workspace, log, plan, position: 0, backing: '' }
}

/** Another gateway's replay shows up here so much later at most. */
const KEPT_MS = 1000
const KEPT = 2048
/** Of one search. */
const AT_ONCE = 5000

/** The one document a workspace that says where its projection stands, beside the heads. */
export class ProjectionStates {
  readonly #elasticsearch: Elasticsearch
  readonly #index: string
  readonly #kept = new Map<string, { readonly state: Projection | null; readonly until: number }>()

  constructor(elasticsearch: Elasticsearch, prefix: string) {
    this.#elasticsearch = elasticsearch
    this.#index = `${prefix}-heads`
  }

  async read(workspace: string): Promise<FencedProjection | null> {
    const found = await this.#elasticsearch.get<Projection>({ index: this.#index, id: idOf(workspace) })
    this.#keep(workspace, found?.source ?? null)
    return found && { value: found.source, fence: found }
  }

  /** As searches see them. */
  async positions(): Promise<ReadonlyMap<string, number>> {
    const positions = new Map<string, number>()
    for await (const { workspace, position } of this.#each<'workspace' | 'position'>([
      'workspace',
      'position',
    ]))
      positions.set(workspace, position)
    return positions
  }

  /** As searches see them. */
  all(): AsyncGenerator<Projection, void> {
    return this.#each(true)
  }

  async *#each<Field extends keyof Projection>(
    fields: readonly Field[] | true,
  ): AsyncGenerator<Pick<Projection, Field>, void> {
    for (let after: readonly unknown[] = ['']; ;) {
      const { hits } = await this.#elasticsearch.search<Pick<Projection, Field>>(this.#index, {
        query: { term: { kind: 'projection' } },
        sort: [{ workspace: 'asc' }],
        search_after: after,
        size: AT_ONCE,
        track_total_hits: false,
        _source: fields,
      })
      for (const { source } of hits) yield source
      const last = hits.at(-1)
      if (!last || hits.length < AT_ONCE) return
      after = last.sort
    }
  }

  /** Index and `_id`. */
  documentOf(workspace: string): string {
    return `${this.#index}/${idOf(workspace)}`
  }

  /** For queries. */
  async recent(workspace: string): Promise<Projection | null> {
    const kept = this.#kept.get(workspace)
    if (kept && kept.until > performance.now()) return kept.state
    return (await this.read(workspace))?.value ?? null
  }

  /** False when another process was faster. */
  async replace({ fence }: FencedProjection, value: Projection): Promise<boolean> {
    const document = { index: this.#index, id: idOf(value.workspace), source: JSON.stringify(value) }
    const operation: BulkOperation = fence
      ? { action: 'index', fence, ...document }
      : { action: 'create', ...document }
    const [item] = await this.#elasticsearch.bulk([operation])
    if (item?.status === 409) return false
    if (!item || item.status >= 300)
      throw this.#elasticsearch.refusedItem(
        item ?? { status: 500, index: '', seqNo: -1, primaryTerm: -1, error: null },
      )
    this.#keep(value.workspace, value)
    return true
  }

  #keep(workspace: string, state: Projection | null): void {
    this.#kept.delete(workspace)
    this.#kept.set(workspace, { state, until: performance.now() + KEPT_MS })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }
}

/** No workspace id has a colon. */
function idOf(workspace: string): string {
  return `projection:${workspace}`
}
