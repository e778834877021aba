import type { Elasticsearch } from '../drivers/elasticsearch/elasticsearch.ts'

/** What a cluster can do beyond the least that is needed; distributions differ in their modules. */
export interface ClusterParts {
  /** Whether it has index lifecycle management; without it the retention worker rolls over. */
  readonly hasIlm: boolean
  /** Types of ingest processors that every node has. */
  readonly processors: ReadonlySet<string>
}

interface IngestInfo {
  readonly nodes?: Readonly<
    Record<string, { readonly ingest?: { readonly processors?: readonly { readonly type: string }[] } }>
  >
}

/** Asks the cluster; nothing is changed. Errors: `store_unavailable`. */
export async function clusterParts(elasticsearch: Elasticsearch): Promise<ClusterParts> {
  const [ilm, ingest] = await Promise.all([
    elasticsearch.requestIfKnown({ method: 'GET', path: '/_ilm/status' }),
    elasticsearch.requestIfKnown<IngestInfo>({ method: 'GET', path: '/_nodes/ingest' }),
  ])
  const nodes = Object.values(ingest?.nodes ?? {}).map(
    (node) => new Set((node.ingest?.processors ?? []).map(({ type }) => type)),
  )
  const [first = new Set<string>(), ...others] = nodes
  return {
    hasIlm: ilm !== null,
    processors: new Set([...first].filter((type) => others.every((node) => node.has(type)))),
  }
}
