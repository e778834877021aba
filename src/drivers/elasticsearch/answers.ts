import type { BulkItem } from './bulk.ts'

/** A document as realtime GET gives it: also what no refresh has made visible to searches yet. */
export interface StoredDocument<Source> {
  readonly index: string
  readonly source: Source
  readonly seqNo: number
  readonly primaryTerm: number
}

export interface SearchHit<Source> {
  readonly index: string
  readonly id: string
  /** 1: never written again. Where the search asked for `version`. */
  readonly version: number | null
  readonly source: Source
  readonly sort: readonly unknown[]
  /** Of `docvalue_fields`. */
  readonly fields: Readonly<Record<string, readonly unknown[]>>
}

export interface SearchAnswer<Source> {
  readonly hits: readonly SearchHit<Source>[]
  readonly total: { readonly value: number; readonly relation: 'eq' | 'gte' } | null
  readonly aggregations: Readonly<Record<string, unknown>>
}

/** What is asked for of each answer of the bulk API. */
export const BULK_FIELDS =
  'items.*.status,items.*.error.type,items.*.error.reason,items.*._seq_no,items.*._primary_term,items.*._index,items.*.failure_store'

export const REFUSED: BulkItem = { status: 429, index: '', seqNo: -1, primaryTerm: -1, error: null }

export interface RawDocument<Source> {
  readonly found?: boolean
  readonly _index: string
  readonly _source?: Source
  readonly _seq_no?: number
  readonly _primary_term?: number
  readonly error?: { readonly type?: string }
}

export interface RawSearch<Source> {
  readonly pit_id?: string
  readonly timed_out?: boolean
  readonly _shards?: { readonly failed: number }
  readonly hits?: {
    readonly total?: { readonly value: number; readonly relation: 'eq' | 'gte' }
    readonly hits: readonly {
      readonly _index: string
      readonly _id: string
      readonly _version?: number
      readonly _source?: Source
      readonly sort?: readonly unknown[]
      readonly fields?: Readonly<Record<string, readonly unknown[]>>
    }[]
  }
  readonly aggregations?: Readonly<Record<string, unknown>>
}

interface RawItem {
  readonly status: number
  readonly _index?: string
  readonly _seq_no?: number
  readonly _primary_term?: number
  readonly failure_store?: string
  readonly error?: { readonly type?: string; readonly reason?: string }
}

export interface RawBulk {
  readonly items: readonly Readonly<Record<string, RawItem>>[]
}

export function storedDocument<Source>(raw: RawDocument<Source>): StoredDocument<Source> | null {
  if (raw.found !== true) return null
  return {
    index: raw._index,
    source: raw._source as Source,
    seqNo: raw._seq_no ?? -1,
    primaryTerm: raw._primary_term ?? -1,
  }
}

export function bulkItem(raw: Readonly<Record<string, RawItem>>): BulkItem {
  const item = Object.values(raw)[0]
  // A document that went to the failure store answers 201 and is in no search: it counts as refused.
  const status = item?.failure_store === 'used' ? 400 : (item?.status ?? 500)
  const error = item?.error ? { type: item.error.type ?? '', reason: item.error.reason ?? '' } : null
  return {
    status,
    index: item?._index ?? '',
    seqNo: item?._seq_no ?? -1,
    primaryTerm: item?._primary_term ?? -1,
    error,
  }
}

/** Null where a shard or the time did not suffice: then it is no answer. */
export function searchAnswer<Source>(raw: RawSearch<Source>): SearchAnswer<Source> | null {
  const { hits, aggregations = {}, timed_out: timedOut = false, _shards: shards } = raw
  if (timedOut || (shards?.failed ?? 0) > 0) return null
  return {
    hits: (hits?.hits ?? []).map((hit) => ({
      index: hit._index,
      id: hit._id,
      version: hit._version ?? null,
      source: hit._source as Source,
      sort: hit.sort ?? [],
      fields: hit.fields ?? {},
    })),
    total: hits?.total ?? null,
    aggregations,
  }
}
