import type { StoredDocument } from '../../drivers/elasticsearch/answers.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import type { BatchRef, Names } from './documents.ts'

/**
 * A batch where its reference says; or, when that index is gone because its workspace has another plan by now, its copy in that
 * plan's ledger (src/retention). Null where it has left the store.
 */
export async function findBatch<Source>(
  elasticsearch: Elasticsearch,
  names: Names,
  { workspace, ref }: { readonly workspace: string; readonly ref: BatchRef },
  sourceIncludes: readonly string[] = [],
): Promise<(Pick<StoredDocument<Source>, 'index' | 'source'> & { readonly id: string }) | null> {
  const { index, id } = ref
  const found = await elasticsearch.get<Source>({ index, id, routing: workspace }, sourceIncludes)
  if (found) return { index, id, source: found.source }
  const { hits } = await elasticsearch.search<Source>(
    names.everyLedger,
    {
      query: { ids: { values: [id] } },
      size: 1,
      track_total_hits: false,
      ...(sourceIncludes.length === 0 ? {} : { _source: sourceIncludes }),
    },
    workspace,
  )
  return hits[0] ?? null
}
