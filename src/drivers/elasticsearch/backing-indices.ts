import type { Elasticsearch } from './elasticsearch.ts'

interface Resolved {
  readonly data_streams?: readonly {
    readonly name: string
    readonly backing_indices: string | readonly string[]
  }[]
}

/**
 * The backing indices of each data stream whose name the pattern fits, oldest first: the last one is written to. `_resolve`, because
 * it asks for less than to manage the stream, and is there without the module for data streams.
 * Errors: `store_unavailable`.
 */
export async function backingIndices(
  elasticsearch: Elasticsearch,
  pattern: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const path = `/_resolve/index/${pattern}`
  const resolved = await elasticsearch.request<Resolved>({ method: 'GET', path })
  const streams = resolved?.data_streams ?? []
  return new Map(streams.map(({ name, backing_indices: indices }) => [name, [indices].flat()]))
}
