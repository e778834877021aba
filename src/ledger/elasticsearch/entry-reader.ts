import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import type { KnownBatch } from './chain.ts'
import type { BatchSource, Names } from './documents.ts'
import { ENTRIES_PER_BUNDLE, unpackBundle } from './entry-bundles.ts'
import { findBatch } from './moved-batch.ts'

/** Documents of one mget; a batch has up to some megabytes. */
const BATCHES_AT_ONCE = 32

/** Of these batches, the entries that are wanted, by their place in the log. */
export async function readEntries(
  elasticsearch: Elasticsearch,
  names: Names,
  workspace: string,
  batches: readonly KnownBatch[],
  isWanted: (seq: number) => boolean,
): Promise<Map<number, Uint8Array>> {
  const entries = new Map<number, Uint8Array>()
  for (let at = 0; at < batches.length; at += BATCHES_AT_ONCE) {
    const some = batches.slice(at, at + BATCHES_AT_ONCE)
    const documents = await elasticsearch.getMany<Pick<BatchSource, 'bundles'>>(
      some.map(({ ref }) => ({ ...ref, routing: workspace })),
      ['bundles'],
    )
    for (const [place, found] of documents.entries()) {
      const ref = some[place]?.ref
      let first = ref?.first ?? 0
      // What is remembered of a batch may be older than a move of it.
      const document =
        found ??
        (ref &&
          (await findBatch<Pick<BatchSource, 'bundles'>>(elasticsearch, names, { workspace, ref }, [
            'bundles',
          ])))
      for (const bundle of document?.source.bundles ?? []) {
        const count = wantedOf(first, isWanted)
        if (count > 0)
          for (const [offset, entry] of (await unpackBundle(bundle)).entries())
            // A copy, where whoever keeps a few would keep the whole bundle with them.
            if (isWanted(first + offset))
              entries.set(first + offset, count < ENTRIES_PER_BUNDLE ? new Uint8Array(entry) : entry)
        first += ENTRIES_PER_BUNDLE
      }
    }
  }
  return entries
}

/** How many entries of a bundle. */
function wantedOf(first: number, isWanted: (seq: number) => boolean): number {
  let count = 0
  for (let seq = first; seq < first + ENTRIES_PER_BUNDLE; seq++) if (isWanted(seq)) count += 1
  return count
}
