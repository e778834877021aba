import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'

/** What one ledger index has of one workspace. */
export interface LedgerPart {
  readonly index: string
  readonly workspace: string
  /** Plan whose ledger the index is. */
  readonly plan: string
  /** Batch documents, also those that lost their race. */
  readonly batches: number
  /** Largest `received_at` of them, milliseconds. */
  readonly newest: number
  /** No entry of it has this seq or a later one: seq of its last entry + 1. */
  readonly end: number
}

/** Buckets of one request (Elasticsearch's `search.max_buckets` is 65,536). */
const AT_ONCE = 5000

interface Composite {
  readonly buckets: readonly {
    readonly key: { readonly index: string; readonly workspace: string }
    readonly doc_count: number
    readonly newest: { readonly value: number | null }
    readonly last: { readonly hits: { readonly hits: readonly { readonly _source: Place }[] } }
  }[]
  readonly after_key?: object
}

interface Place {
  readonly first: number
  readonly count: number
}

/** Of every ledger index, or of one; as searches see it. */
export async function ledgerParts(
  elasticsearch: Elasticsearch,
  prefix: string,
  index = `${prefix}-ledger-*`,
): Promise<readonly LedgerPart[]> {
  const parts: LedgerPart[] = []
  for (let after: object | undefined; ;) {
    const sources = ['_index', 'workspace'].map((field) => ({
      [field.replace('_', '')]: { terms: { field } },
    }))
    const composite = { size: AT_ONCE, sources, ...(after && { after }) }
    const last = { top_hits: { size: 1, sort: [{ first: 'desc' }], _source: ['first', 'count'] } }
    const aggs = { newest: { max: { field: 'received_at' } }, last }
    const { aggregations } = await elasticsearch.search(index, {
      size: 0,
      track_total_hits: false,
      aggs: { parts: { composite, aggs } },
    })
    const { buckets = [], after_key: next } = (aggregations['parts'] ?? {}) as Partial<Composite>
    for (const { key, doc_count: batches, newest, last: top } of buckets) {
      const plan = planOfIndex(prefix, key.index)
      const place = top.hits.hits[0]?._source
      if (plan === null || !place) continue
      parts.push({
        ...{ index: key.index, workspace: key.workspace, plan, batches },
        newest: newest.value ?? Number.MAX_SAFE_INTEGER,
        end: place.first + place.count,
      })
    }
    if (!next || buckets.length < AT_ONCE) return parts
    after = next
  }
}

/** The month of its name; null for an index that no ledger has written. */
function nameParts(prefix: string, index: string): { readonly plan: string; readonly month: string } | null {
  const start = `${prefix}-ledger-`
  if (!index.startsWith(start)) return null
  const [, plan, month] = /^(.+)-(\d{4}\.\d{2})$/.exec(index.slice(start.length)) ?? []
  return plan === undefined || month === undefined ? null : { plan, month }
}

function planOfIndex(prefix: string, index: string): string | null {
  return nameParts(prefix, index)?.plan ?? null
}

/** Where the batches of an index belong under another plan: the same month of its ledger. */
export function underPlan(prefix: string, index: string, plan: string): string {
  return `${prefix}-ledger-${plan}-${nameParts(prefix, index)?.month ?? ''}`
}

/** The moment (milliseconds) after which no batch is received for this index any more. */
export function endOfMonth(prefix: string, index: string): number {
  const [year = 9999, month = 12] = (nameParts(prefix, index)?.month ?? '').split('.').map(Number)
  return Date.UTC(year, month)
}
