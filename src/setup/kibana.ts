import { readFile } from 'node:fs/promises'
import type { ElasticsearchConfig } from '../config/config.ts'
import { TrailsealError } from '../errors.ts'
import { DEFAULT_PREFIX } from './assets.ts'

/** What is imported: made of scripts/dashboards, for Kibana 8.19 and 9.x. */
const DASHBOARDS = new URL('../../dashboards/overview.ndjson', import.meta.url)
const WITHIN_MS = 60_000

export interface Kibana {
  /** With a path where Kibana has a base path, or where it is a space: https://kibana.example.com/s/audit */
  readonly url: string
  /** Kibana asks the cluster who this is, so these are the cluster's credentials; a user in `url` comes first. */
  readonly login: Pick<ElasticsearchConfig, 'apiKey' | 'username' | 'password'>
  /** First part of the indices' names, which the data view looks at. */
  readonly prefix: string
}

/** Answer of the import (Saved objects API, "Import saved objects"). */
interface ImportAnswer {
  readonly success?: boolean
  readonly successCount?: number
  readonly errors?: readonly {
    readonly type?: string
    readonly id?: string
    readonly error?: { readonly type?: string; readonly message?: string }
  }[]
}

/**
 * Imports the dashboards; what was imported before is replaced, so doing it again changes nothing. Returns how many objects.
 * Errors: `unreachable`; `bad_configuration` with what to change where Kibana, or something else, says no.
 */
export async function importDashboards(kibana: Kibana): Promise<number> {
  const { base, headers } = target(kibana)
  const form = new FormData()
  const text = (await readFile(DASHBOARDS, 'utf8')).replace(
    `"${DEFAULT_PREFIX}-events-*"`,
    `"${kibana.prefix}-events-*"`,
  )
  const file = new Blob([text], { type: 'application/x-ndjson' })
  form.append('file', file, 'overview.ndjson')
  let response: Response
  let answer: string
  try {
    response = await fetch(`${base}/api/saved_objects/_import?overwrite=true`, {
      ...{ method: 'POST', headers: { ...headers, 'kbn-xsrf': 'true' }, body: form, redirect: 'manual' },
      signal: AbortSignal.timeout(WITHIN_MS),
    })
    answer = await response.text()
  } catch (cause) {
    throw new TrailsealError('unreachable', `Kibana at ${base} can't be reached${reason(cause)}.`, { cause })
  }
  return imported(base, response, answer)
}

/** How many objects an import brings. */
export async function countDashboardObjects(): Promise<number> {
  return (await readFile(DASHBOARDS, 'utf8')).trim().split('\n').length
}

function target({ url, login }: Kibana): { base: string; headers: Record<string, string> } {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.search !== '' || parsed.hash !== '')
    throw new TrailsealError(
      'bad_configuration',
      '--kibana must be an address like https://kibana.example.com',
    )
  const username = decodeURIComponent(parsed.username) || login.username
  const password = parsed.username ? decodeURIComponent(parsed.password) : (login.password?.reveal() ?? '')
  parsed.username = ''
  parsed.password = ''
  const base = parsed.href.replace(/\/+$/, '')
  if (username) {
    const basic = Buffer.from(`${username}:${password}`).toString('base64')
    return { base, headers: { authorization: `Basic ${basic}` } }
  }
  const key = login.apiKey?.reveal()
  return { base, headers: key === undefined ? {} : { authorization: `ApiKey ${key}` } }
}

function imported(base: string, { status, headers }: Response, text: string): number {
  const refusal = refusalOf(base, status, headers.get('location'))
  if (refusal !== null) throw new TrailsealError('bad_configuration', refusal)
  const answer = parsed(text)
  if (typeof answer?.success !== 'boolean')
    throw new TrailsealError('bad_configuration', `What answers at ${base} is not Kibana: status ${status}.`)
  if (answer.success) return answer.successCount ?? 0
  const faults = (answer.errors ?? []).map(
    ({ type = 'object', id = '', error }) =>
      `${type} ${id}: ${error?.message ?? error?.type ?? 'no reason given'}`,
  )
  throw new TrailsealError(
    'bad_configuration',
    `Kibana at ${base} did not take ${faults.length} of the dashboards' objects: ${faults.slice(0, 3).join('; ')}.`,
  )
}

/** Texts of the answer are not passed on: a proxy may show there what was sent. */
function refusalOf(base: string, status: number, location: string | null): string | null {
  if (status === 401)
    return `Kibana at ${base} refuses the credentials: it wants those of an account of its own cluster, as ELASTICSEARCH_API_KEY or ELASTICSEARCH_USERNAME and _PASSWORD.`
  if (status === 403)
    return `The account may not import into Kibana at ${base}: it needs the Kibana privilege "Saved Objects Management: all".`
  if (status === 404)
    return `Nothing answers to an import at ${base}: is a base path or a space (/s/NAME) missing in --kibana?`
  if (status === 413) return `A proxy before Kibana at ${base} refuses the size of the import.`
  if (status === 503) return `Kibana at ${base} is not ready yet: try again in a minute.`
  if (status >= 300 && status < 400)
    return `Kibana at ${base} sends the import elsewhere${location === null ? '' : ` (${hostOf(location, base)})`}: give the address that it is served at.`
  return null
}

function hostOf(location: string, base: string): string {
  const url = URL.parse(location, base)
  return url === null ? 'no valid address' : `${url.origin}${url.pathname}`
}

function parsed(text: string): ImportAnswer | null {
  try {
    return JSON.parse(text) as ImportAnswer | null
  } catch {
    return null
  }
}

function reason(cause: unknown): string {
  const name = (cause as { name?: unknown } | null)?.name
  if (name === 'TimeoutError') return ` within ${WITHIN_MS / 1000} seconds`
  const code = (cause as { cause?: { code?: unknown } } | null)?.cause?.code
  if (typeof code !== 'string') return ''
  return /CERT|SELF_SIGNED|UNABLE_TO/.test(code)
    ? ` (${code}): set NODE_EXTRA_CA_CERTS to the certificate of its authority`
    : ` (${code})`
}
