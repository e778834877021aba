import { startGateway, type GatewayProcess } from './gateway-process.ts'

export const JSON_HEADERS = { 'content-type': 'application/json' }
export const ACME = '/v1/workspaces/acme'
export const BETA = '/v1/workspaces/beta'

export type Role = 'admin' | 'owner' | 'member' | 'auditor' | 'ingest'
type TenantTokens = Readonly<Record<Exclude<Role, 'admin'>, string>>

export interface ShownEvent {
  readonly id: string
  readonly seq: number
  readonly actor: { readonly id: string }
}
export interface Page {
  readonly events: readonly ShownEvent[]
  readonly next_cursor: string | null
  readonly total: { readonly value: number }
}
interface Made {
  readonly id: string
  readonly token: string
}

export function event(actor: string, resource: string, more: object = {}): object {
  return {
    actor: { type: 'user', id: actor },
    action: 'evidence.uploaded',
    resource: { type: 'FILE', id: resource },
    ...more,
  }
}

/**
 * A gateway with two workspaces, `acme` and `beta`, alike: four events of u_1 and four of u_2 about one resource, and a token for each role.
 * The member is u_1, the owner u_9; the auditor's scope is u_1.
 */
export class Tenants implements AsyncDisposable {
  readonly gateway: GatewayProcess
  readonly #tokens = new Map<string, TenantTokens>()
  #admin = ''

  private constructor(gateway: GatewayProcess) {
    this.gateway = gateway
  }

  static async start(dataDir: string, environment: Record<string, string> = {}): Promise<Tenants> {
    const tenants = new Tenants(await startGateway(dataDir, environment))
    tenants.#admin = (await tenants.makeToken({ role: 'admin' })).token
    for (const workspace of ['acme', 'beta']) await tenants.#fill(workspace)
    return tenants
  }

  /** Of acme, and of the operator. */
  get tokens(): TenantTokens & { readonly admin: string } {
    return { ...this.#of('acme'), admin: this.#admin }
  }

  /** Of beta. */
  get foreign(): TenantTokens {
    return this.#of('beta')
  }

  async send(method: string, path: string, body: unknown, token?: string): Promise<Response> {
    const init = { method, headers: JSON_HEADERS, body: JSON.stringify(body) }
    return await this.gateway.fetch(path, token === undefined ? init : { ...init, token })
  }

  async makeToken(request: object): Promise<Made> {
    const response = await this.send('POST', '/v1/tokens', request)
    if (response.status !== 201) throw new Error(await response.text())
    return (await response.json()) as Made
  }

  /** Body of an answer that has to be 200. */
  async get<Body>(path: string, token: string): Promise<Body> {
    const response = await this.gateway.fetch(path, { token })
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Body
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
  }

  #of(workspace: string): TenantTokens {
    const tokens = this.#tokens.get(workspace)
    if (!tokens) throw new Error(`no tokens of ${workspace}`)
    return tokens
  }

  async #fill(workspace: string): Promise<void> {
    await this.send('PUT', `/v1/workspaces/${workspace}`, { name: 'Some', plan: 'command' })
    const made = async (request: object) => (await this.makeToken({ workspace, ...request })).token
    this.#tokens.set(workspace, {
      owner: await made({ role: 'owner', member: { id: 'u_9' } }),
      member: await made({ role: 'member', member: { id: 'u_1', name: 'One' } }),
      auditor: await made({
        role: 'auditor',
        scope: { q: 'actor.id:u_1 OR actor.id:u_nobody', from: '2020-01-01' },
      }),
      ingest: await made({ role: 'ingest' }),
    })
    const four = (actor: string, name: string, more: object = {}) =>
      Array.from({ length: 4 }, (_, at) => event(actor, 'f_shared', { id: `${name}-${at}`, ...more }))
    const justification = 'the secret of two u_1'
    const response = await this.send('POST', `/v1/workspaces/${workspace}/events`, [
      ...four('u_1', 'one'),
      ...four('u_2', 'two', { justification }),
    ])
    if (response.status !== 201) throw new Error(await response.text())
  }
}

/** Status and code of an answer: `403 forbidden`. */
export async function codeOf(response: Response): Promise<string> {
  const text = await response.text()
  return `${response.status} ${text.startsWith('{') ? String((JSON.parse(text) as { code?: string }).code) : ''}`
}
