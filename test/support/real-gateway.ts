import { openTrailseal, type Trailseal } from '../../src/compose.ts'
import { readConfig } from '../../src/config/config.ts'
import type { ShownExport } from '../../src/export/export-job.ts'
import type { TokenRequest } from '../../src/workspaces/token-rules.ts'

/** The whole gateway in this process, on a real store in the given folder. */
export class RealGateway implements AsyncDisposable {
  readonly trailseal: Trailseal
  readonly #url: string
  readonly #close: () => Promise<void>

  private constructor(trailseal: Trailseal, url: string, close: () => Promise<void>) {
    this.trailseal = trailseal
    this.#url = url
    this.#close = close
  }

  static async open(folder: string, environment: Record<string, string> = {}): Promise<RealGateway> {
    const trailseal = await openTrailseal(
      readConfig({ TRAILSEAL_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent', ...environment }),
    )
    const served = await trailseal.serve()
    for (const id of ['acme', 'rival']) await trailseal.administration.ensureWorkspace(id)
    return new RealGateway(trailseal, served.url, () => served.close())
  }

  async token(request: TokenRequest): Promise<{ id: string; token: string }> {
    return await this.trailseal.administration.createToken(request)
  }

  async append(workspace: string, events: readonly object[]): Promise<void> {
    for (let at = 0; at < events.length; at += 1_000)
      await this.trailseal.ingest.append(workspace, events.slice(at, at + 1_000))
  }

  async fetch(token: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    return await fetch(`${this.#url}${path}`, { ...init, headers })
  }

  async json<Answer>(token: string, path: string, init: RequestInit = {}): Promise<Answer> {
    return (await (await this.fetch(token, path, init)).json()) as Answer
  }

  async request(token: string, body: object, workspace = 'acme'): Promise<ShownExport> {
    const response = await this.fetch(token, `/v1/workspaces/${workspace}/exports`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as ShownExport
    if (response.status !== 202) throw new Error(`${response.status} ${JSON.stringify(answer)}`)
    return answer
  }

  async ended(token: string, { workspace, id }: ShownExport): Promise<ShownExport> {
    return await this.until(
      token,
      { workspace, id },
      ({ status }) => status === 'done' || status === 'failed',
    )
  }

  async until(
    token: string,
    { workspace, id }: Pick<ShownExport, 'workspace' | 'id'>,
    condition: (shown: ShownExport) => boolean,
  ): Promise<ShownExport> {
    for (;;) {
      const shown = await this.json<ShownExport>(token, `/v1/workspaces/${workspace}/exports/${id}`)
      if (condition(shown)) return shown
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  async download(token: string, { workspace, id }: ShownExport, file = 'download'): Promise<Buffer> {
    const response = await this.fetch(token, `/v1/workspaces/${workspace}/exports/${id}/${file}`)
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
    return Buffer.from(await response.arrayBuffer())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    await this.trailseal[Symbol.asyncDispose]()
  }
}
