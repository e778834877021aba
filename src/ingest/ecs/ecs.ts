import { isIP } from 'node:net'
import type { Actor, Resource } from '../../event/audit-event.ts'
import { fitMetadata, fitText } from '../fit-json.ts'

type Fields = Record<string, unknown>

/**
 * An Elastic Common Schema document (ECS 8.x, nested or with dotted names) as a submitted event: `event.action`, `event.outcome`, `event.id`, `event.reason`,
 * `user.*`, `source.ip`, `user_agent.original` and `@timestamp` become fields of the event; everything else stays under `metadata` with its ECS name.
 * What is no object is returned as it is, for the validation to refuse.
 */
export function fromEcs(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document
  const fields = expandDots(document as Fields)
  const event = section(fields, 'event')
  const source = sourceOf(fields)
  const justification = fitText(event['reason'], 16_384)
  const id = fitText(event['id'], 128)
  const submitted = {
    ...(id !== undefined && { id }),
    ...(fields['@timestamp'] !== undefined && { timestamp: timestampOf(fields['@timestamp']) }),
    actor: actorOf(fields),
    action: actionOf(event),
    outcome: event['outcome'] === 'failure' ? 'failure' : 'success',
    resource: resourceOf(fields),
    ...(justification !== undefined && { justification }),
    ...(source && { source }),
  }
  return { ...submitted, metadata: fitMetadata(remaining(fields)) }
}

/** `{"event.action": …}` as `{"event": {"action": …}}`; both spellings may meet in one document. */
function expandDots(document: Fields): Fields {
  const fields: Fields = {}
  for (const [name, value] of Object.entries(document)) {
    const path = name.split('.')
    const last = path.pop() ?? name
    let at = fields
    for (const key of path) {
      const next = Object.hasOwn(at, key) ? at[key] : undefined
      const child = isFields(next) ? next : {}
      Object.defineProperty(at, key, { value: child, enumerable: true, writable: true, configurable: true })
      at = child
    }
    const present = Object.hasOwn(at, last) ? at[last] : undefined
    const merged =
      isFields(present) && isFields(value) ? { ...present, ...value } : isFields(value) ? { ...value } : value
    // defined, not assigned: the name may be __proto__
    Object.defineProperty(at, last, { value: merged, enumerable: true, writable: true, configurable: true })
  }
  return fields
}

/** Shippers also write milliseconds since 1970. */
function timestampOf(value: unknown): unknown {
  const isTime = typeof value === 'number' && Math.abs(value) < 8.64e15
  return isTime ? new Date(value).toISOString() : value
}

function actionOf(event: Fields): string {
  const category = fitText(firstOf(event['category']), 64)
  const type = fitText(firstOf(event['type']), 64)
  return (
    fitText(event['action'], 256) ??
    (category === undefined ? 'event.recorded' : `${category}.${type ?? 'info'}`)
  )
}

function actorOf(fields: Fields): Actor {
  const user = section(fields, 'user')
  const name = fitText(user['full_name'], 512) ?? fitText(user['name'], 512)
  const email = fitText(user['email'], 320)
  const role = fitText(firstOf(user['roles']), 128)
  const id = fitText(user['id'], 512) ?? fitText(user['name'], 512) ?? email
  if (id === undefined) {
    const service =
      fitText(section(fields, 'service')['name'], 512) ?? fitText(section(fields, 'agent')['name'], 512)
    return { type: 'system', ...(service !== undefined && { id: service, name: service }) }
  }
  return {
    type: 'user',
    id,
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(role !== undefined && { role }),
  }
}

/** What was acted on: the first of these that the document names, else the data set it belongs to. */
function resourceOf(fields: Fields): Resource {
  const target = section(section(fields, 'user'), 'target')
  const file = section(fields, 'file')
  const group = section(fields, 'group')
  const savedObject = section(section(fields, 'kibana'), 'saved_object')
  return (
    resource('USER', target['id'] ?? target['name'], target['name']) ??
    resource('FILE', file['path'] ?? file['name'], file['name']) ??
    resource('GROUP', group['id'] ?? group['name'], group['name']) ??
    resource(fitText(savedObject['type'], 128) ?? 'SAVED_OBJECT', savedObject['id'], savedObject['name']) ??
    resource('URL', section(fields, 'url')['path'], undefined) ??
    resource(
      'HOST',
      section(fields, 'host')['id'] ?? section(fields, 'host')['name'],
      section(fields, 'host')['name'],
    ) ??
    resource('DATASET', section(fields, 'event')['dataset'], undefined) ?? { type: 'UNKNOWN' }
  )
}

function resource(type: string, id: unknown, name: unknown): Resource | null {
  const fittedId = fitText(id, 1_024)
  if (fittedId === undefined) return null
  return { type, id: fittedId, name: fitText(name, 2_048) ?? fittedId }
}

function sourceOf(fields: Fields): { ip?: string; user_agent?: string } | undefined {
  const candidates = [section(fields, 'source')['ip'], section(fields, 'client')['ip']].map((value) =>
    fitText(firstOf(value), 64),
  )
  const ip = candidates.find((text) => text !== undefined && isIP(text) !== 0)
  const agent = fitText(section(fields, 'user_agent')['original'], 1_024)
  if (ip === undefined && agent === undefined) return undefined
  return { ...(ip !== undefined && { ip }), ...(agent !== undefined && { user_agent: agent }) }
}

/** What has become a field of the event goes, and with it every copy of the full address: truncating one of them would be no use. */
function remaining(fields: Fields): Fields {
  const rest = { ...fields }
  for (const name of ['@timestamp', 'user_agent']) Reflect.deleteProperty(rest, name)
  without(rest, 'event', ['id', 'action', 'reason'])
  without(rest, 'source', ['ip', 'address'])
  without(rest, 'client', ['ip', 'address'])
  without(rest, 'related', ['ip'])
  return rest
}

function without(fields: Fields, name: string, keys: readonly string[]): void {
  if (!isFields(fields[name])) return
  const left = { ...fields[name] }
  for (const key of keys) Reflect.deleteProperty(left, key)
  if (Object.keys(left).length === 0) Reflect.deleteProperty(fields, name)
  else fields[name] = left
}

function section(fields: Fields, name: string): Fields {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  return isFields(value) ? value : {}
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[])[0] : value
}
