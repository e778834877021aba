import { readFileSync } from 'node:fs'
import type { ElasticsearchConfig } from '../config/config.ts'
import { Elasticsearch } from '../drivers/elasticsearch/elasticsearch.ts'
import { TrailsealError } from '../errors.ts'

/** A connection as configured; nothing is sent yet. Errors: `bad_configuration` for a certificate file that can't be read. */
export function connect({ url, apiKey, username, password, caFile }: ElasticsearchConfig): Elasticsearch {
  return new Elasticsearch({
    url: url.reveal(),
    ...(apiKey === null ? {} : { apiKey: apiKey.reveal() }),
    ...(username === null ? {} : { username, password: password?.reveal() ?? '' }),
    ...(caFile === null ? {} : { ca: certificate(caFile) }),
  })
}

function certificate(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TrailsealError(
      'bad_configuration',
      `The file ${path} given as ELASTICSEARCH_CA can't be read.`,
      { cause },
    )
  }
}
