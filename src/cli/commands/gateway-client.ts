import { TrailsealError, type InvalidPart } from '../../errors.ts'
import type { ImportSink } from '../../ingest/import-events.ts'
import type { Terminal } from './context.ts'

export interface GatewayOptions {
  readonly url?: string
  readonly token?: string
  /** Without it, paths are below `/v1/`. */
  readonly workspace?: string
}

const ATTEMPTS = 8

/** Calls a gateway's API for the commands that take `--url`. Errors: `unreachable`, and what the gateway answers. */
export class GatewayClient {
  readonly #base: URL
  readonly #token: string

  constructor(options: GatewayOptions, terminal: Terminal) {
    const token = options.token ?? terminal.environment['TRAILSEAL_TOKEN']
    if (token === undefined)
      throw new TrailsealError('bad_request', '--url needs --token, or TRAILSEAL_TOKEN in the environment.')
    const base = URL.parse(options.url ?? '')
    if (!base || !/^https?:$/.test(base.protocol))
      throw new TrailsealError('bad_request', '--url takes an http or https address.')
    const { workspace } = options
    const below = workspace === undefined ? '' : `workspaces/${encodeURIComponent(workspace)}/`
    this.#base = new URL(`${base.href.replace(/\/$/, '')}/v1/${below}`)
    this.#token = token
  }

  /** Path below the workspace, or `/v1/`. Waits and tries again where the gateway says that it is busy. */
  async request(
    path: string,
    init: { method?: string; body?: string; contentType?: string } = {},
  ): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#fetch(path, init)
      if (response.ok) return response
      if ((response.status !== 429 && response.status !== 503) || attempt === ATTEMPTS)
        throw await problemOf(response)
      const seconds = Number(response.headers.get('retry-after') ?? attempt)
      await response.body?.cancel()
      await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, 30) * 1000))
    }
  }

  async text(path: string): Promise<string> {
    return await (await this.request(path)).text()
  }

  async json<Value>(path: string): Promise<Value> {
    return (await (await this.request(path)).json()) as Value
  }

  /** Null where the gateway has no such thing, no more, or lost it. */
  async bytes(path: string): Promise<Uint8Array | null> {
    try {
      return new Uint8Array(await (await this.request(path)).arrayBuffer())
    } catch (error) {
      if (error instanceof TrailsealError && ['not_found', 'gone', 'tampered'].includes(error.code))
        return null
      throw error
    }
  }

  async #fetch(
    path: string,
    init: { method?: string; body?: string; contentType?: string },
  ): Promise<Response> {
    try {
      return await fetch(new URL(path, this.#base), {
        method: init.method ?? 'GET',
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(init.contentType === undefined ? {} : { 'content-type': init.contentType }),
        },
        ...(init.body === undefined ? {} : { body: init.body }),
      })
    } catch (cause) {
      throw new TrailsealError('unreachable', `The gateway at ${this.#base.origin} can't be reached.`, {
        cause,
      })
    }
  }
}

/** Sends batches as NDJSON. */
export function gatewaySink(options: GatewayOptions, terminal: Terminal): ImportSink {
  const client = new GatewayClient(options, terminal)
  return async (submitted) => {
    const body = submitted.map((event) => JSON.stringify(event)).join('\n')
    const response = await client.request('events', {
      method: 'POST',
      body,
      contentType: 'application/x-ndjson',
    })
    const { events } = (await response.json()) as { events: readonly { known?: boolean; skipped?: string }[] }
    const known = events.filter((event) => event.known === true).length
    const skipped = events.filter((event) => event.skipped !== undefined).length
    return { known, skipped, added: events.length - known - skipped }
  }
}

async function problemOf(response: Response): Promise<TrailsealError> {
  const text = await response.text()
  let problem: { code?: string; detail?: string; errors?: readonly InvalidPart[] } = {}
  try {
    problem = JSON.parse(text) as typeof problem
  } catch {
    // Not one of ours: a proxy in between answered.
  }
  const message = `${problem.detail ?? 'The gateway refused.'} (HTTP ${response.status}${problem.code === undefined ? '' : `, ${problem.code}`})`
  if (problem.errors) return new TrailsealError('invalid_event', message, { errors: problem.errors })
  if (response.status === 404) return new TrailsealError('not_found', message)
  if (response.status === 410) return new TrailsealError('gone', message)
  if (problem.code === 'tampered') return new TrailsealError('tampered', message)
  return new TrailsealError(response.status >= 500 ? 'unreachable' : 'bad_request', message)
}
