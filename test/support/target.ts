import { expect } from '@jest/globals'
import { startGateway, type GatewayProcess } from './gateway-process.ts'

export const EVENTS = '/v1/workspaces/default/events'
export const JSON_TYPE = 'application/json'
export const NDJSON = 'application/x-ndjson'
export const MEBIBYTE = 1024 * 1024

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly position?: number
  readonly errors?: readonly { readonly index: number; readonly path: string; readonly message: string }[]
}

export function event(more: object = {}): Record<string, unknown> {
  return {
    actor: { type: 'user', id: 'u_1' },
    action: 'evidence.uploaded',
    resource: { type: 'FILE', id: 'f_1' },
    ...more,
  }
}

/** A gateway to be treated badly, with five events `e-0` … `e-4` in the workspace `default`. */
export class Target implements AsyncDisposable {
  readonly gateway: GatewayProcess

  private constructor(gateway: GatewayProcess) {
    this.gateway = gateway
  }

  static async start(dataDir: string): Promise<Target> {
    const target = new Target(await startGateway(dataDir))
    const body = JSON.stringify({ name: 'Default', plan: 'strategic' })
    const headers = { 'content-type': JSON_TYPE }
    for (const workspace of ['default', 'other'])
      await target.gateway.fetch(`/v1/workspaces/${workspace}`, { method: 'PUT', body, headers })
    const some = Array.from({ length: 5 }, (_, at) => event({ id: `e-${at}`, metadata: { at } }))
    const response = await target.post(JSON.stringify(some))
    if (response.status !== 201) throw new Error(await response.text())
    return target
  }

  async post(
    body: string | Uint8Array,
    headers: Record<string, string> = { 'content-type': JSON_TYPE },
  ): Promise<Response> {
    return await this.gateway.fetch(EVENTS, {
      method: 'POST',
      body: body as Uint8Array<ArrayBuffer>,
      headers,
    })
  }

  async logSize(): Promise<number> {
    const response = await this.gateway.fetch('/v1/workspaces/default/integrity')
    return ((await response.json()) as { size: number }).size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
  }
}

/** What RFC 9457 and the contract say of every error, whatever it is. */
export async function expectProblem(response: Response, status: number, code: string): Promise<Problem> {
  const text = await response.text()
  expect(`${response.status} ${text}`).toMatch(new RegExp(`^${status} \\{`))
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const problem = JSON.parse(text) as Problem
  expect(problem).toMatchObject({ type: 'about:blank', status, code })
  expect(problem.title).not.toBe('')
  expect(problem.detail).not.toMatch(/\n\s+at |node_modules|src\//)
  return problem
}
