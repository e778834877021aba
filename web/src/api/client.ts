import { credentialed, noteRefusal } from './credentials.ts'

/** The problem document of a refused request (RFC 9457), or what stands for it when the server can't be reached. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly code: string
  /** Offset into the query text, for `bad_query`. */
  readonly position: number | null

  constructor(status: number, code: string, detail: string, position: number | null = null) {
    super(detail)
    this.status = status
    this.code = code
    this.position = position
  }
}

export type Parameters = Readonly<Record<string, string | number | readonly string[] | null | undefined>>

/** Path with its query; lists become repeated parameters, empty values are left out. */
export function address(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null || value === undefined || value === '') continue
    for (const each of Array.isArray(value) ? (value as readonly string[]) : [String(value)])
      query.append(name, each)
  }
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

/** Path below `/v1/workspaces/WS/`, its parts percent-encoded. */
export function workspacePath(workspace: string, ...parts: readonly string[]): string {
  return ['/v1/workspaces', workspace, ...parts]
    .map((part, at) => (at === 0 ? part : encodeURIComponent(part)))
    .join('/')
}

/** Throws `Problem`, or the signal's reason. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, credentialed(init))
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new Problem(0, 'unreachable', 'The server can not be reached.')
  }
  if (response.ok || response.type === 'opaqueredirect') return response
  if (response.status === 401) noteRefusal()
  throw await problemOf(response)
}

export async function getJson<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  const response = await request(path, signal ? { signal } : {})
  return (await response.json()) as Answer
}

export async function sendJson(method: 'POST' | 'PUT', path: string, body: unknown): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' }
  const response = await request(path, { method, headers, body: JSON.stringify(body) })
  return (await response.json()) as unknown
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const said = (await response.json()) as { code?: string; detail?: string; position?: number }
    return new Problem(
      response.status,
      said.code ?? 'error',
      said.detail ?? response.statusText,
      said.position ?? null,
    )
  } catch {
    return new Problem(response.status, 'error', `The server answered ${response.status}.`)
  }
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem(0, 'viewer', error instanceof Error ? error.message : 'Something failed in the viewer.')
}
